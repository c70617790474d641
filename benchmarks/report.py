"""What the benchmarks found, on which machine: as Markdown tables and as JSON with the same figures."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from pydantic import TypeAdapter

from animate_anyone.devices.machine import processor_name
from animate_anyone.streaming import NUM_STEPS
from benchmarks.drift import Drift
from benchmarks.memory import Memory
from benchmarks.streaming import Growth
from benchmarks.timing import Timing
from benchmarks.tracking import Tracking
from benchmarks.training import Training, TrainingMemory
from benchmarks.utilisation import Utilisation
from benchmarks.work import ClipTotals, Proportions


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was measured; None where a part was not run."""

    machine: dict[str, str]
    timings: tuple[Timing, ...] = ()
    growth: Growth | None = None
    drifts: tuple[Drift, ...] = ()
    work: ClipTotals | None = None
    proportions: dict[str, Proportions] = field(default_factory=dict)
    """Of full size and of the toys, by these names."""
    memory: Memory | None = None
    training: Training | None = None
    training_memory: TrainingMemory | None = None
    tracking: Tracking | None = None
    utilisation: Utilisation | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures, by the names that they have here, and the ratios that the tables show."""
        timings = [
            asdict(timing)
            | {
                "same_windows_ratio": timing.same_windows_ratio,
                "own_windows_ratio": timing.own_windows_ratio,
                "stream_ratio": timing.stream_ratio,
                "fast_ratio": timing.fast_ratio,
            }
            for timing in self.timings
        ]
        growth = None if self.growth is None else asdict(self.growth) | {"ratio": self.growth.ratio}
        return asdict(self) | {"timings": timings, "growth": growth}

    def tables(self) -> dict[str, str]:
        """The tables by name: what was measured of sampling, of training, of finding poses, and on a GPU."""
        sampling = [row for timing in self.timings for row in _time_rows(timing)]
        sampling += [] if self.growth is None else _growth_rows(self.growth)
        sampling += [row for drift in self.drifts for row in _drift_rows(drift)]
        sampling += [] if self.work is None else _work_rows(self.work)
        sampling += [] if self.memory is None else _memory_rows(self.memory)
        training = [] if self.training is None else _training_rows(self.training)
        training += [] if self.training_memory is None else _training_memory_rows(self.training_memory)
        return {
            "sampling": _table(("", "plain loop", "pipeline", "preset fast", "stream", ""), sampling),
            "training": _table(("Step of stage 1", "without", "with", ""), training),
            "poses": _table(
                ("", "searching", "following", ""), [] if self.tracking is None else _tracking_rows(self.tracking)
            ),
            "proportions": _table(("Work, counted", *self.proportions), _proportion_rows(self.proportions)),
            "GPU": _table(("", "work", "time", "of the peak"), _utilisation_rows(self.utilisation)),
        }

    def to_markdown(self) -> str:
        """The tables, under a line that names the machine."""
        return "\n\n".join([self.machine_line(), *(table for table in self.tables().values() if table)])

    def machine_line(self) -> str:
        """What the figures depend on, in a line."""
        return ", ".join(f"{name} {value}" for name, value in self.machine.items())


def read_report(path: Path) -> Report:
    """A report from its JSON."""
    return TypeAdapter(Report).validate_python(json.loads(path.read_text(encoding="utf-8")))


def machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "processor": processor_name(),
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "threads": str(torch.get_num_threads()),
    }


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """Empty without rows."""
    return "\n".join([_row(*heads), "|---" * len(heads) + "|", *rows]) if rows else ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _time_rows(timing: Timing) -> list[str]:
    what = f"Time for {timing.num_frames} frames, {timing.num_steps} steps"
    return [
        _row(f"{what}, same windows", "1", f"1 / {timing.same_windows_ratio:.2f}", "", "", f"least of {timing.rounds}"),
        _row(
            f"{what}, own windows; stream: {NUM_STEPS} steps, no guidance",
            "1",
            f"1 / {timing.own_windows_ratio:.2f}",
            f"1 / {timing.fast_ratio:.2f}",
            f"1 / {timing.stream_ratio:.2f}",
            f"least of {timing.rounds}",
        ),
        _row(
            "Largest difference of latents, same windows",
            "0",
            f"{timing.difference:.1e}",
            "",
            "",
            "standard deviations",
        ),
    ]


def _work_rows(work: ClipTotals) -> list[str]:
    what = (
        f"Work for {work.num_frames} frames of {work.size}, {work.num_steps} steps, counted; "
        f"stream: {work.stream_steps} steps, tiny decoder"
    )
    counts = (f"{count:,.0f}" for count in (work.plain, work.pipeline, work.fast, work.stream))
    return [_row(what, *counts, "TFLOP at SD 1.5's width")]


PROPORTIONS: Mapping[str, str] = MappingProxyType(
    {
        "attention": "attention, of a window of the plain loop",
        "convolutions": "convolutions, of the same",
        "matrices": "all other products, of the same",
        "left_out": "what the pipeline leaves out of it",
        "last_layer": "last layer, of a pass with reference",
        "decoding": "decoding a frame, in guided steps of it",
        "tiny_decoding": "the same by the tiny decoder",
        "guiding": "Pose Guider on a frame, in guided steps of it",
    }
)


def _proportion_rows(found: Mapping[str, Proportions]) -> list[str]:
    if not found:
        return []
    return [
        _row(text, *(f"{getattr(proportions, name):.2f}" for proportions in found.values()))
        for name, text in PROPORTIONS.items()
    ]


def _memory_rows(memory: Memory) -> list[str]:
    def cell(peaks: Mapping[int, int], length: int) -> str:
        return f"{peaks[length] / 2**20:.0f} ({peaks[length] / peaks[min(peaks)] - 1:+.1%})"

    return [
        _row(
            f"Peak memory at {length} frames",
            *(cell(peaks, length) for peaks in (memory.plain, memory.pipeline, memory.fast, memory.stream)),
            "MiB",
        )
        for length in memory.pipeline
    ]


def _training_rows(training: Training) -> list[str]:
    least = f"least of {training.rounds}"
    return [
        _row("Time, with clips in the cache", "1", f"1 / {training.cache_ratio:.2f}", least),
        _row("Making its batch, of the step's own time", "0", f"{training.loading_share:.1%}", least),
        _row("Time, with gradient checkpointing", "1", f"{training.checkpointing_ratio:.2f}", least),
    ]


def _training_memory_rows(memory: TrainingMemory) -> list[str]:
    plain, checkpointing = (f"{peak / 2**20:.0f}" for peak in (memory.plain, memory.checkpointing))
    return [_row("Peak memory, with gradient checkpointing", plain, checkpointing, "MiB of the whole process")]


def _tracking_rows(tracking: Tracking) -> list[str]:
    what = f"Time for {tracking.num_frames} frames, networks at {tracking.share:.0%} of DWPose's work"
    return [
        _row(what, "1", f"1 / {tracking.ratio:.2f}", f"least of {tracking.rounds}"),
        _row("Largest difference of keypoints", "0", f"{tracking.difference:.2f}", "pixels"),
    ]


def _utilisation_rows(found: Utilisation | None) -> list[str]:
    if found is None:
        return [_row("A window of frames, and a training step", "", "", "not run: no GPU")]
    return [
        _row(f"Product of matrices on {found.device}, torch {found.torch}", "", f"{found.peak:,.0f} TFLOP/s", "100%"),
        _row(
            "Denoising a window of frames, float16",
            f"{found.window_work:,.1f} TFLOP",
            f"{found.window_seconds:.3f} s",
            f"{found.window_share:.0%}",
        ),
        _row(
            "Training step, bfloat16",
            f"{found.training_work:,.1f} TFLOP",
            f"{found.training_seconds:.3f} s",
            f"{found.training_share:.0%}",
        ),
    ]


def _growth_rows(growth: Growth) -> list[str]:
    what = f"Time for {max(growth.seconds)} frames in that for {min(growth.seconds)}"
    return [_row(what, "", "", "", f"{growth.ratio:.2f}", f"least of {growth.rounds}")]


def _drift_rows(drift: Drift) -> list[str]:
    what = f"{drift.num_steps} steps, guidance {drift.guidance_scale:g}, {drift.networks}"
    return [
        _row(f"Largest difference of latents from the pipeline's, {what}", "", "0", f"{drift.largest:.2f}", "",
             "standard deviations"),
        _row(f"RMS difference of latents from the pipeline's, {what}", "", "0", f"{drift.rms:.3f}", "",
             "standard deviations"),
        _row(f"PSNR of frames against the pipeline's, {what}", "", "", f"{drift.psnr:.1f}", "", "dB"),
    ]  # fmt: skip
