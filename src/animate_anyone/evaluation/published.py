"""Tables that papers have printed, as data: `published/*.toml`, each with its sources and with what is comparable."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from animate_anyone.errors import ConfigError

MEASURES: Mapping[str, tuple[str, bool]] = {
    "ssim": ("SSIM", True),
    "psnr_legacy": ("PSNR, wrapping (dB)", True),
    "psnr": ("PSNR (dB)", True),
    "lpips": ("LPIPS", False),
    "l1": ("L1", False),
    "fid": ("FID", False),
    "fid_vid": ("FID-VID", False),
    "fvd": ("FVD", False),
}
"""What is printed, by the name that the measure has here: its title, and whether higher is better."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where values were printed, and what of it was read to copy them."""

    citation: str
    read: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """Whether a printed column may be compared with the measure of the same name, and why."""

    comparable: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """What was printed for a system.

    Attributes:
        system: Its name.
        sources: Names of the table's sources.
        values: By name of the measure, with the digits that were printed.
        note: What a reader must know, or nothing.
    """

    system: str
    sources: tuple[str, ...]
    values: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """Values printed under one protocol.

    Attributes:
        name: That of its file.
        protocol: Name of the protocol here whose clips it is about; rows of other protocols are not put beside it.
        title: For people.
        about: What is known of how the values came about.
        sources: By the names that rows use.
        columns: By name of the measure, in the order of the table.
        rows: As in `PublishedRow`.
    """

    protocol: str
    title: str
    about: str
    sources: Mapping[str, Source]
    columns: Mapping[str, Column]
    rows: tuple[PublishedRow, ...]
    name: str


@cache
def published_names() -> tuple[str, ...]:
    """Names of all tables, in order."""
    folder = files("animate_anyone.evaluation") / "published"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def published_table(name: str) -> PublishedTable:
    """A table by its name.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in published_names():
        raise ConfigError(f"There is no published table '{name}'; there are {', '.join(published_names())}.")
    file = files("animate_anyone.evaluation") / "published" / f"{name}.toml"
    values = {**tomllib.loads(file.read_text(encoding="utf-8")), "name": name}
    return TypeAdapter(PublishedTable).validate_python(values, extra="forbid")


def tables_of(protocol: str) -> tuple[PublishedTable, ...]:
    """The tables about a protocol's clips, the most general one first; empty if nothing was printed on them."""
    tables = [published_table(name) for name in published_names()]
    return tuple(sorted((table for table in tables if table.protocol == protocol), key=lambda table: len(table.name)))
