"""Measures variants on characters and motions of the test seeds, which no run has drawn."""

import json
import math
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from ablating.variants import VARIANTS
from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.cli.terminal import quiet_libraries
from animate_anyone.data.procchar import draw_test_clip
from animate_anyone.evaluation.clip_sets import TrueClip, true_clip
from animate_anyone.evaluation.measures import MEASURES, PROBES
from animate_anyone.evaluation.probe import Measure, Scored
from animate_anyone.evaluation.report_file import json_text
from animate_anyone.evaluation.systems import AUTOENCODER, MODEL, REFERENCE, SYSTEMS
from animate_anyone.media.atomic import write_file
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.run_report import weight_hashes

COLUMNS: Mapping[str, Measure] = MappingProxyType(
    {
        name: MEASURES[name]
        for name in (
            *("psnr", "ssim", "l1", "limb_colour", "background"),
            *("background_flicker", "limb_flicker", "temporal_difference", "warping_error"),
        )
    }
)
"""The measures in the table."""

TRUTH = "truth"
OF_TRUTH = ("background_flicker", "limb_flicker", "warping_error")
"""What the true video has of its own: to have less of it is to be more blurred."""

BOUNDS: Mapping[str, str] = MappingProxyType(
    {name: SYSTEMS[name].title for name in (REFERENCE, AUTOENCODER)} | {TRUTH: "true video"}
)
"""What the variants lie between: rows that need no training of their own, by their name in `evaluation.systems`."""

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


def test_clip(index: int, *, size: int, fps: float, num_frames: int) -> TrueClip:
    """Character and motion of test seed `index`; the reference is of the same motion, half a clip after its end."""
    reference = num_frames + num_frames // 2
    drawn = draw_test_clip(index, num_frames=num_frames, reference_frame=reference, size=size, fps=fps)
    return true_clip(str(index), drawn)


def measure_task(task: Task) -> dict[str, float]:
    """Makes the video of a clip and measures it."""
    torch.set_num_threads(1)
    quiet_libraries()
    clip = test_clip(task.index, size=task.size, fps=task.fps, num_frames=task.num_frames)
    if task.row == TRUTH:
        video = clip.frames
    else:
        # Each clip has noise of its own, the same for all variants.
        video = SYSTEMS[task.row].make(opened(task.model), clip, AnimateOptions(seed=task.index))
    scored = Scored(result=video, truth=clip.frames, fps=clip.fps, reference=clip.reference, poses=clip.poses)
    values: dict[str, Any] = {}
    for probe in PROBES:
        if not probe.measures.keys().isdisjoint(COLUMNS):
            values |= probe.take(scored, None)
    taken = OF_TRUTH if task.row == TRUTH else COLUMNS
    return {name: float(np.mean(values[name])) if name in taken else math.nan for name in COLUMNS}


@cache
def opened(folder: Path) -> AnimateAnyonePipeline:
    """The model, opened once in a process."""
    return open_pipeline(folder)


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
    made_of: dict[str, Any] = {"weights": weight_hashes(model), "clips": clips, "measures": list(COLUMNS), **data}
    path = root / "measures" / f"{name}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["made of"] == made_of:
            return [
                {name: math.nan if value is None else value for name, value in clip.items()} for clip in kept["values"]
            ]
    row = MODEL if name in VARIANTS else name
    tasks = [Task(model=model, row=row, index=index, **data) for index in range(clips)]
    with mapping(processes) as run_all:
        values = list(run_all(measure_task, tasks))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json_text({"made of": made_of, "values": values}).encode())
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
