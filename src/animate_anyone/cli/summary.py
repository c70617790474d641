"""What is said of a finished video."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animate_anyone.run_report import RunReport


def summary(report: "RunReport") -> str:
    """Where the video is, what it is like, how long it took, and under which licence the model is."""
    from animate_anyone.checkpoints.notices import format_notices
    from animate_anyone.run_report import report_path

    output = report.output
    path = Path(output.path).resolve()
    sound = {"none": "no sound"}.get(report.sound, f"sound {report.sound}")
    alignment = report.poses.alignment
    times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.seconds.items())
    return "\n".join(
        [
            f"Video: {path}",
            f"  {output.num_frames} frames of {output.width}x{output.height}, {output.fps:.6g} a second, {sound}",
            f"Report: {report_path(path)}",
            f"Motion: {report.poses.driving}, "
            + ("as it is" if alignment is None else f"fitted to the character (scale {alignment.scale:.2f})")
            + (f", poses by {report.poses.provider}" if report.poses.provider else ""),
            f"Time: {times}",
            f"Licences of the model '{report.model.name}':",
            *(f"  {line}" for line in format_notices(report.model.licences).splitlines()),
        ]
    )
