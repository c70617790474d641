"""The best and the worst clips of an evaluation by one of its measures."""

from dataclasses import dataclass

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.cells import measures_run
from animate_anyone.evaluation.document import Evaluation


@dataclass(frozen=True, kw_only=True)
class ClipValue:
    """A clip and its value of the measure."""

    clip: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """The clips with the best values of `measure` in row `row`, best first, and those with the worst, worst first."""

    measure: str
    row: str
    best: tuple[ClipValue, ...]
    worst: tuple[ClipValue, ...]


def best_and_worst(evaluation: Evaluation, measure: str, *, row: str | None = None, count: int = 3) -> Extremes:
    """The clips at both ends of a measure.

    No clip is at both ends: of fewer than twice `count` clips, half are best and half worst, and one alone is best. Of
    equal values the clip that comes first in the evaluation is taken.

    Args:
        evaluation: With values for each clip.
        measure: The name of a measure of frames or clips that was run.
        row: A row's name; the first one if not given.
        count: Clips at each end.

    Raises:
        ConfigError: There is no such measure or row, or it has no values of clips.
    """
    row = next(iter(evaluation.rows)) if row is None else row
    if row not in evaluation.rows:
        raise ConfigError(f"There is no row '{row}'; there are {', '.join(evaluation.rows)}.")
    per_clip = evaluation.rows[row].per_clip
    values = [
        ClipValue(clip=clip, value=value)
        for clip in evaluation.clips
        if (value := per_clip.get(clip, {}).get(measure)) is not None
    ]
    if measure not in measures_run(evaluation) or not values:
        raise ConfigError(
            f"'{measure}' has no values of clips in row '{row}'. Choose one of {', '.join(clip_measures(evaluation))}."
        )
    worse_first = 1 if evaluation.measures[measure].higher_is_better else -1
    best = sorted(values, key=lambda clip: -worse_first * clip.value)[: min(count, (len(values) + 1) // 2)]
    others = [clip for clip in values if clip not in best]
    worst = sorted(others, key=lambda clip: worse_first * clip.value)[:count]
    return Extremes(measure=measure, row=row, best=tuple(best), worst=tuple(worst))


def clip_measures(evaluation: Evaluation) -> tuple[str, ...]:
    """Names of the measures that have a value for at least one clip of the first row."""
    first = next(iter(evaluation.rows.values()))
    return tuple(
        name
        for name in measures_run(evaluation)
        if any(values.get(name) is not None for values in first.per_clip.values())
    )
