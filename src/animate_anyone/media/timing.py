"""When the frames of a video are shown: finding its rate from timestamps, and resampling to a constant rate."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np

Frame = TypeVar("Frame")

STANDARD_RATES = tuple(
    float(rate)
    for rate in (
        Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 48, 50, Fraction(60000, 1001), 60,
        Fraction(120000, 1001), 120, 240, 5, 8, 10, 12, 15, 20,
    )
)  # fmt: skip
FAST_QUANTILE = 0.25
"""A video of variable rate is given the rate that its fastest quarter reaches."""
AVERAGED_INTERVALS = 8
NOMINAL_TOLERANCE = 0.02
"""How far that rate may be from a standard one and still be taken for it."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A constant rate for a video, chosen so that a clip of near-constant rate keeps every frame exactly once.

    Frame k of the constant rate is shown at `start` + k / `fps` seconds of the file's own clock.
    """

    start: float
    fps: float
    num_frames: int
    constant: bool


def fit_timing(
    times: Sequence[float], *, last_duration: float, resolution: float, declared_fps: float | None = None
) -> Timing:
    """Find the rate of a video from the times of its frames.

    The rate counts as constant if no frame has to move by more than half a frame interval to lie on an even grid;
    timestamps rounded to milliseconds and small jitter pass. Otherwise the rate is that of the fast passages, so
    that nothing shown there is lost and slow passages repeat frames.

    Args:
        times: Seconds at which the frames are shown, increasing; at least one.
        last_duration: Seconds for which the last frame is shown; 0 if unknown.
        resolution: Seconds that one tick of the file's clock lasts.
        declared_fps: The rate that the file states, if any; preferred when it agrees with the times.
    """
    shown = np.asarray(times, dtype=np.float64)
    last = len(shown) - 1
    span = float(shown[last] - shown[0])
    if span <= 0:  # one frame, or a clock that stands still
        fps = declared_fps or (1 / last_duration if last_duration > 0 else STANDARD_RATES[0])
        return Timing(start=float(shown[0]), fps=fps, num_frames=len(shown), constant=True)

    candidates = ([declared_fps] if declared_fps else []) + list(STANDARD_RATES)
    index = np.arange(len(shown))
    interval, offset = (float(value) for value in np.polyfit(index, shown, 1))
    unevenness = float(np.ptp(shown - (interval * index + offset))) / 2
    rates = [1 / interval]
    nearest = min(candidates, key=lambda rate: abs(1 / rate - interval))
    # A rate that the timestamps cannot tell from the fitted one is more likely to be the one that was meant.
    if last * abs(1 / nearest - interval) <= 1.5 * max(resolution, unevenness):
        rates.insert(0, nearest)
    for fps in rates:
        drift = (shown - shown[0]) * fps - index
        if drift.max() - drift.min() < 1:
            centre = float(drift.max() + drift.min()) / 2
            return Timing(start=float(shown[0]) + centre / fps, fps=fps, num_frames=len(shown), constant=True)

    # Averages over a few frames, since jitter makes single intervals too short as often as too long.
    reach = min(AVERAGED_INTERVALS, last)
    averages = (shown[reach:] - shown[:-reach]) / reach
    fast = float(np.quantile(averages[averages > 0], FAST_QUANTILE))
    nearest = min(candidates, key=lambda rate: abs(rate * fast - 1))
    fps = nearest if abs(nearest * fast - 1) <= NOMINAL_TOLERANCE else 1 / fast
    end = span + (last_duration or fast)
    num_frames = max(_slot(end, fps), _slot(span, fps) + 1)
    return Timing(start=float(shown[0]), fps=fps, num_frames=num_frames, constant=False)


def resample(frames: Iterable[tuple[float, Frame]], *, start: float, fps: float, num_frames: int) -> Iterator[Frame]:
    """Show timed frames at a constant rate: each place of the grid shows the newest frame due by then.

    Args:
        frames: (seconds, frame) in the order in which they are shown.
        start: Seconds of the first place of the grid.
        fps: Places a second.
        num_frames: Number of places. Frames beyond are not read; the last frame is held if there are too few.

    Yields:
        Exactly `num_frames` frames, unless `frames` is empty.
    """
    held: Frame | None = None
    place = 0
    for seconds, frame in frames:
        due = min(_slot(seconds - start, fps), num_frames)
        while held is not None and place < due:
            yield held
            place += 1
        held = frame
        if place >= num_frames:
            return
    while held is not None and place < num_frames:
        yield held
        place += 1


def exact_rate(fps: float) -> Fraction:
    """The rate, of at least `limits.MIN_FPS`, as the fraction that was meant: 29.97002997 is 30000/1001."""
    return Fraction(fps).limit_denominator(1001)


def _slot(seconds: float, fps: float) -> int:
    return math.floor(seconds * fps + 0.5)
