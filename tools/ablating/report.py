"""The report on the ablations, as data and as a document."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ablating.measures import BOUNDS, COLUMNS, Values, column
from ablating.variants import FULL, VARIANTS, Printed
from animate_anyone.evaluation.probe import Measure
from animate_anyone.metrics.intervals import Estimate, estimate

COMPARED = (
    *("psnr", "ssim", "limb_colour"),
    *("background_flicker", "limb_flicker", "temporal_difference", "warping_error"),
)
"""Measures whose difference from the full model is shown: clip by clip, so that hard clips do not blur it."""


def summarise(measured: Mapping[str, Values], facts: Mapping[str, Any]) -> dict[str, Any]:
    """All there is to know, fit for JSON, with rows in the order of the table."""
    order = [name for name in (*VARIANTS, *BOUNDS) if name in measured]
    return {
        **facts,
        "rows": {
            name: {
                "title": VARIANTS[name].title if name in VARIANTS else BOUNDS[name],
                "printed": asdict(VARIANTS[name].printed if name in VARIANTS else Printed()),
                "measures": {measure: _estimate(column(measured[name], measure)) for measure in COLUMNS},
                "difference from full": _differences(measured, name) if FULL in measured and name != FULL else {},
                "per clip": measured[name],
            }
            for name in order
        },
    }


def document(summary: Mapping[str, Any]) -> str:
    """The report in Markdown."""
    data, machine = summary["data"], summary["machine"]
    return f"""# Ablations

What the parts of the paper's method are worth (its section 4.4), on drawn characters. Every variant has the same data,
seeds, encoders and number of steps; the one trained in one stage has the compute of two. Means over {summary["clips"]}
clips of unseen characters and motions, {data["num_frames"]} frames of {data["size"]} x {data["size"]} pixels, with 95 %
bootstrap intervals. What each measure is stands in docs/evaluation.md. The true videos have flicker and warping error
of their own; less than that is blur.

The paper's own numbers are of photographs (UBC fashion videos), of networks of another size, and of another evaluation:
compare orders, not values.

{measures_table(summary)}
Differences from the full model, clip by clip; an interval without 0 is no accident of the choice of clips:

{differences_table(summary)}
## What was run

    {summary["command"]}

Commit {summary["commit"]}, {machine["platform"]}, {machine["cpus"]} CPUs, torch {summary["versions"]["torch"]}.
The configurations are `configs/ablation-*.toml`; what a variant changes in them is in `tools/ablating/variants.py`.

{budget_table(summary)}"""


def measures_table(summary: Mapping[str, Any]) -> str:
    """A line for each variant: ours, then the paper's."""
    titles = [_title(measure) for measure in COLUMNS.values()]
    paper = ["paper: SSIM ↑", "PSNR ↑", "LPIPS ↓", "FVD ↓"]
    lines = [_line(["", *titles, *paper]), _line(["---"] * (1 + len(titles) + len(paper)))]
    for row in summary["rows"].values():
        ours = [_cell(row["measures"][name], measure.digits) for name, measure in COLUMNS.items()]
        printed = ["-" if value is None else str(value) for value in row["printed"].values()]
        lines.append(_line([row["title"], *ours, *printed]))
    return "".join(lines)


def differences_table(summary: Mapping[str, Any]) -> str:
    """A line for each variant but the full one."""
    titles = [_title(COLUMNS[name]) for name in COMPARED]
    lines = [_line(["", *titles]), _line(["---"] * (1 + len(titles)))]
    for row in summary["rows"].values():
        found = row["difference from full"]
        if found:
            cells = [_cell(found[name], COLUMNS[name].digits, sign="+") for name in COMPARED]
            lines.append(_line([row["title"], *cells]))
    return "".join(lines)


def budget_table(summary: Mapping[str, Any]) -> str:
    """A line for each run."""
    lines = [_line(["run", "seed", "steps", "samples", "frames", "minutes"]), _line(["---"] * 6)]
    for name, run in summary["runs"].items():
        numbers = [run["seed"], run["steps"], run["samples"], run["frames"], f"{run['seconds'] / 60:.1f}"]
        lines.append(_line([name, *map(str, numbers)]))
    return "".join(lines)


def _differences(measured: Mapping[str, Values], name: str) -> dict[str, dict[str, float]]:
    pairs = {measure: (column(measured[name], measure), column(measured[FULL], measure)) for measure in COMPARED}
    return {
        measure: _estimate([one - other for one, other in zip(*both, strict=True)]) for measure, both in pairs.items()
    }


def _estimate(values: Sequence[float]) -> dict[str, float]:
    found: Estimate = estimate(values, np.random.default_rng(0))
    return asdict(found)


def _title(measure: Measure) -> str:
    return f"{measure.title} {'↑' if measure.higher_is_better else '↓'}"


def _cell(found: Mapping[str, float], digits: int, *, sign: str = "") -> str:
    if math.isnan(found["mean"]):
        return "-"
    mean, low, high = (f"{found[name]:{sign}.{digits}f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"
