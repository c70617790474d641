"""Loss curves as a picture: one panel a stage, runs one after the other, drawn as SVG by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, GAP, EDGE = 240, 150, 24, 34
INK, LINE, SEAM = "#444", "#0a6ebd", "#bbb"

Points = Sequence[tuple[float, float]]


def curves_svg(stages: Mapping[str, Mapping[str, Any]]) -> str:
    """The losses of all stages over the samples seen, the loss on a logarithmic scale.

    Args:
        stages: as in `record.training_record`.
    """
    panels = [
        f'<g transform="translate({EDGE + index * (WIDTH + GAP)},{EDGE})">{panel(name, stage)}</g>'
        for index, (name, stage) in enumerate(stages.items())
    ]
    width, height = 2 * EDGE + len(stages) * (WIDTH + GAP) - GAP, HEIGHT + 2 * EDGE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="{INK}">\n<rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def panel(name: str, stage: Mapping[str, Any]) -> str:
    """One stage: title, frame, the range of the loss at the left, samples below, and a line a run."""
    runs = [run_points(run) for run in (*stage.get("previous", ()), stage)]
    ends = [0.0]
    for points in runs:
        ends.append(ends[-1] + points[-1][0])
    losses = [loss for points in runs for _, loss in points]
    low, high = math.log(min(losses)), math.log(max(losses))

    def place(samples: float, loss: float) -> str:
        height = (math.log(loss) - low) / (high - low) if high > low else 0.5
        return f"{WIDTH * samples / ends[-1]:.1f},{HEIGHT * (1 - height):.1f}"

    parts = [
        f'<text x="0" y="-12" font-weight="bold">{name}: loss by samples</text>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="{SEAM}"/>',
    ]
    for start, points in zip(ends, runs, strict=False):
        line = " ".join(place(start + samples, loss) for samples, loss in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{LINE}" stroke-width="1.5"/>')
    for seam in ends[1:-1]:
        x = WIDTH * seam / ends[-1]
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}" stroke="{SEAM}" stroke-dasharray="3"/>')
    parts += [
        f'<text x="4" y="12">{max(losses):.3g}</text>',
        f'<text x="4" y="{HEIGHT - 5}">{min(losses):.3g}</text>',
        f'<text x="0" y="{HEIGHT + 15}">0</text>',
        f'<text x="{WIDTH}" y="{HEIGHT + 15}" text-anchor="end">{ends[-1]:.0f}</text>',
    ]
    return "".join(parts)


def run_points(run: Mapping[str, Any]) -> Points:
    """Samples seen and loss; a loss of nothing or less, which has no logarithm, is left at a very small one."""
    batch = run["config"]["batch_size"]
    return [(point["step"] * batch, max(point["loss"], 1e-8)) for point in run["curve"]]
