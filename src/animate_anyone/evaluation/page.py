"""The report as one HTML file that needs no network: tables, charts, playable clips, and all that decides them."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from animate_anyone.evaluation import cells
from animate_anyone.evaluation.charts import Strip, curve_chart, series_class, strip_chart
from animate_anyone.evaluation.comparison import compare
from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.extremes import ClipValue, Extremes, best_and_worst, clip_measures
from animate_anyone.evaluation.published import tables_of
from animate_anyone.media.atomic import write_file

MAX_VIDEO_BYTES = 3 * 2**20
"""Of one clip."""
MAX_PAGE_BYTES = 24 * 2**20
"""Of all clips of a page together."""
HEADLINES = 4


@dataclass(frozen=True, kw_only=True)
class Headline:
    """A number at the head of the page."""

    title: str
    value: str
    interval: str
    beside: str
    """What the other rows have."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart and what is said under it."""

    caption: str
    svg: Markup


@dataclass(frozen=True, kw_only=True)
class ShownClip:
    """A clip at one end of a measure: its video as a data URL, or why there is none."""

    clip: str
    value: str
    video: str | None
    missing: str


def save_page(
    evaluation: Evaluation,
    path: Path,
    *,
    videos: Mapping[str, bytes],
    video_caption: str,
    measure: str | None = None,
) -> None:
    """Write the page; the file appears complete or not at all. For arguments and errors see `page_html`.

    Raises:
        MediaError: The place cannot be written to.
    """
    text = page_html(evaluation, videos=videos, video_caption=video_caption, measure=measure)
    write_file(path, text.encode())


def page_html(
    evaluation: Evaluation, *, videos: Mapping[str, bytes], video_caption: str, measure: str | None = None
) -> str:
    """The page: the same text for the same arguments.

    Args:
        evaluation: What is reported. Tables that were printed about the clips of its protocol appear beside its rows.
        videos: MP4 files by clip; of those in `shown_clips` the ones that are here can be played. Files beyond
            `MAX_VIDEO_BYTES`, or `MAX_PAGE_BYTES` together, are left out, and the page says so.
        video_caption: What is seen in them, from left to right.
        measure: By which clips are best and worst; the first with values of clips if not given.

    Raises:
        ConfigError: The measure has no values of clips.
    """
    extremes = _extremes(evaluation, measure)
    shown = dict(_shown(extremes, evaluation, videos)) if extremes else {}
    return _template().render(
        evaluation=evaluation,
        system=next(iter(evaluation.rows.values())).title,
        cells=cells,
        measures=cells.measures_run(evaluation),
        best={name: cells.best_rows(evaluation, name) for name in cells.measures_run(evaluation)},
        not_run=cells.measures_not_run(evaluation),
        headlines=list(_headlines(evaluation)),
        comparisons=[compare([evaluation], table) for table in tables_of(evaluation.protocol.name)],
        legend=[(series_class(index), row.title) for index, row in enumerate(evaluation.rows.values())],
        strips=list(_strips(evaluation)),
        curves=list(_curves(evaluation)),
        extremes=extremes,
        extremes_measure=evaluation.measures[extremes.measure] if extremes else None,
        ends=[
            (title, [shown[clip.clip] for clip in end])
            for title, end in ((("Worst", extremes.worst), ("Best", extremes.best)) if extremes else ())
        ],
        video_caption=video_caption,
        facts=[
            ("Protocol", evaluation.protocol.facts),
            ("Settings", _flat(evaluation.settings)),
            ("SHA-256 of weights and data", evaluation.hashes),
            ("Versions", evaluation.versions),
            ("Machine", _flat(evaluation.machine)),
        ],
        style=Markup(_file("page.css")),
    )


def shown_clips(evaluation: Evaluation, *, measure: str | None = None) -> tuple[str, ...]:
    """The clips of which the page shows videos: the worst and the best, so that only these need to be encoded.

    Raises:
        ConfigError: The measure has no values of clips.
    """
    extremes = _extremes(evaluation, measure)
    return tuple(clip.clip for clip in (*extremes.worst, *extremes.best)) if extremes else ()


def _extremes(evaluation: Evaluation, measure: str | None) -> Extremes | None:
    measures = clip_measures(evaluation)
    if measure is None and not measures:
        return None
    return best_and_worst(evaluation, measure or measures[0])


def _headlines(evaluation: Evaluation) -> Iterator[Headline]:
    first, *others = evaluation.rows.values()
    for name, measure in list(cells.measures_run(evaluation).items())[:HEADLINES]:
        figure = first.figures.get(name)
        means = [(row.title, row.figures[name].mean) for row in others if name in row.figures]
        yield Headline(
            title=f"{measure.title} {cells.arrow(measure.higher_is_better)}",
            value=cells.number(figure and figure.mean, measure.digits),
            interval=cells.interval(figure, measure.digits),
            beside=", ".join(f"{title} {cells.number(mean, measure.digits)}" for title, mean in means),
        )


def _strips(evaluation: Evaluation) -> Iterator[Chart]:
    for index, (name, measure) in enumerate(cells.measures_run(evaluation).items()):
        strips = [
            Strip(
                title=row.title,
                values={
                    clip: value
                    for clip in evaluation.clips
                    if (value := row.per_clip.get(clip, {}).get(name)) is not None
                },
                figure=row.figures.get(name),
            )
            for row in evaluation.rows.values()
        ]
        if any(strip.values for strip in strips):
            title = f"{measure.title} {cells.arrow(measure.higher_is_better)}"
            svg = strip_chart(
                strips, name=f"strip-{index}", title=f"{measure.title} of each clip, by row", digits=measure.digits
            )
            yield Chart(caption=title, svg=Markup(svg))


def _curves(evaluation: Evaluation) -> Iterator[Chart]:
    for index, (name, measure) in enumerate(cells.measures_run(evaluation).items()):
        curves = [(row.title, row.curves.get(name, ())) for row in evaluation.rows.values()]
        if any(value is not None for _, values in curves for value in values):
            title = f"{measure.title} {cells.arrow(measure.higher_is_better)}"
            svg = curve_chart(curves, name=f"curve-{index}", title=f"{measure.title} over the frames of a clip, by row")
            yield Chart(caption=title, svg=Markup(svg))


def _shown(extremes: Extremes, evaluation: Evaluation, videos: Mapping[str, bytes]) -> Iterator[tuple[str, ShownClip]]:
    room = MAX_PAGE_BYTES
    for clip in (*extremes.worst, *extremes.best):
        data = videos.get(clip.clip)
        missing = _why_missing(data, room)
        if data is not None and not missing:
            room -= len(data)
        yield clip.clip, _shown_clip(clip, evaluation.measures[extremes.measure].digits, data, missing)


def _shown_clip(clip: ClipValue, digits: int, data: bytes | None, missing: str) -> ShownClip:
    return ShownClip(
        clip=clip.clip,
        value=cells.number(clip.value, digits),
        video=None if data is None or missing else "data:video/mp4;base64," + base64.b64encode(data).decode("ascii"),
        missing=missing,
    )


def _why_missing(data: bytes | None, room: int) -> str:
    if data is None:
        return "Its video was not kept."
    if len(data) > MAX_VIDEO_BYTES:
        return f"Its video has {len(data) / 2**20:.1f} MiB; the page takes {MAX_VIDEO_BYTES // 2**20} MiB a clip."
    if len(data) > room:
        return f"Left out: the page takes {MAX_PAGE_BYTES // 2**20} MiB of video."
    return ""


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Tables in tables as dotted names, and every value as text."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = cells.NOTHING if value is None else str(value)
    return flat


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_file("page.html.jinja"))


def _file(name: str) -> str:
    return (files("animate_anyone.evaluation") / name).read_text(encoding="utf-8")
