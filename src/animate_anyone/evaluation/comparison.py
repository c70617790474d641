"""Rows of evaluations beside a published table: only of one protocol, and saying which columns may be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.cells import NOTHING, arrow, interval, number
from animate_anyone.evaluation.document import Evaluation, MeasureRecord, Row
from animate_anyone.evaluation.published import MEASURES, PublishedTable


@dataclass(frozen=True, kw_only=True)
class ComparedColumn:
    """A column: its title with the arrow, and whether ours and theirs may be compared, with the reason."""

    title: str
    comparable: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """A row, measured here or printed: a text and an interval (or nothing) for each column; sources count from 1."""

    title: str
    ours: bool
    cells: tuple[str, ...]
    intervals: tuple[str, ...]
    sources: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A published table with our rows under it."""

    title: str
    about: str
    columns: tuple[ComparedColumn, ...]
    rows: tuple[ComparedRow, ...]
    sources: tuple[str, ...]
    """Citations, in the order of their numbers."""
    missing: tuple[str, ...]
    """A sentence for each column of which we have no value."""


def check_same_protocol(evaluations: Sequence[Evaluation]) -> None:
    """Refuse evaluations whose numbers do not compare.

    Raises:
        ConfigError: Protocols, their versions, or the way a measure was taken differ.
        ValueError: There are no evaluations.
    """
    if not evaluations:
        raise ValueError("There is no evaluation to compare.")
    first = evaluations[0]
    for other in evaluations[1:]:
        if _protocol(other) != _protocol(first):
            raise ConfigError(
                f"Evaluations of different protocols do not compare: {_protocol(first)} and {_protocol(other)}. "
                "Evaluate again under one of them."
            )
        for name, measure in first.measures.items():
            same = other.measures.get(name, measure)
            if None is measure.not_run is same.not_run and _way(same) != _way(measure):
                raise ConfigError(
                    f"'{name}' was not taken the same way: {_way(measure)}, and {_way(same)}. "
                    "Evaluate again with one version of the package and one network."
                )


def compare(evaluations: Sequence[Evaluation], table: PublishedTable) -> Comparison:
    """Put rows of evaluations under the rows of a published table.

    Args:
        evaluations: One or more, of the same protocol and version. A row that is the same in several appears once.
        table: About the clips of that protocol.

    Raises:
        ConfigError: The protocols differ.
        ValueError: There are no evaluations.
    """
    check_same_protocol(evaluations)
    if evaluations[0].protocol.name != table.protocol:
        raise ConfigError(
            f"Evaluated under {_protocol(evaluations[0])}, but the published table '{table.name}' is of protocol "
            f"'{table.protocol}'. Evaluate under that one, or choose another table."
        )
    numbers = {name: index for index, name in enumerate(table.sources, start=1)}
    printed = [
        ComparedRow(
            title=row.system,
            ours=False,
            cells=tuple(row.values.get(name, NOTHING) for name in table.columns),
            intervals=("",) * len(table.columns),
            sources=tuple(sorted(numbers[name] for name in row.sources)),
            note=row.note,
        )
        for row in table.rows
    ]
    ours = [_our_row(row, evaluation, table) for evaluation in evaluations for row in evaluation.rows.values()]
    return Comparison(
        title=table.title,
        about=table.about,
        columns=tuple(
            ComparedColumn(
                title=f"{MEASURES[name][0]} {arrow(MEASURES[name][1])}",
                comparable=column.comparable,
                reason=column.reason,
            )
            for name, column in table.columns.items()
        ),
        rows=(*printed, *dict.fromkeys(ours)),
        sources=tuple(f"{source.citation} (read: {source.read})" for source in table.sources.values()),
        missing=tuple(_missing(evaluations, table)),
    )


def _our_row(row: Row, evaluation: Evaluation, table: PublishedTable) -> ComparedRow:
    figures = {name: row.figures.get(name) for name in table.columns}
    # A measure that is not there has no figure either, and so needs no digits.
    digits = {name: evaluation.measures[name].digits for name in table.columns if name in evaluation.measures}
    return ComparedRow(
        title=row.title,
        ours=True,
        cells=tuple(number(figure and figure.mean, digits.get(name, 0)) for name, figure in figures.items()),
        intervals=tuple(interval(figure, digits.get(name, 0)) for name, figure in figures.items()),
    )


def _missing(evaluations: Sequence[Evaluation], table: PublishedTable) -> Iterator[str]:
    for name in table.columns:
        records = [evaluation.measures.get(name) for evaluation in evaluations]
        reasons = [_why_missing(record) for record in records]
        if all(reason is not None for reason in reasons):
            yield f"{MEASURES[name][0]}: {'; '.join(dict.fromkeys(filter(None, reasons)))}."


def _why_missing(record: MeasureRecord | None) -> str | None:
    return "is no measure of this protocol" if record is None else record.not_run


def _protocol(evaluation: Evaluation) -> str:
    return f"'{evaluation.protocol.name}' version {evaluation.protocol.version}"


def _way(measure: MeasureRecord) -> str:
    return f"{measure.definition!r} with {measure.network or 'no network'}"
