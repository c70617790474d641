"""Cells of tables: numbers with their intervals, which way is better, and which row is best."""

from animate_anyone.evaluation.document import Evaluation, Figure, MeasureRecord

NOTHING = "–"
"""A cell without a value."""


def arrow(higher_is_better: bool) -> str:
    """Which way is better."""
    return "↑" if higher_is_better else "↓"


def number(value: float | None, digits: int) -> str:
    """A value with so many digits behind the point."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def interval(figure: Figure | None, digits: int) -> str:
    """The interval in brackets; empty where there is none."""
    if figure is None or figure.low is None or figure.high is None:
        return ""
    return f"[{number(figure.low, digits)}, {number(figure.high, digits)}]"


def with_interval(figure: Figure | None, digits: int) -> str:
    """The mean and behind it the interval, if it has one."""
    return f"{number(figure and figure.mean, digits)} {interval(figure, digits)}".rstrip()


def measures_run(evaluation: Evaluation) -> dict[str, MeasureRecord]:
    """The measures that were run, by name."""
    return {name: measure for name, measure in evaluation.measures.items() if measure.not_run is None}


def measures_not_run(evaluation: Evaluation) -> dict[str, str]:
    """Why there is no number, by the titles of the measures that were not run."""
    return {measure.title: measure.not_run for measure in evaluation.measures.values() if measure.not_run is not None}


def best_rows(evaluation: Evaluation, measure: str) -> frozenset[str]:
    """Names of the rows that are best by a measure, as far as the digits shown tell.

    Bounds do not compete; without two rows that do, none is best.
    """
    record = evaluation.measures[measure]
    means = {
        name: round(figure.mean, record.digits)
        for name, row in evaluation.rows.items()
        if not row.bound and (figure := row.figures.get(measure)) is not None and figure.mean is not None
    }
    if len(means) < 2:
        return frozenset()
    best = max(means.values()) if record.higher_is_better else min(means.values())
    return frozenset(name for name, mean in means.items() if mean == best)
