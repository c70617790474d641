"""Charts as inline SVG: values of clips as a strip for each row, and curves over frames."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from animate_anyone.evaluation.cells import number
from animate_anyone.evaluation.document import Figure

WIDTH = 480
LANE = 54
"""Height of a row in a strip chart, in the same units as the width."""
HEIGHT = 230
"""Height of a chart of curves."""
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 10, 34
COLOURS = 6
"""Series colours in the stylesheet; further series begin again, dashed."""
TICKS = 8
"""At most so many round numbers on an axis, roughly."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A row of a strip chart: its name, a value for each clip that has one, and their mean."""

    title: str
    values: Mapping[str, float]
    figure: Figure | None


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Values from `low` to `high` on pixels from `start` to `stop`, with round numbers marked."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> str:
        """The pixel of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return f"{self.start + share * (self.stop - self.start):.1f}"

    def ticks(self) -> list[tuple[float, str]]:
        """Round values between the ends, as numbers and as text."""
        step = _round_step((self.high - self.low) / TICKS)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(index * step, f"{index * step:.{digits}f}") for index in range(first, last + 1)]


def series_class(index: int) -> str:
    """The class of the index-th series, as the stylesheet has it."""
    return f"s{index % COLOURS}" + (" dashed" if index >= COLOURS else "")


def strip_chart(strips: Sequence[Strip], *, name: str, title: str, digits: int) -> str:
    """A strip for each row: a dot for every clip, a bar for the interval of the mean and a tick for the mean.

    Args:
        strips: At least one of them with a value.
        name: Begins the ids in the chart; no two charts of a page have the same.
        title: What is shown, for those who do not see it.
        digits: Behind the point, in the texts that appear over dots of the first row.
    """
    height = TOP + LANE * len(strips) + BOTTOM
    values = [value for strip in strips for value in strip.values.values()]
    axis = _axis(values, start=LEFT, stop=WIDTH - RIGHT)
    parts = [_vertical_grid(axis, TOP, height - BOTTOM)]
    for index, strip in enumerate(strips):
        middle = TOP + LANE * (index + 0.5) + 3
        dots = [
            (clip, value, axis.at(value), f"{middle + _jitter(dot):.1f}")
            for dot, (clip, value) in enumerate(strip.values.items())
        ]
        parts.append(f'<g class="{series_class(index)}">')
        parts.append(f'<text class="lane" x="{LEFT}" y="{middle - 17:.1f}">{escape(strip.title)}</text>')
        if index:
            # One path for all: with a title for each dot of each row, pages of many clips would grow by megabytes.
            parts.append(f'<path class="dots" d="{"".join(f"M{x} {y}h0" for _, _, x, y in dots)}"/>')
        else:
            parts += [
                f'<circle class="dot" cx="{x}" cy="{y}" r="2.6">'
                f"<title>{escape(clip)}: {number(value, digits)}</title></circle>"
                for clip, value, x, y in dots
            ]
        parts += _mean_marks(strip.figure, axis, middle)
        parts.append("</g>")
    return _svg(parts, name=name, title=title, height=height)


def curve_chart(
    curves: Sequence[tuple[str, Sequence[float | None]]], *, name: str, title: str, axis_title: str = "frame"
) -> str:
    """A line for each row; frames without a value are gaps.

    Args:
        curves: Titles and values of frame 0, 1, ...; the title appears over the line. At least one value.
        name: Begins the ids in the chart; no two charts of a page have the same.
        title: What is shown, for those who do not see it.
        axis_title: Under the axis of frames.
    """
    across = Axis(low=0, high=max(1, *(len(values) - 1 for _, values in curves)), start=LEFT, stop=WIDTH - RIGHT)
    numbers = [value for _, values in curves for value in values if value is not None]
    up = _axis(numbers, start=HEIGHT - BOTTOM, stop=TOP)
    parts = [_horizontal_grid(up, LEFT, WIDTH - RIGHT)]
    parts += [
        f'<text class="tick" text-anchor="middle" x="{across.at(value)}" y="{HEIGHT - BOTTOM + 14}">{text}</text>'
        for value, text in across.ticks()
        if value == int(value)
    ]
    parts.append(
        f'<text class="tick" text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}">{axis_title}</text>'
    )
    parts += [
        f'<path class="line {series_class(index)}" d="{_path(values, across, up)}">'
        f"<title>{escape(label)}</title></path>"
        for index, (label, values) in enumerate(curves)
    ]
    return _svg(parts, name=name, title=title, height=HEIGHT)


def _svg(parts: Iterable[str], *, name: str, title: str, height: float) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{name}-title">'
        f'<title id="{name}-title">{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _axis(values: Sequence[float], *, start: float, stop: float) -> Axis:
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return Axis(low=low - margin, high=high + margin, start=start, stop=stop)


def _vertical_grid(axis: Axis, top: float, bottom: float) -> str:
    return "".join(
        f'<path class="grid" d="M{axis.at(value)} {top}V{bottom}"/>'
        f'<text class="tick" text-anchor="middle" x="{axis.at(value)}" y="{bottom + 15}">{text}</text>'
        for value, text in axis.ticks()
    )


def _horizontal_grid(axis: Axis, left: float, right: float) -> str:
    return "".join(
        f'<path class="grid" d="M{left} {axis.at(value)}H{right}"/>'
        f'<text class="tick" text-anchor="end" x="{left - 6}" y="{axis.at(value)}" dy="0.35em">{text}</text>'
        for value, text in axis.ticks()
    )


def _mean_marks(figure: Figure | None, axis: Axis, middle: float) -> list[str]:
    if figure is None or figure.mean is None:
        return []
    y = middle + 15
    marks = [f'<path class="mean" d="M{axis.at(figure.mean)} {y - 4:.1f}v8"/>']
    if figure.low is not None and figure.high is not None:
        marks.append(f'<path class="interval" d="M{axis.at(figure.low)} {y:.1f}H{axis.at(figure.high)}"/>')
    return marks


def _path(values: Sequence[float | None], across: Axis, up: Axis) -> str:
    commands: list[str] = []
    pen_down = False
    for frame, value in enumerate(values):
        if value is not None:
            commands.append(f"{'L' if pen_down else 'M'}{across.at(frame)} {up.at(value)}")
        pen_down = value is not None
    return "".join(commands)


def _jitter(index: int) -> float:
    """Spreads the dots of a strip over its height: evenly, and the same way each time, by the golden ratio."""
    return 16 * (index * 0.6180339887 % 1) - 8


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    power = 10 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))
