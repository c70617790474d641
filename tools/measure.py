"""Measures a model on the test set ProcChar-100, clip by clip.

    python tools/measure.py MODEL --output DIR --processes 2

MODEL is a folder or a known name. Each clip is animated from its one reference frame and the true poses, at the model's
own settings unless others are given. Its values are kept in DIR/clips, and a clip that is there is not measured again,
so the same command goes on where it was stopped. At the end DIR has measures.json (means over clips with 95 % bootstrap
intervals, and every clip's values), measures.md (the table) and sheet.png (the best, the median and the worst clip).
"""

import argparse
import hashlib
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from measuring.report import TABLE, from_json, to_json, write_report
from measuring.sheet import strip
from measuring.videos import AUTOENCODER, MODEL, NO_TEMPORAL, REFERENCE, ROWS, opened
from rich.console import Console

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.registry import locate
from animate_anyone.cli.terminal import quiet_libraries
from animate_anyone.data import procchar
from animate_anyone.errors import AnimateAnyoneError, ConfigError
from animate_anyone.metrics.clip_measures import measure_clip
from animate_anyone.run_report import used_versions, weight_hashes
from animate_anyone.train.checkpoint import write_file
from animate_anyone.train.record import progress_bar

SETTINGS = "settings.json"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A clip to be measured: what a process is told."""

    model: Path
    output: Path
    index: int
    rows: tuple[str, ...]
    options: AnimateOptions

    @property
    def name(self) -> str:
        """The clip's."""
        return procchar.clip_name(self.index)

    @property
    def values(self) -> Path:
        """Where its values are kept."""
        return self.output / "clips" / f"{self.name}.json"


def measure_model(
    model: str | Path,
    output: Path,
    *,
    num_clips: int = procchar.NUM_CLIPS,
    processes: int = 1,
    steps: int | None = None,
    guidance: float | None = None,
    no_temporal: bool = False,
) -> dict[str, Any]:
    """Measures a model and returns the content of measures.json.

    Args:
        model: A folder, or a known name.
        output: Where values and report are kept.
        num_clips: The first so many clips of the set.
        processes: How many work side by side, each on one thread.
        steps: Denoising steps; None is the model's.
        guidance: Scale of guidance; None is the model's.
        no_temporal: Measure the model without its temporal attention, too.

    Raises:
        AnimateAnyoneError: The model cannot be used, the folder holds measures of another model or with other settings,
            or the test set is drawn otherwise here.
    """
    folder = locate(model)
    if not isinstance(folder, Path):
        raise ConfigError(f"'{model}' is no folder on this machine; give a model folder or a name from 'weights list'.")
    options = AnimateOptions(num_inference_steps=steps, guidance_scale=guidance, area=procchar.SIDE**2)
    settings = settings_of(folder, options)
    (output / "clips").mkdir(parents=True, exist_ok=True)
    keep_settings(output, settings)
    rows = (MODEL, *((NO_TEMPORAL,) if no_temporal else ()), REFERENCE, AUTOENCODER)
    tasks = [Task(model=folder, output=output, index=index, rows=rows, options=options) for index in range(num_clips)]
    todo = [task for task in tasks if not set(rows) <= set(read_values(task))]
    with progress_bar(Console(stderr=True)) as bar:
        place = bar.add_task("Measuring", total=len(tasks), completed=len(tasks) - len(todo))
        for _ in work(todo, processes):
            bar.advance(place)
    clips = {task.name: read_values(task) for task in tasks}
    return write_report(output, clips, {"model": str(model), **settings, "versions": used_versions()}, rows)


def work(tasks: Sequence[Task], processes: int) -> Iterator[None]:
    """Measures the clips, in this process or in several."""
    if processes == 1:
        yield from map(measure_task, tasks)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(measure_task, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def measure_task(task: Task) -> None:
    """Makes and measures those videos of a clip that have no values yet, and keeps the values."""
    torch.set_num_threads(1)
    quiet_libraries()
    clip = procchar.draw_clip(task.index)
    procchar.check_hashes([procchar.hashes_of(clip)], first=task.index)
    pipeline = opened(task.model)
    values = read_values(task)
    for row in task.rows:
        if row not in values:
            video = ROWS[row](pipeline, clip, task.options)
            values[row] = measure_clip(video, clip.frames, clip.reference, clip.poses)
            if row == MODEL:
                strip(clip, video, style=pipeline.config["pose_style"]).save(task.values.with_suffix(".png"))
    write_file(task.values, to_json(values).encode())


def read_values(task: Task) -> dict[str, dict[str, float]]:
    """What is known of a clip, by row and measure."""
    return from_json(task.values.read_text(encoding="utf-8")) if task.values.exists() else {}


def settings_of(folder: Path, options: AnimateOptions) -> dict[str, Any]:
    """All that values depend on: weights, settings as used, and the test set."""
    config = opened(folder).config
    chosen = {name: config[name] if value is None else value for name, value in asdict(options).items()}
    drawn = hashlib.sha256(procchar.manifest(procchar.published_hashes()).encode()).hexdigest()
    return {"weights": weight_hashes(folder), "settings": chosen, "test set sha256": drawn}


def keep_settings(output: Path, settings: dict[str, Any]) -> None:
    """Writes the settings, or refuses to mix values that were measured with others."""
    path = output / SETTINGS
    if path.exists():
        before = from_json(path.read_text(encoding="utf-8"))
        other = [name for name, value in settings.items() if before.get(name) != value]
        if other:
            raise ConfigError(
                f"{output} holds measures with other {' and '.join(other)}. Give another folder, or remove this one."
            )
    write_file(path, to_json(settings).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses, measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="model folder or known name")
    parser.add_argument("--output", type=Path, required=True, help="folder for values and report")
    parser.add_argument("--clips", type=int, choices=range(1, 101), metavar="1-100", default=100)
    parser.add_argument("--processes", type=int, choices=range(1, 129), metavar="P", default=1)
    parser.add_argument(
        "--steps", type=int, choices=range(1, 1001), metavar="1-1000", help="denoising steps; by default the model's"
    )
    parser.add_argument("--guidance", type=float, help="1 is none; by default the model's")
    parser.add_argument("--no-temporal", action="store_true", help="also measure it without temporal attention")
    given = parser.parse_args(arguments)
    quiet_libraries()
    try:
        measure_model(
            given.model,
            given.output,
            num_clips=given.clips,
            processes=given.processes,
            steps=given.steps,
            guidance=given.guidance,
            no_temporal=given.no_temporal,
        )
    except AnimateAnyoneError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print((given.output / TABLE).read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
