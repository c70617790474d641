"""A model on a device: opened by its name, with what a report says of it and of the settings it was used with."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderTiny
from huggingface_hub import snapshot_download

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS, locate_base_weights
from animate_anyone.checkpoints.decoder import open_decoder
from animate_anyone.checkpoints.notices import notice_of, read_notices
from animate_anyone.checkpoints.registry import locate, open_pipeline
from animate_anyone.errors import ConfigError
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.run_report import ModelUsed, weight_hashes

DTypeName = Literal["float32", "float16", "bfloat16"]


def choose_device(name: str | None) -> torch.device:
    """The device of torch's name, or a GPU if there is one.

    Raises:
        ConfigError: it cannot be used here.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"The device '{name}' cannot be used: {reason} Leave it out to take what is there, or give cpu."
        ) from error
    return device


def usual_dtype(device: torch.device) -> DTypeName:
    """What published checkpoints are used in on a GPU, and what is fast on a CPU."""
    return "float32" if device.type == "cpu" else "float16"


def torch_dtype(name: DTypeName) -> torch.dtype:
    """Torch's data type of this name."""
    return getattr(torch, name)


def open_model(name: str, *, device: torch.device, dtype: DTypeName) -> tuple[AnimateAnyonePipeline, ModelUsed]:
    """A model by its name, folder or hub repository, and what a report says of it.

    Raises:
        AnimateAnyoneError: there is no such model, or it cannot be loaded.
    """
    place = locate(name)
    pipeline = open_pipeline(place, dtype=torch_dtype(dtype))
    folder = folder_of(place)
    model = ModelUsed(name=name, weights=weight_hashes(folder), licences=tuple(read_notices(folder)))
    return pipeline.to(device), model


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


def folder_of(place: Path | str) -> Path:
    """Where an opened model lies, as `locate` names it: a folder, or a hub repository in the cache."""
    return place if isinstance(place, Path) else Path(snapshot_download(place, local_files_only=True))


def settings_used(options: AnimateOptions, pipeline: AnimateAnyonePipeline) -> dict[str, Any]:
    """The settings as used: what the user left open is that of the checkpoint."""
    options = options.resolved(pipeline)
    chosen = {name: pipeline.config[name] if value is None else value for name, value in asdict(options).items()}
    return chosen | {"window_size": pipeline.window_size, "pose_style": pipeline.config["pose_style"]}
