"""Looks at this machine and at a model, and says what a clip would take: time, memory, and what to change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.model_folder import shapes_of_networks
from animate_anyone.checkpoints.model_index import read_model_index
from animate_anyone.checkpoints.registry import PIPELINE_FILE, REGISTRY, locate, model_folder
from animate_anyone.devices.clip_work import ClipWork, Networks, count_clip
from animate_anyone.devices.forecast import (
    Asked,
    Change,
    Memory,
    Room,
    predict_memory,
    predict_seconds,
    what_to_change,
    work_by_part,
)
from animate_anyone.devices.machine import Machine, this_machine
from animate_anyone.devices.placement import Placement, torch_dtype
from animate_anyone.devices.rates import Rates, measure_rates
from animate_anyone.errors import CheckpointError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.models.vae import downscale_factor
from animate_anyone.pipeline import TRAINED_WINDOW
from animate_anyone.run_report import process_status, used_versions

USUAL_PROGRAM = 500 * 2**20
"""What Python and the packages take, where the system does not tell."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the doctor; what is left open is the model's."""

    model: str = "mini"
    num_frames: int = TRAINED_WINDOW
    options: AnimateOptions = field(default_factory=AnimateOptions)
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor found. Memory in bytes."""

    machine: Machine
    models: Mapping[str, str | None]
    """Where each known model is; None for one that is not here."""
    model: str
    asked: Asked
    size: Size
    """Of the pictures that were counted with: of the area asked for, and square."""
    placement: Placement
    tera_flops: float
    """Floating-point operations of the networks, in units of 10^12."""
    rates: Rates
    seconds: Mapping[str, float]
    memory: Memory
    room: Room
    fits: bool | None
    changes: tuple[Change, ...]


def examine(question: Question) -> Diagnosis:
    """Examines machine and model; takes a few seconds, and opens no weights.

    Raises:
        AnimateAnyoneError: the model is not on this machine, or a run could not have these options or this placement.
    """
    placement = question.placement.resolved()
    placement.check_preset(question.options.preset)
    device = placement.torch_device
    machine = this_machine(used_versions())
    # Of this process, which has everything imported that a run imports.
    program = process_status("VmRSS") or USUAL_PROGRAM
    folder = _folder(question.model)
    index = read_model_index(folder)
    networks = Networks(**shapes_of_networks(folder, index))
    longest = min(TRAINED_WINDOW, int(networks.denoising_unet.config["temporal_max_frames"]))
    asked = _asked(question, index.settings, window_size=longest)
    clip = _count(networks, asked, window_size=longest)
    rates = measure_rates(device, torch_dtype(placement.dtype or "float32"))
    room = _room(machine, device, program)
    memory = predict_memory(networks, clip, asked, placement, program=program)
    return Diagnosis(
        machine=machine,
        models={name: str(place) if (place := _installed(name)) else None for name in REGISTRY},
        model=question.model,
        asked=asked,
        size=clip.size,
        placement=placement,
        tera_flops=sum(work.flops for work in work_by_part(clip, asked).values()) / 1e12,
        rates=rates,
        seconds=predict_seconds(clip, asked, rates, num_devices=len(placement.torch_devices)),
        memory=memory,
        room=room,
        fits=room.holds(memory),
        changes=tuple(what_to_change(networks, clip, asked, placement, program=program, room=room)),
    )


def _asked(question: Question, settings: Mapping[str, Any], *, window_size: int) -> Asked:
    """The clip with what was left open taken from the model's settings, by the rules of a run."""
    usual_steps = settings["num_inference_steps"]
    options = question.options.resolved(num_inference_steps=usual_steps, window_size=window_size)
    return Asked(
        num_frames=question.num_frames,
        num_steps=usual_steps if options.num_inference_steps is None else options.num_inference_steps,
        guidance_scale=settings["guidance_scale"] if options.guidance_scale is None else options.guidance_scale,
        area=settings["area"] if options.area is None else options.area,
        preset=options.preset,
        windows_at_once=options.windows_at_once,
    )


def _count(networks: Networks, asked: Asked, *, window_size: int) -> ClipWork:
    size = Geometry.fit(Size(64, 64), area=asked.area, multiple=downscale_factor(networks.vae)).canvas
    return count_clip(networks, size, window=min(window_size, asked.num_frames), guidance=asked.guidance_scale > 1)


def _room(machine: Machine, device: torch.device, program: int) -> Room:
    # The program's own memory is taken already, and is part of what is needed.
    main = None if machine.memory_free is None else machine.memory_free + program
    if device.type != "cuda":
        return Room(main=main, device=None)
    return Room(main=main, device=torch.cuda.mem_get_info(device)[0])


def _installed(name: str) -> Path | None:
    folder = model_folder(REGISTRY[name])
    return folder if (folder / PIPELINE_FILE).is_file() else None


def _folder(model: str) -> Path:
    place = locate(model)
    if isinstance(place, Path):
        return place
    raise CheckpointError(
        f"'{model}' is a hub repository, and its size is not known before it is here. Make one video with it, or "
        "download it, and give its folder."
    )
