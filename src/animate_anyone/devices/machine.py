"""What this machine has: processor, memory, GPUs, versions, codecs, and which extras of the package are installed."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import av
import torch
from packaging.requirements import Requirement

PACKAGE = "animate-anyone"
CPU_INFO, MEMORY_INFO = Path("/proc/cpuinfo"), Path("/proc/meminfo")
MEMORY_LIMIT, MEMORY_USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
"""What a container is given, where the machine runs one."""
CODECS = {"libx264": "MP4", "aac": "sound in MP4", "gif": "GIF", "libwebp_anim": "WebP"}
"""Encoders that videos are written with, and what for."""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A device that torch can use; memory in bytes, None where it does not tell."""

    name: str
    device: str
    total: int | None
    free: int | None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Memory in bytes, None where the system does not tell."""

    platform: str
    processor: str
    cores: int
    threads: int
    """That torch computes with."""
    memory_total: int | None
    memory_free: int | None
    gpus: tuple[Gpu, ...]
    versions: Mapping[str, str]
    codecs: Mapping[str, bool]
    """Whether PyAV has each of the encoders."""
    extras: Mapping[str, tuple[str, ...]]
    """For each extra of the package, what is missing of it."""


def this_machine(versions: Mapping[str, str]) -> Machine:
    """Looks around. `versions` are those of the packages in use."""
    ffmpeg = ".".join(map(str, av.library_versions["libavcodec"]))
    total, free = main_memory()
    return Machine(
        platform=platform.platform(),
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        memory_total=total,
        memory_free=free,
        gpus=_gpus(),
        versions={**versions, "FFmpeg's libavcodec": ffmpeg},
        codecs={name: name in av.codecs_available for name in CODECS},
        extras=missing_of_extras(),
    )


def main_memory() -> tuple[int | None, int | None]:
    """All of the main memory, and what could be had of it now, in bytes; within a container, of what it is given."""
    if not MEMORY_INFO.is_file():
        if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
            return None, None
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), None
    lines = (line.split() for line in MEMORY_INFO.read_text(encoding="ascii").splitlines())
    known = {words[0].rstrip(":"): 1024 * int(words[1]) for words in lines}
    total, free = known["MemTotal"], known["MemAvailable"]
    if MEMORY_LIMIT.is_file() and (limit := MEMORY_LIMIT.read_text(encoding="ascii").strip()) != "max":
        used = int(MEMORY_USED.read_text(encoding="ascii"))
        total, free = min(total, int(limit)), max(0, min(free, int(limit) - used))
    return total, free


def missing_of_extras() -> dict[str, tuple[str, ...]]:
    """For each extra that users may want, the packages that are not here in a version that fits."""
    missing: dict[str, tuple[str, ...]] = {}
    for text in requires(PACKAGE) or []:
        requirement = Requirement(text)
        if requirement.marker is None or "extra" not in str(requirement.marker):
            continue
        extra = str(requirement.marker).rsplit('extra == "', 1)[1].rstrip('"')
        if extra == "dev":
            continue
        here = not requirement.marker.evaluate({"extra": extra}) or _has(requirement)
        missing[extra] = missing.get(extra, ()) + (() if here else (requirement.name,))
    return missing


def _has(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        return False


def processor_name() -> str:
    """The model of the processor, or its kind where the system does not tell."""
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _gpus() -> tuple[Gpu, ...]:
    found: list[Gpu] = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        found.append(Gpu(name=torch.cuda.get_device_name(index), device=f"cuda:{index}", total=total, free=free))
    if torch.backends.mps.is_available():
        # Its memory is the main memory.
        found.append(Gpu(name="Apple GPU", device="mps", total=None, free=None))
    return tuple(found)
