"""The report on a model: means over clips with their intervals, as data and as a table."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from animate_anyone.data.procchar import NAME
from animate_anyone.metrics.clip_measures import MEASURES
from animate_anyone.metrics.intervals import estimate
from animate_anyone.train.checkpoint import write_file
from measuring.sheet import stacked
from measuring.videos import MODEL, ROWS

MEASURES_FILE, TABLE, SHEET = "measures.json", "measures.md", "sheet.png"
BY = "psnr"
"""What clips are ordered by for the sheet."""

Clips = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Values by clip, row and measure."""


def summarise(clips: Clips, settings: Mapping[str, Any], rows: Sequence[str]) -> dict[str, Any]:
    """All there is to know, fit for JSON: estimates by row and measure, and what they are made of."""
    values = {
        row: {measure: [clip[row][measure] for clip in clips.values()] for measure in MEASURES}
        for row in ROWS
        if row in rows
    }
    generator = np.random.default_rng(0)
    return {
        "test set": NAME,
        "clips": list(clips),
        **settings,
        "rows": {
            row: {measure: asdict(estimate(numbers, generator)) for measure, numbers in by_measure.items()}
            for row, by_measure in values.items()
        },
        "per clip": values,
    }


def table(document: Mapping[str, Any]) -> str:
    """The estimates in Markdown: a line for each measure, a column for each row of the report."""
    rows: dict[str, Any] = document["rows"]
    lines = ["| | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    for name, measure in MEASURES.items():
        cells = [_cell(estimates[name], measure.digits) for estimates in rows.values()]
        lines.append(f"| {measure.title} {'↑' if measure.higher_is_better else '↓'} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def examples(clips: Clips) -> dict[str, str]:
    """The best, the median and the worst clip, by title."""
    scores = {name: rows[MODEL][BY] for name, rows in clips.items()}
    order = sorted(scores, key=lambda name: scores[name], reverse=True)
    chosen = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    return {f"{title}: {name}, PSNR {scores[name]:.1f} dB": name for title, name in chosen.items()}


def write_report(folder: Path, clips: Clips, settings: Mapping[str, Any], rows: Sequence[str]) -> dict[str, Any]:
    """Writes `measures.json`, `measures.md` and `sheet.png`, and returns the first."""
    document = summarise(clips, settings, rows)
    write_file(folder / MEASURES_FILE, to_json(document).encode())
    write_file(folder / TABLE, table(document).encode())
    stacked({title: folder / "clips" / f"{name}.png" for title, name in examples(clips).items()}).save(folder / SHEET)
    return document


def to_json(document: Any) -> str:
    """Valid JSON: null for what is not a number."""
    return json.dumps(_without_nan(document), indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Any:
    """Reads what `to_json` wrote, with null as not a number."""
    return _with_nan(json.loads(text))


def _cell(estimated: Mapping[str, float], digits: int) -> str:
    if math.isnan(estimated["mean"]):
        return "-"
    mean, low, high = (f"{estimated[name]:.{digits}f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _without_nan(value: Any) -> Any:
    match value:
        case dict():
            return {name: _without_nan(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_without_nan(entry) for entry in value]
        case float() if math.isnan(value):
            return None
        case _:
            return value


def _with_nan(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_nan(entry) for name, entry in value.items()}
        case list():
            return [_with_nan(entry) for entry in value]
        case None:
            return math.nan
        case _:
            return value
