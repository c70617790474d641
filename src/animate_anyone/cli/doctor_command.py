"""`animate-anyone doctor`: what this machine has, and what a video would take on it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from animate_anyone.cli.options import (
    SAMPLING,
    AreaOption,
    CompileOption,
    DeviceOption,
    DTypeOption,
    GuidanceOption,
    OffloadOption,
    PresetOption,
    RuntimeOption,
    StepsOption,
    TilingOption,
    WeightsOption,
    WindowsAtOnceOption,
)

if TYPE_CHECKING:
    from animate_anyone.devices.doctor import Diagnosis
    from animate_anyone.devices.forecast import Change, Memory
    from animate_anyone.devices.machine import Machine


def doctor(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name from 'weights list', or a model folder.")] = (
        "mini"
    ),
    frames: Annotated[int, typer.Option(min=1, help="Of the video.", rich_help_panel=SAMPLING)] = 24,
    area: AreaOption = None,
    steps: StepsOption = None,
    guidance: GuidanceOption = None,
    windows_at_once: WindowsAtOnceOption = 1,
    preset: PresetOption = "exact",
    device: DeviceOption = None,
    dtype: DTypeOption = None,
    offload: OffloadOption = "none",
    vae_tiling: TilingOption = False,
    compiled: CompileOption = False,
    weights: WeightsOption = "full",
    runtime: RuntimeOption = "torch",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, memory in bytes.")] = False,
) -> None:
    """Say what this machine has, and how long a video would take on it and with how much memory.

    Nothing is made: the work is counted, and how fast this machine is gets measured in two seconds. Where the memory is
    too small, it says what to change. The options are those of `animate` on sampling and machine. A clip is counted
    with overlapping windows and with the model's own decoder.

    For example:

        animate-anyone doctor moore --frames 64 --area 512x768 --steps 20 --preset fast
    """
    from animate_anyone.animation import AnimateOptions
    from animate_anyone.devices.doctor import Question, examine
    from animate_anyone.devices.placement import Placement

    diagnosis = examine(
        Question(
            model=model,
            num_frames=frames,
            options=AnimateOptions(
                num_inference_steps=steps,
                guidance_scale=guidance,
                area=area,
                windows_at_once=windows_at_once,
                preset=preset,
            ),
            placement=Placement(
                device=device,
                dtype=dtype,
                offload=offload,
                vae_tiling=vae_tiling,
                compile=compiled,
                weights=weights,
                runtime=runtime,
            ),
        )
    )
    typer.echo(json.dumps(asdict(diagnosis), indent=2) if as_json else "\n".join(described(diagnosis)))


def described(diagnosis: "Diagnosis") -> Iterator[str]:
    """The diagnosis for people, line by line."""
    yield from _machine(diagnosis.machine)
    yield "Models"
    for name, place in diagnosis.models.items():
        yield _row(name, place or f"not here; animate-anyone weights pull {name}")
    asked, placed = diagnosis.asked, diagnosis.placement
    yield f"A video by '{diagnosis.model}'"
    yield _row("frames", f"{asked.num_frames} of {asked.area} pixels, such as {diagnosis.size}")
    steps = "1 step" if asked.num_steps == 1 else f"{asked.num_steps} steps"
    yield _row("sampling", f"{steps}, guidance {asked.guidance_scale:g}, preset {asked.preset}")
    yield _row("on", f"{placed.device}, {placed.dtype}")
    yield _row("work", f"{diagnosis.tera_flops:.3g} TFLOP")
    parts = ", ".join(f"{name} {_time(seconds)}" for name, seconds in diagnosis.seconds.items())
    yield _row("time", f"about {_time(sum(diagnosis.seconds.values()))} ({parts})")
    yield from _memory(diagnosis.memory, diagnosis.room.main, diagnosis.room.device)
    if diagnosis.fits is not False:
        return
    yield "It does not fit. Change, one after the other:"
    for change in diagnosis.changes:
        yield _row(change.text, _change(change))
    if not diagnosis.changes or diagnosis.changes[-1].fits is False:
        yield "That is not enough either: take a machine with more memory."


def _machine(machine: "Machine") -> Iterator[str]:
    from animate_anyone.devices.machine import CODECS

    yield "Machine"
    yield _row("system", machine.platform)
    yield _row("processor", f"{machine.processor}, {machine.cores} cores, {machine.threads} threads")
    if machine.memory_total is not None:
        free = "" if machine.memory_free is None else f", {_size(machine.memory_free)} free"
        yield _row("memory", _size(machine.memory_total) + free)
    for gpu in machine.gpus:
        free = "" if gpu.free is None or gpu.total is None else f", {_size(gpu.free)} of {_size(gpu.total)} free"
        yield _row(gpu.device, gpu.name + free)
    if not machine.gpus:
        yield _row("GPU", "none that torch can use")
    yield _row("versions", ", ".join(f"{name} {version}" for name, version in machine.versions.items()))
    codecs = (f"{CODECS[name]} {'yes' if here else 'NO'}" for name, here in machine.codecs.items())
    yield _row("writes", ", ".join(codecs))
    yield "Extras"
    for extra, missing in machine.extras.items():
        lacking = f"without {', '.join(missing)}; pip install 'animate-anyone[{extra}]'"
        yield _row(extra, lacking if missing else "installed")


def _memory(memory: "Memory", main: int | None, device: int | None) -> Iterator[str]:
    places = ((memory.main, memory.main_total, main, "memory"), (memory.device, memory.device_total, device, "GPU"))
    for parts, total, free, name in places:
        if not parts:
            continue
        split = ", ".join(f"{part} {_size(size)}" for part, size in parts.items())
        there = "" if free is None else f", and {_size(free)} can be had"
        yield _row(name, f"{_size(total)} ({split}){there}")


def _change(change: "Change") -> str:
    needs = f"then memory {_size(change.memory.main_total)}"
    if change.memory.device:
        needs += f", GPU {_size(change.memory.device_total)}"
    return needs + ("" if change.fits is False else ": fits")


def _row(name: str, text: str) -> str:
    return f"  {name:<12} {text}"


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
