"""Checkpoints of a run: whole or not there at all, newest valid one wins, the last few kept."""

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from animate_anyone.errors import ConfigError
from animate_anyone.media.atomic import replaced_folder

logger = logging.getLogger(__name__)

WEIGHTS, EMA, OPTIMISER, STATE = "weights.safetensors", "ema.safetensors", "optimiser.pt", "state.json"
"""`STATE` is written last, with size and SHA-256 of the others: without it or at odds with it a checkpoint is void."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """All a run needs to go on.

    There is no state of a random generator: everything random is a function of seed, step and sample.

    Attributes:
        step: Number of optimiser steps done.
        weights: The trained parameters, by component and name.
        ema: Their moving average.
        optimiser: `state_dict` of the optimiser.
        sums: Sums of the losses since the last line of the loss log, and how many steps are in them.
    """

    step: int
    weights: Mapping[str, Tensor]
    ema: Mapping[str, Tensor]
    optimiser: Mapping[str, Any]
    sums: Mapping[str, float]


def save_checkpoint(checkpoint: Checkpoint, folder: Path, *, keep: int) -> Path:
    """Write `folder/step-NNNNNNNN` atomically, then remove all but it and the newest before it, `keep` in all.

    What is left of later steps was passed over when the run went on, and is removed as well.
    """
    for unfinished in folder.glob(".step-*"):  # of a process that was killed
        shutil.rmtree(unfinished)
    path = folder / f"step-{checkpoint.step:08d}"
    with replaced_folder(path) as temporary:
        save_file(contiguous(checkpoint.weights), temporary / WEIGHTS)
        save_file(contiguous(checkpoint.ema), temporary / EMA)
        torch.save(dict(checkpoint.optimiser), temporary / OPTIMISER)
        state = {
            "step": checkpoint.step,
            "sums": dict(checkpoint.sums),
            "files": {name: asdict(fingerprint(temporary / name)) for name in (WEIGHTS, EMA, OPTIMISER)},
        }
        (temporary / STATE).write_text(json.dumps(state, indent=2), encoding="utf-8")
    before = sorted(other for other in folder.glob("step-*") if other < path)
    for other in folder.glob("step-*"):
        if other != path and other not in before[max(0, len(before) + 1 - keep) :]:
            shutil.rmtree(other)
    return path


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest valid checkpoint in `folder`, None if there is none; damaged ones are passed over with a warning.

    Raises:
        ConfigError: All of them are damaged. To begin anew would throw away the run's logs.
    """
    found = sorted(folder.glob("step-*"), reverse=True)
    for path in found:
        problem = damage(path)
        if problem is not None:
            logger.warning("Passing over the checkpoint %s: %s.", path, problem)
            continue
        state = json.loads((path / STATE).read_text(encoding="utf-8"))
        return Checkpoint(
            step=state["step"],
            weights=load_file(path / WEIGHTS),
            ema=load_file(path / EMA),
            optimiser=torch.load(path / OPTIMISER, map_location="cpu", weights_only=True),
            sums=state["sums"],
        )
    if found:
        raise ConfigError(
            f"{folder}: no checkpoint in it is whole ({', '.join(path.name for path in reversed(found))}). Bring "
            f"back a copy of one, or remove {folder} to begin anew."
        )
    return None


def damage(path: Path) -> str | None:
    """What is wrong with a checkpoint, or None."""
    try:
        files: dict[str, dict[str, Any]] = json.loads((path / STATE).read_text(encoding="utf-8"))["files"]
        for name, expected in files.items():
            if asdict(fingerprint(path / name)) != expected:
                return f"{name} is not the file that was written"
    except (OSError, ValueError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


@dataclass(frozen=True)
class Fingerprint:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """Of a file as it is now."""
    with path.open("rb") as file:
        return Fingerprint(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies fit for safetensors, which stores rows in order and no shared memory."""
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
