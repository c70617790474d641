"""What an evaluation comes to: `report.json` as data. The tables and the page are made of it and of nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT = "animate-anyone/evaluation"
VERSION = 1

Level = Literal["frame", "clip", "set"]
"""What a measure is a number of: each frame (its clip's value is their mean), a whole clip, or all clips together."""


@dataclass(frozen=True, kw_only=True)
class MeasureRecord:
    """A measure as this evaluation took it.

    Attributes:
        title: In tables, with the unit.
        higher_is_better: Which way is better.
        digits: Behind the point, in tables.
        level: What it is a number of.
        definition: One sentence that says exactly what is computed, and by which library.
        network: The network it looks through, with the first 8 digits of the SHA-256 of its weights; None if none.
        not_run: Why there is no number, such as "needs ..."; None if it was run.
    """

    title: str
    higher_is_better: bool
    digits: int
    level: Level
    definition: str
    network: str | None = None
    not_run: str | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number of the table: the mean over clips, and the 95 % bootstrap interval over clips.

    All None where there is nothing to measure; `low` and `high` None for measures of the whole set, and of one clip.
    """

    mean: float | None
    low: float | None
    high: float | None
    clips: int
    """How many clips had a value."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A system's results.

    Attributes:
        title: In tables.
        bound: Whether it is no system but something that systems lie between, and so never the best of a table.
        figures: By name of the measure; only of those that ran.
        per_clip: By clip, then measure (levels "frame" and "clip"); None where there was nothing to measure.
        curves: By name of the measure (level "frame"): the mean over clips of frame 0, 1, ...
    """

    title: str
    figures: Mapping[str, Figure]
    per_clip: Mapping[str, Mapping[str, float | None]]
    curves: Mapping[str, tuple[float | None, ...]]
    bound: bool = False


@dataclass(frozen=True, kw_only=True)
class ProtocolRecord:
    """The protocol under which all numbers of a document were taken.

    Attributes:
        name: Such as "procchar-100"; "none" for `score` without one.
        version: Raised whenever its numbers would come out otherwise.
        title: For people.
        facts: What it lays down, for a table: size, frames, rate, colour range, clips, networks, ...
    """

    name: str
    version: int
    title: str
    facts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything `report.json` holds.

    Attributes:
        protocol: Under which it was made.
        clips: Their names, in order.
        measures: By name, in the order of tables, those that were not run included.
        rows: By name; the first is the system in question, the others are baselines measured the same way.
        settings: Seeds, steps and the like, for a table.
        hashes: SHA-256 of weights and data, by what they are of.
        versions: Of packages.
        machine: That it ran on.
        notes: Sentences a reader must know, such as how lengths were aligned.
    """

    protocol: ProtocolRecord
    clips: tuple[str, ...]
    measures: Mapping[str, MeasureRecord]
    rows: Mapping[str, Row]
    settings: Mapping[str, Any]
    hashes: Mapping[str, str]
    versions: Mapping[str, str]
    machine: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    format: str = field(default=FORMAT, init=False)
    document_version: int = field(default=VERSION, init=False)
