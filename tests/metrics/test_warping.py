"""Consistency over time: the true motion costs nothing but itself, and frames in the wrong order cost most."""

import sys

import numpy as np
import pytest

from animate_anyone.data.procedural import render_frames
from animate_anyone.errors import MissingExtraError
from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.warping import temporal_difference, visible_pixels, warping_error

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")


@pytest.fixture(scope="module")
def truth() -> Frames:
    return render_frames(9, 9, range(6), size=96).frames.permute(0, 2, 3, 1).numpy()


def spoiled(truth: Frames, *, spread: float) -> Frames:
    noise = np.random.default_rng(1).normal(0, spread, truth.shape)
    return (truth + noise).round().clip(0, 255).astype(np.uint8)


def swapped(truth: Frames) -> Frames:
    return truth[[0, 2, 1, 3, 4, 5]]


def test_the_true_video_has_the_error_of_the_true_video(truth: Frames):
    error = warping_error(truth, truth)
    assert error.result == error.truth > 0
    assert 0.5 < error.visible < 1
    unwarped = np.square(np.diff(truth / 255.0, axis=0)).mean()
    assert error.truth < 0.2 * unwarped


def test_a_darker_video_moves_as_well_and_a_spoiled_one_does_not(truth: Frames):
    darker, noisy, noisier, disordered = (
        warping_error(frames, truth).result
        for frames in (truth // 2, spoiled(truth, spread=5), spoiled(truth, spread=20), swapped(truth))
    )
    exact = warping_error(truth, truth).truth
    assert darker < exact < noisy < noisier
    assert disordered > 2 * exact


def test_warping_undoes_a_known_shift():
    """A smooth texture that moves by two pixels a frame is the same again once it is brought back."""
    rows, columns = np.indices((48, 64))
    texture = 128 + 50 * np.sin((columns + 0.5 * rows) / 5) + 50 * np.cos(rows / 4)
    frames = np.stack([np.roll(texture, 2 * step, axis=1)[:, 8:-8] for step in range(3)])
    frames = frames.round().astype(np.uint8)[..., None].repeat(3, axis=-1)
    error = warping_error(frames, frames)
    assert error.truth < np.square(np.diff(frames / 255.0, axis=0)).mean() / 20
    still = np.repeat(frames[:1], 3, axis=0)
    assert warping_error(still, frames).result > 5 * error.truth
    assert warping_error(still, still) == type(error)(result=0.0, truth=0.0, visible=1.0)


def test_what_is_covered_or_leaves_the_picture_is_not_seen():
    forward = np.zeros((2, 20, 20), dtype=np.float32)
    backward = forward.copy()
    assert visible_pixels(forward, backward).all()
    forward[1], backward[1] = 3, -3
    seen = visible_pixels(forward, backward)
    assert seen[:, :17].all() and not seen[:, 17:].any()
    backward[1, 5:9] = 3  # where these come from, something else is now
    seen = visible_pixels(forward, backward)
    assert not seen[5:9].any() and seen[9:, :17].all()
    forward[1, :, :10], backward[1] = 0, np.where(np.arange(20) < 13, 0, -3)
    assert visible_pixels(forward, backward)[0, 8:14].tolist() == [True, False, True, True, True, True]


def test_temporal_difference_in_closed_form(truth: Frames):
    grey = np.full((3, 16, 16, 3), 100, dtype=np.uint8)
    flickering = grey.copy()
    flickering[1] += 6
    assert temporal_difference(flickering, grey) == pytest.approx(6)
    assert temporal_difference(flickering, flickering + 20) == 0
    flickering[1, :, :8] = 100
    assert temporal_difference(flickering, grey) == pytest.approx(3)
    exact, noisy, noisier = (temporal_difference(spoiled(truth, spread=spread), truth) for spread in (0, 5, 20))
    assert 0 == exact < noisy < noisier
    assert temporal_difference(swapped(truth), truth) > 1
    assert temporal_difference(np.roll(truth, 1, axis=2), truth) > 1


def test_one_frame_has_no_motion(truth: Frames):
    assert np.isnan(temporal_difference(truth[:1], truth[:1]))
    error = warping_error(truth[:1], truth[:1])
    assert np.isnan([error.result, error.truth, error.visible]).all()


@pytest.mark.parametrize("measure", [warping_error, temporal_difference])
def test_shapes_that_differ_are_refused(measure, truth: Frames):
    with pytest.raises(ValueError, match=r"got \(5, 96, 96, 3\)"):
        measure(truth[1:], truth)
    with pytest.raises(ValueError, match="uint8"):
        measure(truth / 255, truth)


def test_pictures_too_small_for_flow_are_refused(truth: Frames):
    with pytest.raises(ValueError, match="at least 16 pixels"):
        warping_error(truth[:, :15], truth[:, :15])


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, truth: Frames):
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    with pytest.raises(MissingExtraError, match=r"animate-anyone\[evaluate\]"):
        warping_error(truth, truth)
