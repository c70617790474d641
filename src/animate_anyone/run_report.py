"""The run report: a JSON file beside a video that says what it was made of, how, in what time and with which memory."""

import json
import platform
import re
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import torch

from animate_anyone.checkpoints.download import sha256_of
from animate_anyone.checkpoints.notices import Notice
from animate_anyone.errors import MediaError
from animate_anyone.media.atomic import write_file
from animate_anyone.media.size import Size
from animate_anyone.pose.align import AlignmentReport

FORMAT = "animate-anyone/run-report"
VERSION = 1
PACKAGES = ("animate-anyone", "torch", "diffusers", "transformers", "numpy", "pillow", "av")
PROCESS_STATUS = Path("/proc/self/status")
"""What Linux says of this process."""
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth", ".ckpt")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture or video that went in or came out."""

    path: str
    sha256: str | None
    """None for a folder."""
    width: int
    height: int
    num_frames: int = 1
    fps: float | None = None

    @classmethod
    def of(cls, path: Path, size: Size, *, num_frames: int = 1, fps: float | None = None) -> Self:
        """Describes a file, or a folder of pictures."""
        return cls(
            path=str(path),
            sha256=sha256_of(path) if path.is_file() else None,
            width=size.width,
            height=size.height,
            num_frames=num_frames,
            fps=fps,
        )


@dataclass(frozen=True, kw_only=True)
class ModelUsed:
    """The checkpoint: as it was asked for, and the SHA-256 of each of its weight files."""

    name: str
    weights: Mapping[str, str]
    licences: tuple[Notice, ...]


@dataclass(frozen=True, kw_only=True)
class PoseFile:
    """A pose file that went in."""

    path: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Describes a file."""
        return cls(path=str(path), sha256=sha256_of(path))


@dataclass(frozen=True, kw_only=True)
class PosesUsed:
    """Where the poses came from. `provider` is what detected them, if anything did."""

    driving: str
    provider: str | None
    detector_weights: Mapping[str, str]
    """SHA-256 of each weight file of the detector, by its name; MediaPipe's belong to the version in `provider`."""
    reference_pose: str | None
    reference_pose_file: PoseFile | None
    alignment: AlignmentReport | None


@dataclass(frozen=True, kw_only=True)
class PeakMemory:
    """Highest memory in bytes: of this process, and of what torch took on the GPU."""

    process: int | None
    gpu: int | None


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """All there is to say about one run; `settings` are those used, with the checkpoint's own filled in."""

    reference: Picture
    driving: Picture
    output: Picture
    sound: str
    model: ModelUsed
    poses: PosesUsed
    settings: Mapping[str, Any]
    seconds: Mapping[str, float]
    peak_memory: PeakMemory
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    versions: Mapping[str, str] = field(default_factory=lambda: used_versions())
    machine: Mapping[str, Any] = field(default_factory=lambda: this_machine())

    def save(self, path: Path) -> None:
        """Writes the report; the file appears complete or not at all."""
        document = {"format": FORMAT, "version": VERSION, **asdict(self)}
        write_file(path, (json.dumps(document, indent=2) + "\n").encode())


@dataclass(frozen=True)
class Stopwatch:
    """Seconds of each phase of a run."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Takes the time of the block."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def report_path(output: Path) -> Path:
    """Where the report of a video is: the same name with the suffix .json.

    Raises:
        MediaError: something else has that name, such as a pose file, which would be lost, or a folder.
    """
    path = output.with_suffix(".json")
    if path.exists() and not _is_report(path):
        raise MediaError(
            f"{path}: is in the way. The report on {output.name} gets this name, and what is there is no such report. "
            "Choose another name for the output."
        )
    return path


def _is_report(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return FORMAT.encode() in file.read(200)


def weight_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each weight file of a model folder, by its name in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in WEIGHT_SUFFIXES)
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def used_versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide what comes out."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def this_machine() -> dict[str, Any]:
    """What computed."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"platform": platform.platform(), "torch_threads": torch.get_num_threads(), "gpu": gpu}


def peak_memory(device: torch.device) -> PeakMemory:
    """The peak up to now; None where the system does not tell."""
    return PeakMemory(
        process=_process_peak(), gpu=torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    )


def process_status(field: str) -> int | None:
    """Bytes that Linux says of this process, such as VmRSS, what it holds; None elsewhere."""
    if not PROCESS_STATUS.is_file():
        return None
    found = re.search(rf"^{field}:\s*(\d+) kB$", PROCESS_STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    return None if found is None else 1024 * int(found[1])


def _process_peak() -> int | None:
    # Not getrusage's, where there is another, as that begins at the memory of the program that started this one.
    if (peak := process_status("VmHWM")) is not None or sys.platform == "win32":
        return peak
    import resource  # is there on Unix only

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # a Mac counts in bytes
