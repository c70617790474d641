"""Writes what an evaluation came to: `report.json`, `report.md`, and `report.html` with clips to play."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from animate_anyone.evaluation.clip_sets import Picture, TrueClip
from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.evaluate import Evaluated
from animate_anyone.evaluation.extremes import best_and_worst, clip_measures
from animate_anyone.evaluation.page import save_page
from animate_anyone.evaluation.published import tables_of
from animate_anyone.evaluation.report_file import save_report
from animate_anyone.evaluation.tables import (
    markdown_beside,
    markdown_not_run,
    markdown_notes,
    markdown_table,
    markdown_title,
)
from animate_anyone.media.atomic import write_file
from animate_anyone.media.panels import side_by_side
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.metrics.frames import Frames

JSON, MARKDOWN, HTML = "report.json", "report.md", "report.html"
BY = ("psnr", "ssim", "l1")
"""What best and worst clips are chosen by: the first of these that was run, or else the first measure of clips."""
MOST_PIXELS = 256 * 384
"""Of one picture of several side by side: a page must not become too large."""
MOST_FRAMES = 240


def write_documents(evaluated: Evaluated, output: Path) -> None:
    """Writes the three files; they replace older ones.

    Raises:
        AnimateAnyoneError: A clip cannot be had again, or the place cannot be written to.
    """
    evaluation = evaluated.evaluation
    save_report(evaluation, output / JSON)
    write_file(output / MARKDOWN, markdown(evaluation).encode())
    measures = clip_measures(evaluation)
    measure = next((name for name in BY if name in measures), measures[0] if measures else None)
    save_page(
        evaluation,
        output / HTML,
        videos={} if measure is None else extreme_videos(evaluated, measure),
        video_caption=", ".join(_titles(evaluated)),
        measure=measure,
    )


def markdown(evaluation: Evaluation) -> str:
    """The report as Markdown: the table, what was not run, what to know, and the tables of published numbers."""
    parts = [markdown_title(evaluation), markdown_table(evaluation)]
    if missing := markdown_not_run(evaluation):
        parts.append(f"Not run:\n\n{missing}")
    if notes := markdown_notes(evaluation):
        parts.append(f"To know when reading:\n\n{notes}")
    parts += [markdown_beside([evaluation], table) for table in tables_of(evaluation.protocol.name)]
    return "\n".join(parts)


def extreme_videos(evaluated: Evaluated, measure: str) -> dict[str, bytes]:
    """The best and the worst clips by a measure, as MP4 files by name: everything there is, side by side."""
    extremes = best_and_worst(evaluated.evaluation, measure)
    wanted = [entry.clip for entry in (*extremes.best, *extremes.worst)]
    places = {name: index for index, name in enumerate(evaluated.test_set.names)}
    return {name: _video(evaluated, places[name]) for name in wanted}


def _video(evaluated: Evaluated, index: int) -> bytes:
    clip = evaluated.test_set.clip(index)
    shown = {name: evaluated.videos.video(name, clip) for name in _shown_rows(evaluated)}
    height, width = clip.frames.shape[1:3]
    scale = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5)
    size = Size(2 * max(1, round(width * scale / 2)), 2 * max(1, round(height * scale / 2)))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(_panels(clip, shown, evaluated.videos.rows, size), path, fps=clip.fps)
        return path.read_bytes()


def _panels(clip: TrueClip, shown: Mapping[str, Frames], titles: Mapping[str, str], size: Size) -> Iterator[Picture]:
    for number in range(min(len(clip.frames), MOST_FRAMES)):
        pictures: dict[str, Picture] = {}
        if clip.reference is not None:
            pictures["reference"] = clip.reference
        pictures["truth"] = clip.frames[number]
        pictures |= {titles[name]: frames[number] for name, frames in shown.items()}
        yield side_by_side(pictures, size=size)


def _shown_rows(evaluated: Evaluated) -> tuple[str, ...]:
    """The system in question; baselines have their numbers."""
    return tuple(evaluated.videos.rows)[:1]


def _titles(evaluated: Evaluated) -> list[str]:
    reference = ["reference"] if "reference" in evaluated.test_set.known else []
    return [*reference, "truth", *(evaluated.videos.rows[name] for name in _shown_rows(evaluated))]
