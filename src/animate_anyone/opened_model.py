"""A model ready to compute: opened by its name, with what a report says of it and of the settings it was used with."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.notices import read_notices
from animate_anyone.checkpoints.registry import locate, open_pipeline
from animate_anyone.devices.placement import Placement, place
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.run_report import ModelUsed, weight_hashes


def open_model(name: str, *, placement: Placement) -> tuple[AnimateAnyonePipeline, ModelUsed]:
    """A model by its name, folder or hub repository, placed as resolved, and what a report says of it.

    Raises:
        AnimateAnyoneError: there is no such model, or it cannot be loaded or placed so.
    """
    source = locate(name)
    pipeline = open_pipeline(source, dtype=placement.opened_dtype)
    folder = folder_of(source)
    model = ModelUsed(name=name, weights=weight_hashes(folder), licences=tuple(read_notices(folder)))
    return place(pipeline, placement), model


def folder_of(place: Path | str) -> Path:
    """Where an opened model lies, as `locate` names it: a folder, or a hub repository in the cache."""
    return place if isinstance(place, Path) else Path(snapshot_download(place, local_files_only=True))


def settings_used(
    options: AnimateOptions, pipeline: AnimateAnyonePipeline, placement: Placement | None = None
) -> dict[str, Any]:
    """The settings as used: what the user left open is that of the checkpoint."""
    chosen = {name: pipeline.config[name] if value is None else value for name, value in asdict(options).items()}
    placed = {} if placement is None else asdict(placement)
    return chosen | placed | {"window_size": pipeline.window_size, "pose_style": pipeline.config["pose_style"]}
