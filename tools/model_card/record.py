"""The record of a training: for each stage its configuration, how much it saw, and its loss curve."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from animate_anyone.errors import ConfigError
from animate_anyone.train.record import LOSS_LOG, read_log

STAGES = ("vae", "image-encoder", "stage1", "stage2")
PREVIOUS = "previous.json"
"""In the folder of a run that went on from others: a list of what they left, the first run first, relative to it. An
entry is the folder of a run, or the record of a bundled model, which has all its runs of the stage."""
EARLIER = "earlier.json"
"""Beside the folders of the runs: the record of the bundled model whose parts a stage without a run is taken from."""
MOST_POINTS = 60


def training_record(runs: Path, *, commit: str, machine: str) -> dict[str, Any]:
    """What made the weights: commit, machine, and for each stage one run, or several one after the other.

    Raises:
        ConfigError: A run has no configuration or no losses.
    """
    return {"commit": commit, "machine": machine, "stages": {stage: stage_record(runs, stage) for stage in STAGES}}


def stage_record(runs: Path, stage: str) -> dict[str, Any]:
    """The run of a stage, with those that it went on from."""
    folder, earlier = runs / stage, runs / EARLIER
    if earlier.is_file() and not folder.exists():
        return _bundled(earlier, stage)
    record = run_record(folder)
    listed = folder / PREVIOUS
    if listed.exists():
        names: list[str] = json.loads(listed.read_text(encoding="utf-8"))
        record["previous"] = [run for name in names for run in _runs_of(folder / name, stage)]
    return record


def _runs_of(place: Path, stage: str) -> list[dict[str, Any]]:
    if place.suffix != ".json":
        return [run_record(place)]
    record = _bundled(place, stage)
    return [*record.pop("previous", []), record]


def _bundled(record: Path, stage: str) -> dict[str, Any]:
    return json.loads(record.read_text(encoding="utf-8"))["stages"][stage]


def run_record(folder: Path) -> dict[str, Any]:
    """Configuration, steps done, samples and frames seen, seed, and a curve of at most 60 points."""
    config_file = folder / "config.json"
    lines = read_log(folder / LOSS_LOG)
    if not config_file.is_file() or not lines:
        raise ConfigError(f"{folder} is no run of a training: it needs config.json and a {LOSS_LOG} with lines.")
    config: dict[str, Any] = json.loads(config_file.read_text(encoding="utf-8"))
    steps = int(lines[-1]["step"])
    samples = steps * int(config["batch_size"])
    return {
        "config": without_machine(config),
        "steps": steps,
        "samples": samples,
        "frames": samples * frames_of_sample(config),
        "curve": thinned(lines),
    }


def without_machine(value: Any) -> Any:
    """A configuration with the last two names of each absolute path: what stands before them is of one machine."""
    match value:
        case dict():
            return {name: without_machine(inner) for name, inner in value.items()}
        case list():
            return [without_machine(inner) for inner in value]
        case str() if PurePath(value).is_absolute():
            return "/".join(PurePath(value).parts[-2:])
        case _:
            return value


def frames_of_sample(config: Mapping[str, Any]) -> int:
    """Frames that the loss is taken on in a sample."""
    match config["stage"]:
        case "vae":
            return int(config["vae"]["frames_per_clip"])
        case "image-encoder":
            return 2
        case "stage1":
            return int(config["diffusion"]["targets_per_reference"])
        case _:
            return int(config["diffusion"]["num_frames"])


def thinned(lines: Sequence[Mapping[str, float]], most: int = MOST_POINTS) -> list[dict[str, float]]:
    """At most `most` points: means of neighbouring lines, at the step of the last of them."""
    groups = np.array_split(np.arange(len(lines)), min(most, len(lines)))
    return [
        {
            "step": int(lines[group[-1]]["step"]),
            **{name: _rounded([lines[index][name] for index in group]) for name in lines[group[0]] if name != "step"},
        }
        for group in groups
    ]


def _rounded(values: Sequence[float]) -> float:
    """Their mean to five digits."""
    mean = float(np.mean(values))
    return mean if mean == 0 or not math.isfinite(mean) else round(mean, 4 - math.floor(math.log10(abs(mean))))
