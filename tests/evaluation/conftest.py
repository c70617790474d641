"""An evaluation that looks like a real one, without any model."""

import dataclasses

import numpy as np
import pytest

from animate_anyone.evaluation.document import Evaluation, Figure, MeasureRecord, ProtocolRecord, Row
from animate_anyone.metrics.intervals import estimate

MEASURES = {
    "psnr": MeasureRecord(
        title="PSNR (dB)", higher_is_better=True, digits=2, level="frame", definition="Mean over frames, by numpy."
    ),
    "ssim": MeasureRecord(
        title="SSIM", higher_is_better=True, digits=3, level="frame", definition="7 x 7 windows, by scikit-image."
    ),
    "lpips": MeasureRecord(
        title="LPIPS",
        higher_is_better=False,
        digits=3,
        level="frame",
        definition="Distance of features of AlexNet.",
        network="AlexNet 1234abcd",
    ),
    "flicker": MeasureRecord(
        title="flicker (of 255)", higher_is_better=False, digits=2, level="clip", definition="Change between frames."
    ),
    "fvd": MeasureRecord(
        title="FVD",
        higher_is_better=False,
        digits=1,
        level="set",
        definition="Frechet distance of features of I3D.",
        not_run="needs the weights of I3D (--i3d FILE)",
    ),
    "fid": MeasureRecord(
        title="FID", higher_is_better=False, digits=1, level="set", definition="Frechet distance.", network="Inception"
    ),
}
CENTRES = {"psnr": (18.0, 2.0), "ssim": (0.72, 0.05), "lpips": (0.21, 0.04), "flicker": (3.0, 0.8)}
SYSTEMS = {"model": ("mini", 0.0), "copy": ("reference copied", -1.0), "autoencoder": ("true frames, autoencoded", 2.0)}


def example(*, clips: int = 12, frames: int = 16, protocol: str = "ubc-fashion", version: int = 1) -> Evaluation:
    """A model, a floor and a ceiling, on so many clips; flicker has no value on the first one."""
    generator = np.random.default_rng(3)
    names = tuple(f"clip-{index:03d}" for index in range(clips))
    rows = {name: _row(generator, names, frames, *system) for name, system in SYSTEMS.items()}
    return Evaluation(
        protocol=ProtocolRecord(
            name=protocol,
            version=version,
            title="UBC fashion",
            facts={"size": "512 x 768", "frames": f"{frames} a clip", "clips": str(clips), "colour range": "0 to 255"},
        ),
        clips=names,
        measures=MEASURES,
        rows=rows,
        settings={"steps": 20, "guidance": 3.5, "seed": 7, "windows": {"length": 24, "overlap": 4}},
        hashes={"denoising_unet": "ab" * 32, "manifest": "cd" * 32},
        versions={"python": "3.11.9", "animate-anyone": "0.1.0", "torch": "2.13.0"},
        machine={"platform": "Linux", "gpu": None, "torch_threads": 2},
        notes=("Three clips were one frame shorter than the truth, which was cut.",),
    )


def hostile() -> Evaluation:
    """Names that would be markup if anything forgot to escape them."""
    attack = '<script>alert("1")</script> & | *b* `c`'
    plain = example()
    return dataclasses.replace(
        plain,
        clips=(attack, *plain.clips[1:]),
        protocol=dataclasses.replace(plain.protocol, title=attack, facts={attack: attack}),
        measures={**plain.measures, "psnr": dataclasses.replace(plain.measures["psnr"], title=attack)},
        rows={
            "model": dataclasses.replace(
                plain.rows["model"],
                title=attack,
                per_clip={attack: {"psnr": 99.0}, **dict(list(plain.rows["model"].per_clip.items())[1:])},
            )
        },
        settings={attack: {attack: [attack]}},
        notes=(attack,),
    )


def _row(generator: np.random.Generator, clips: tuple[str, ...], frames: int, title: str, shift: float) -> Row:
    values: dict[str, dict[str, float | None]] = {clip: {} for clip in clips}
    figures: dict[str, Figure] = {}
    curves: dict[str, tuple[float | None, ...]] = {}
    for measure, (centre, spread) in CENTRES.items():
        sign = 1 if MEASURES[measure].higher_is_better else -1
        drawn = centre + spread * (sign * shift + generator.normal(size=len(clips)))
        if measure == "flicker":
            drawn[0] = float("nan")
        else:
            curve = (
                drawn.mean()
                - sign * spread * np.linspace(-0.8, 0.8, frames)
                + 0.1 * spread * generator.normal(size=frames)
            )
            curves[measure] = tuple(map(float, curve))
        for clip, value in zip(clips, drawn, strict=True):
            values[clip][measure] = None if np.isnan(value) else float(value)
        mean = estimate(list(drawn), generator)
        figures[measure] = Figure(mean=mean.mean, low=mean.low, high=mean.high, clips=mean.clips)
    figures["fid"] = Figure(mean=60.0 - 10 * shift, low=None, high=None, clips=len(clips))
    return Row(title=title, figures=figures, per_clip=values, curves=curves)


@pytest.fixture
def evaluation() -> Evaluation:
    return example()


@pytest.fixture
def hostile_evaluation() -> Evaluation:
    return hostile()
