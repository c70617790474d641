"""A model ready to compute: opened by its name, with what a report says of it and of the settings it was used with."""

from dataclasses import asdict, replace
from typing import Any

import torch
from diffusers import AutoencoderTiny

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS, locate_base_weights
from animate_anyone.checkpoints.decoder import open_decoder
from animate_anyone.checkpoints.notices import notice_of, read_notices
from animate_anyone.checkpoints.registry import folder_of, locate, open_pipeline
from animate_anyone.devices.placement import Placement, place
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.run_report import ModelUsed, weight_hashes


def open_model(name: str, *, placement: Placement) -> tuple[AnimateAnyonePipeline, ModelUsed]:
    """A model by its name, folder or hub repository, placed as resolved, and what a report says of it.

    Raises:
        AnimateAnyoneError: there is no such model, or it cannot be loaded or placed so.
    """
    folder = folder_of(locate(name))
    pipeline = open_pipeline(folder, dtype=placement.opened_dtype)
    model = ModelUsed(name=name, weights=weight_hashes(folder), licences=tuple(read_notices(folder)))
    return place(pipeline, placement), model


def open_decoder_of(
    name: str, pipeline: AnimateAnyonePipeline, model: ModelUsed, *, device: torch.device
) -> tuple[AutoencoderTiny, ModelUsed]:
    """A decoder by its name or folder, beside the model, and what a report says of both.

    Raises:
        CheckpointError: there is no such decoder, or it does not fit the model.
    """
    folder = locate_base_weights(name)
    decoder = open_decoder(folder, pipeline, device=device)
    hashes = {f"decoder/{file}": value for file, value in weight_hashes(folder).items()}
    known = BASE_WEIGHTS.get(name)
    licences = read_notices(folder) if known is None else [notice_of(known.source)]
    used = replace(model, weights={**model.weights, **hashes}, licences=(*model.licences, *licences))
    return decoder, used


def settings_used(
    options: AnimateOptions, pipeline: AnimateAnyonePipeline, placement: Placement | None = None
) -> dict[str, Any]:
    """The settings as used: what the user left open is that of the checkpoint."""
    options = options.resolved_for(pipeline)
    chosen = {name: pipeline.config[name] if value is None else value for name, value in asdict(options).items()}
    placed = {} if placement is None else asdict(placement)
    return chosen | placed | {"window_size": pipeline.window_size, "pose_style": pipeline.config["pose_style"]}
