"""The measures that need no network, all together, on one drawn clip that is spoiled more and more."""

import numpy as np
import pytest

from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.evaluation.measures import MEASURES, PROBES, PSNR_CEILING, probe_of
from animate_anyone.evaluation.probe import Scored
from animate_anyone.metrics.frames import Frames

OF_THE_TRUTH = {name for name in MEASURES if name.endswith("_truth") and name != "clip_truth"}


@pytest.fixture(scope="module")
def clip() -> Scored:
    seed = SPLITS["validation"][0]
    drawn = render_frames(seed, seed, [*range(6), 20], size=64)
    pictures = np.ascontiguousarray(drawn.frames.permute(0, 2, 3, 1).numpy())
    return Scored(
        result=pictures[:-1], truth=pictures[:-1], fps=12.0, reference=pictures[-1], poses=drawn.poses.frames(slice(6))
    )


def taken(clip: Scored, result: Frames) -> dict[str, float]:
    scored = Scored(result=result, truth=clip.truth, fps=clip.fps, reference=clip.reference, poses=clip.poses)
    values = {}
    for probe in PROBES:
        if probe.instrument is None:
            values |= {name: float(np.mean(value)) for name, value in probe.take(scored, None).items()}
    return values


def test_more_noise_is_worse_everywhere(clip: Scored):
    best, middle, worst = (
        taken(
            clip,
            (clip.truth + np.random.default_rng(2).normal(0, spread, clip.truth.shape))
            .round()
            .clip(0, 255)
            .astype(np.uint8),
        )
        for spread in (0, 4, 30)
    )
    assert set(best) == {name for probe in PROBES if probe.instrument is None for name in probe.measures}
    for name in best.keys() - OF_THE_TRUTH:
        values = (best[name], middle[name], worst[name])
        if np.isnan(values).all():
            continue
        assert list(values) == sorted(values, reverse=MEASURES[name].higher_is_better), name
        assert len(set(values)) == 3, name
    for name in OF_THE_TRUTH:
        np.testing.assert_equal(best[name], worst[name])
    assert best["psnr"] == best["psnr_legacy"] == PSNR_CEILING
    assert best["ssim"] == pytest.approx(1)
    assert best["l1"] == best["background"] == best["trunk_colour"] == best["temporal_difference"] == 0


def test_darker_frames_keep_their_pattern_but_not_their_colours(clip: Scored):
    darker = taken(clip, clip.truth // 2)
    assert darker["body_correlation"] > 0.999
    assert darker["psnr"] < 20
    assert darker["trunk_colour"] > 10


def test_every_probe_gives_what_it_promises(clip: Scored):
    for probe in PROBES:
        if probe.instrument is None:
            values = probe.take(clip, None)
            assert values.keys() == probe.measures.keys()
            for name, value in values.items():
                frames = MEASURES[name].level == "frame"
                assert np.shape(value) == ((len(clip.truth),) if frames else ()), name


def test_each_measure_belongs_to_one_probe():
    names = [name for probe in PROBES for name in probe.measures]
    assert len(names) == len(set(names))
    assert all(name in probe_of(name).measures for name in names)
