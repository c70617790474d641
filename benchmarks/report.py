"""What the benchmarks found, on which machine: as a Markdown table and as JSON with the same figures."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from animate_anyone.streaming import NUM_STEPS
from benchmarks.drift import Drift
from benchmarks.memory import Memory
from benchmarks.streaming import Growth
from benchmarks.timing import Timing
from benchmarks.work import Work

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was measured."""

    machine: dict[str, str]
    timings: tuple[Timing, ...]
    work: Work
    memory: Memory
    growth: Growth
    drifts: tuple[Drift, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures, by the names that they have here, and the ratios that the table shows."""
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
        return {
            "machine": self.machine,
            "timings": timings,
            "work": asdict(self.work),
            "memory": asdict(self.memory),
            "growth": asdict(self.growth) | {"ratio": self.growth.ratio},
            "drifts": [asdict(drift) for drift in self.drifts],
        }

    def to_markdown(self) -> str:
        """The table, under a line that names the machine."""
        return "\n".join([
            ", ".join(f"{name} {value}" for name, value in self.machine.items()),
            "",
            "| | plain loop | pipeline | preset fast | stream | |",
            "|---|---|---|---|---|---|",
            *(row for timing in self.timings for row in _time_rows(timing)),
            *_work_rows(self.work),
            *_memory_rows(self.memory),
            *_growth_rows(self.growth),
            *(row for drift in self.drifts for row in _drift_rows(drift)),
        ])  # fmt: skip


def machine() -> dict[str, str]:
    """What the figures depend on."""
    return {
        "processor": _processor(),
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "threads": str(torch.get_num_threads()),
    }


def _processor() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _time_rows(timing: Timing) -> Sequence[str]:
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


def _work_rows(work: Work) -> Sequence[str]:
    what = (
        f"Work for {work.num_frames} frames of {work.size}, {work.num_steps} steps, counted; "
        f"stream: {work.stream_steps} steps, tiny decoder"
    )
    counts = (f"{count:,.0f}" for count in (work.plain, work.pipeline, work.fast, work.stream))
    return [_row(what, *counts, "TFLOP at SD 1.5's width")]


def _memory_rows(memory: Memory) -> Sequence[str]:
    def cell(peaks: dict[int, int], length: int) -> str:
        return f"{peaks[length] / 2**20:.0f} ({peaks[length] / peaks[min(peaks)] - 1:+.1%})"

    return [
        _row(
            f"Peak memory at {length} frames",
            *(cell(peaks, length) for peaks in (memory.plain, memory.pipeline, memory.fast, memory.stream)),
            "MiB",
        )
        for length in memory.pipeline
    ]


def _growth_rows(growth: Growth) -> Sequence[str]:
    what = f"Time for {max(growth.seconds)} frames in that for {min(growth.seconds)}"
    return [_row(what, "", "", "", f"{growth.ratio:.2f}", f"least of {growth.rounds}")]


def _drift_rows(drift: Drift) -> Sequence[str]:
    what = f"{drift.num_steps} steps, guidance {drift.guidance_scale:g}, {drift.networks}"
    return [
        _row(f"Largest difference of latents from the pipeline's, {what}", "", "0", f"{drift.largest:.2f}", "",
             "standard deviations"),
        _row(f"RMS difference of latents from the pipeline's, {what}", "", "0", f"{drift.rms:.3f}", "",
             "standard deviations"),
        _row(f"PSNR of frames against the pipeline's, {what}", "", "", f"{drift.psnr:.1f}", "", "dB"),
    ]  # fmt: skip
