"""From the values of clips to the figures of a table."""

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from animate_anyone.evaluation.document import Figure, MeasureRecord, Row
from animate_anyone.evaluation.instruments import Instrument
from animate_anyone.evaluation.measures import DISTANCES, MEASURES, probe_of
from animate_anyone.evaluation.scoring import TRUTH, Scoring, feature_folder, read_clip, value_key
from animate_anyone.metrics.frechet import Moments, frechet_distance
from animate_anyone.metrics.intervals import estimate

Value = float | list[float | None] | None


def measure_records(
    measures: Sequence[str], instruments: Mapping[str, Instrument], not_run: Mapping[str, str]
) -> dict[str, MeasureRecord]:
    """What a report says of the measures, those that were not run included."""
    records: dict[str, MeasureRecord] = {}
    for name in measures:
        measure = MEASURES[name]
        instrument = instrument_of(name, instruments)
        records[name] = MeasureRecord(
            title=measure.title,
            higher_is_better=measure.higher_is_better,
            digits=measure.digits,
            level=measure.level,
            definition=measure.definition,
            network=None if instrument is None else instrument.name,
            not_run=not_run.get(name),
        )
    return records


def instrument_of(measure: str, instruments: Mapping[str, Instrument]) -> Instrument | None:
    """What a measure looks through; None if nothing, or if it is not at hand."""
    name = DISTANCES[measure].instrument if measure in DISTANCES else probe_of(measure).instrument
    return None if name is None else instruments.get(name)


def summarise_row(scoring: Scoring, row: str, instruments: Mapping[str, Instrument], *, bound: bool = False) -> Row:
    """The figures of one row; its clips are read one by one."""
    of_clips = [name for name in scoring.measures if name not in DISTANCES]
    keys = {name: value_key(name, instrument_of(name, instruments)) for name in of_clips}
    per_clip: dict[str, dict[str, float | None]] = {}
    sums: dict[str, list[tuple[float, int]]] = {name: [] for name in of_clips if MEASURES[name].level == "frame"}
    for clip in scoring.test_set.names:
        known = read_clip(scoring.output, clip).get(row, {})  # nothing of a clip that only distances were taken of
        per_clip[clip] = {name: clip_value(known[key]) for name, key in keys.items()}
        for name in sums:
            sums[name] = _added(sums[name], known[keys[name]])
    figures = {name: _figure([values[name] for values in per_clip.values()]) for name in of_clips}
    figures |= {name: _distance(scoring, name, row, instruments) for name in scoring.distances}
    curves = {name: tuple(total / count if count else None for total, count in pairs) for name, pairs in sums.items()}
    return Row(
        title=scoring.videos.rows[row],
        figures={name: figures[name] for name in scoring.measures},
        per_clip=per_clip,
        curves=curves,
        bound=bound,
    )


def clip_value(value: Value) -> float | None:
    """A clip's value: the mean over the frames that have one."""
    if not isinstance(value, list):
        return value
    numbers = [number for number in value if number is not None]
    return fmean(numbers) if numbers else None


def _added(sums: list[tuple[float, int]], values: list[float | None]) -> list[tuple[float, int]]:
    """Sum and count of each frame's values, with those of one more clip."""
    pairs = zip_longest(sums, values, fillvalue=None)
    added: list[tuple[float, int]] = []
    for before, value in pairs:
        total, count = before or (0.0, 0)
        added.append((total, count) if value is None else (total + value, count + 1))
    return added


def _figure(values: Sequence[float | None]) -> Figure:
    # Each measure draws the same clips, so that an interval does not depend on which other measures were run.
    found = estimate([math.nan if value is None else value for value in values], np.random.default_rng(0))
    if not found.clips:
        return Figure(mean=None, low=None, high=None, clips=0)
    if found.clips == 1:  # which can be drawn in one way only, and tells nothing of others
        return Figure(mean=found.mean, low=None, high=None, clips=1)
    return Figure(mean=found.mean, low=found.low, high=found.high, clips=found.clips)


def _distance(scoring: Scoring, name: str, row: str, instruments: Mapping[str, Instrument]) -> Figure:
    """A distance has no interval: with clips drawn several times, it would come out larger than it is."""
    instrument = instruments[DISTANCES[name].instrument]
    ours, theirs = (
        _moments(feature_folder(scoring.output, side, instrument), scoring.test_set.names) for side in (row, TRUTH)
    )
    if ours is None or theirs is None or ours[0].count < 2 or theirs[0].count < 2:
        return Figure(mean=None, low=None, high=None, clips=0)
    return Figure(mean=frechet_distance(ours[0], theirs[0]), low=None, high=None, clips=min(ours[1], theirs[1]))


def _moments(folder: Path, clips: Sequence[str]) -> tuple[Moments, int] | None:
    """Of the features of all clips, and how many clips have some."""
    moments: Moments | None = None
    count = 0
    for clip in clips:
        features: Any = np.load(folder / f"{clip}.npy", allow_pickle=False)
        if len(features):
            part = Moments.of(features)
            moments = part if moments is None else moments.merged(part)
            count += 1
    return None if moments is None else (moments, count)
