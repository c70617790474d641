"""Tables of an evaluation in Markdown: its rows, what was not run, and its rows beside a published table."""

import html
import re
from collections.abc import Iterable, Sequence

from animate_anyone.evaluation.cells import arrow, best_rows, measures_not_run, measures_run, with_interval
from animate_anyone.evaluation.comparison import ComparedRow, compare
from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.published import PublishedTable


def markdown_table(evaluation: Evaluation) -> str:
    """A line for each measure that was run, a column for each row of the evaluation.

    Cells are means over clips with their 95 % intervals, the best in bold.
    """
    lines: list[list[str]] = []
    for name, measure in measures_run(evaluation).items():
        best = best_rows(evaluation, name)
        cells = [
            _strong(with_interval(row.figures.get(name), measure.digits), row_name in best)
            for row_name, row in evaluation.rows.items()
        ]
        lines.append([f"{_text(measure.title)} {arrow(measure.higher_is_better)}", *cells])
    return _table(["", *(_text(row.title) for row in evaluation.rows.values())], lines)


def markdown_not_run(evaluation: Evaluation) -> str:
    """A list of the measures that were not run, with the reason; empty if all were."""
    return "".join(f"- {_text(title)}: {_text(reason)}\n" for title, reason in measures_not_run(evaluation).items())


def markdown_notes(evaluation: Evaluation) -> str:
    """A list of what a reader must know; empty if there is nothing."""
    return "".join(f"- {_text(note)}\n" for note in evaluation.notes)


def markdown_title(evaluation: Evaluation) -> str:
    """The head of a report: which row is in question, and under which protocol."""
    protocol, system = evaluation.protocol, next(iter(evaluation.rows.values()))
    return (
        f"# {_text(system.title)} on {_text(protocol.title)}\n\nProtocol {_text(protocol.name)}, version "
        f"{protocol.version}; {len(evaluation.clips)} clips.\n"
    )


def markdown_beside(evaluations: Sequence[Evaluation], table: PublishedTable) -> str:
    """Our rows under those of a published table, with a dagger on columns that must not be compared.

    Args:
        evaluations: One or more, of the same protocol and version.
        table: About the clips of that protocol.

    Raises:
        ConfigError: Protocols or versions differ.
        ValueError: There are no evaluations.
    """
    comparison = compare(evaluations, table)
    header = [_text(column.title) + ("" if column.comparable else " †") for column in comparison.columns]
    notes = [row.note for row in comparison.rows if row.note]

    def line(row: ComparedRow) -> list[str]:
        if row.ours:
            cells = [f"{cell} {interval}".rstrip() for cell, interval in zip(row.cells, row.intervals, strict=True)]
            return [f"**{_text(row.title)}** (measured here)", *cells, ""]
        mark = f" ({_letter(notes.index(row.note))})" if row.note else ""
        return [_text(row.title) + mark, *row.cells, ", ".join(map(str, row.sources))]

    parts = [
        f"### {_text(comparison.title)}\n\n{_text(comparison.about)}\n",
        _table(["", *header, "source"], map(line, comparison.rows)),
        "† Not comparable with what is measured here; the other columns are, with the reservation given:\n",
        "".join(
            f"- {_text(column.title)}{'' if column.comparable else ' †'}: {_text(column.reason)}\n"
            for column in comparison.columns
        ),
        "".join(f"- Not measured here: {_text(sentence)}\n" for sentence in comparison.missing),
        "".join(f"- ({_letter(index)}) {_text(note)}\n" for index, note in enumerate(notes)),
        "".join(f"{index}. {_text(source)}\n" for index, source in enumerate(comparison.sources, start=1)),
    ]
    return "\n".join(part for part in parts if part)


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *lines))


def _strong(text: str, best: bool) -> str:
    if not best:
        return text
    mean, *rest = text.split(" ", 1)
    return " ".join([f"**{mean}**", *rest])


def _letter(index: int) -> str:
    return chr(ord("a") + index)


def _text(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(" ".join(text.split()), quote=False))
