"""Videos made for tests of scoring: a moving pattern, and what can go wrong with it."""

from pathlib import Path

import numpy as np
from PIL import Image

from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.evaluate import Evaluated, score
from animate_anyone.evaluation.instruments import InstrumentOptions
from animate_anyone.evaluation.pairs import find_pairs
from animate_anyone.metrics.frames import Frames

NO_DETECTOR = InstrumentOptions(detector="none")


def moving(seed: int = 0, *, frames: int = 6, height: int = 32, width: int = 40) -> Frames:
    """Soft random blobs that move to the right by two pixels a frame."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))
    return np.stack([np.roll(picture, 2 * number, axis=1) for number in range(frames)])


def noisy(video: Frames, sigma: float = 25.0) -> Frames:
    noise = np.random.default_rng(1).normal(0, sigma, video.shape)
    return np.clip(video + noise, 0, 255).astype(np.uint8)


def write_pictures(video: Frames, folder: Path) -> Path:
    """A folder of pictures: what is read is what was written, to the last bit."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(video):
        Image.fromarray(frame).save(folder / f"{number:04d}.png")
    return folder


def write_clips(folder: Path, **videos: Frames) -> Path:
    for name, video in videos.items():
        write_pictures(video, folder / name)
    return folder


def scored(results: Path, truths: Path, output: Path, **options) -> Evaluated:
    """Scores as the command does, without a detector."""
    rest = {name: options.pop(name) for name in ("title", "protocol", "work", "instruments") if name in options}
    pairs = find_pairs(results, truths, **options)
    return score(pairs, output, **{"title": "ours", "instruments": NO_DETECTOR, "device": "cpu"} | rest)


def figures(evaluation: Evaluation) -> dict[str, float | None]:
    """The numbers of the first row."""
    return {name: figure.mean for name, figure in next(iter(evaluation.rows.values())).figures.items()}
