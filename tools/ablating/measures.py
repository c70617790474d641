"""Measures variants on characters and motions of the test seeds, which no run has drawn."""

import math
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

import torch

from ablating.variants import VARIANTS
from animate_anyone.animation import AnimateOptions
from animate_anyone.cli.terminal import quiet_libraries
from animate_anyone.data.procchar import ProcCharClip, draw_test_clip
from animate_anyone.metrics.clip_measures import MEASURES, Measure, measure_clip
from animate_anyone.metrics.limbs import LIMBS
from animate_anyone.run_report import weight_hashes
from animate_anyone.train.checkpoint import write_file
from measuring.report import from_json, to_json
from measuring.videos import AUTOENCODER, MODEL, REFERENCE, ROWS, opened

LIMB_COLOURS = "limb colours"
COLUMNS: Mapping[str, Measure] = MappingProxyType(
    {
        **{name: MEASURES[name] for name in ("psnr", "ssim", "l1")},
        LIMB_COLOURS: Measure("colour of limbs (error of 255)", higher_is_better=False, digits=1),
        **{name: MEASURES[name] for name in ("background", "background flicker", "limb flicker")},
    }
)
"""The measures in the table."""

BOUNDS: Mapping[str, str] = MappingProxyType({REFERENCE: "the reference, copied", AUTOENCODER: "the autoencoder alone"})
"""What the variants lie between: rows that need no training of their own, by their name in `measuring.videos`."""

Values = list[dict[str, float]]
"""The measures of each clip, by name."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A clip to be measured: what a process is told."""

    model: Path
    row: str
    index: int
    size: int
    fps: float
    num_frames: int


def test_clip(index: int, *, size: int, fps: float, num_frames: int) -> ProcCharClip:
    """Character and motion of test seed `index`; the reference is of the same motion, half a clip after its end."""
    reference = num_frames + num_frames // 2
    return draw_test_clip(index, num_frames=num_frames, reference_frame=reference, size=size, fps=fps)


def measure_task(task: Task) -> dict[str, float]:
    """Makes the video of a clip and measures it."""
    torch.set_num_threads(1)
    quiet_libraries()
    clip = test_clip(task.index, size=task.size, fps=task.fps, num_frames=task.num_frames)
    pipeline = opened(task.model)
    # Each clip has noise of its own, the same for all variants.
    video = ROWS[task.row](pipeline, clip, AnimateOptions(seed=task.index))
    values = measure_clip(video, clip.frames, clip.reference, clip.poses)
    colours = [values[f"colour {limb}"] for limb in LIMBS if not math.isnan(values[f"colour {limb}"])]
    return values | {LIMB_COLOURS: fmean(colours) if colours else math.nan}


def measure(name: str, model: Path, root: Path, *, clips: int, data: Mapping[str, Any], processes: int) -> Values:
    """The values of a row of the table; kept, and measured again only if weights, clips or settings are others.

    Args:
        name: A variant, or one of `BOUNDS`.
        model: Its pipeline; for the bounds any.
        root: Folder of all runs.
        clips: How many test clips.
        data: `size`, `fps` and `num_frames` of a clip.
        processes: How many clips are measured side by side.
    """
    made_of: dict[str, Any] = {"weights": weight_hashes(model), "clips": clips, **data}
    path = root / "measures" / f"{name}.json"
    if path.exists():
        kept = from_json(path.read_text(encoding="utf-8"))
        if kept["made of"] == made_of:
            return kept["values"]
    row = MODEL if name in VARIANTS else name
    tasks = [Task(model=model, row=row, index=index, **data) for index in range(clips)]
    with mapping(processes) as run_all:
        values = list(run_all(measure_task, tasks))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, to_json({"made of": made_of, "values": values}).encode())
    return values


@contextmanager
def mapping(processes: int) -> Generator[Callable[..., Iterator[dict[str, float]]]]:
    """`map`, in this process or in several."""
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def column(values: Sequence[Mapping[str, float]], measure: str) -> list[float]:
    """One measure of all clips."""
    return [clip[measure] for clip in values]
