"""Trains the ablations of the paper (section 4.4), measures them on unseen characters, and writes the table.

    python tools/ablations.py --processes 2

Everything is kept in runs/ablation, each stage as a run of its own; what is finished is not done again, so the same
command goes on where it was stopped. It takes about an hour of two cores. `--only clip` trains and measures one
variant (and what it needs); the table has the variants that were measured so far. At the end there are
docs/ablations.md, and beside it ablations.json with every clip's values.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablating.measures import BOUNDS, Values, measure
from ablating.report import document, summarise
from ablating.runs import Run, is_finished, read_seconds, runs_of, train_run
from ablating.variants import SHARED, VARIANTS
from animate_anyone.cli.terminal import quiet_libraries
from animate_anyone.errors import AnimateAnyoneError
from animate_anyone.evaluation.report_file import json_text
from animate_anyone.media.atomic import write_file
from animate_anyone.run_report import this_machine, used_versions
from animate_anyone.train.config import ProceduralData
from model_card.record import run_record

ROOT = Path(__file__).parents[1]


def run_ablations(
    names: Sequence[str], root: Path, report: Path, *, size: str, clips: int, processes: int, command: str
) -> dict[str, Any]:
    """Trains and measures variants, and writes the report on all that are measured by then.

    Args:
        names: Of variants, in `VARIANTS`.
        root: Folder of all runs.
        report: The document; its data is written beside it.
        size: First word in the names of the configuration files.
        clips: How many test clips.
        processes: How many train, and how many clips are measured side by side.
        command: For the report.

    Returns:
        The report's data.

    Raises:
        AnimateAnyoneError: A configuration cannot be used, or a run failed or was stopped.
    """
    root.mkdir(parents=True, exist_ok=True)
    runs: list[Run] = []
    for name in names:
        for wanted in runs_of(VARIANTS[name], root, size=size):
            runs.append(wanted)
            if is_finished(wanted):
                continue
            print(f"--- {wanted.config.output.name} ---", flush=True)
            train_run(wanted, root, processes=processes)

    settings = runs[-1].config.data
    assert isinstance(settings, ProceduralData)
    data = {"size": settings.size, "fps": settings.fps, "num_frames": settings.num_frames}
    models = {name: root / variant.model / "pipeline" for name, variant in VARIANTS.items()}
    before = {path.stem for path in (root / "measures").glob("*.json")}
    rows = {name: folder for name, folder in models.items() if name in before or name in names}
    rows |= dict.fromkeys(BOUNDS, models[names[0]])
    measured: dict[str, Values] = {}
    for name, folder in rows.items():
        print(f"--- measuring: {name} ---", flush=True)
        measured[name] = measure(name, folder, root, clips=clips, data=data, processes=processes)

    trained = [*SHARED, *dict.fromkeys(run for name in rows if name in VARIANTS for run in VARIANTS[name].runs)]
    facts = {
        "command": command,
        "commit": commit(),
        "machine": {**this_machine(), "cpus": os.cpu_count()},
        "versions": used_versions(),
        "clips": clips,
        "data": data,
        "runs": {name: {**_run_facts(root / name), "seconds": read_seconds(root)[name]} for name in trained},
    }
    summary = summarise(measured, facts)
    write_file(report, document(summary).encode())
    write_file(report.with_suffix(".json"), json_text(summary).encode())
    return summary


def commit() -> str:
    """The commit that is checked out, marked if files differ from it."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _run_facts(folder: Path) -> dict[str, Any]:
    record = run_record(folder)
    kept = ("steps", "samples", "frames", "config")
    return {"seed": record["config"]["seed"], **{name: record[name] for name in kept}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses, runs, and says where the report is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=VARIANTS, action="append", help="train and measure this one; may be repeated")
    parser.add_argument("--processes", type=int, choices=range(1, 65), metavar="P", default=1)
    parser.add_argument("--clips", type=int, choices=range(1, 1001), metavar="N", default=24, help="test clips")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation"), help="folder of the runs")
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "ablations.md", help="the document to write")
    parser.add_argument(
        "--size", choices=("ablation", "tiny"), default="ablation", help="tiny: only to see that everything works"
    )
    given = parser.parse_args(arguments)
    quiet_libraries()
    words = ["python", "tools/ablations.py", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        run_ablations(
            given.only or list(VARIANTS),
            given.runs,
            given.report,
            size=given.size,
            clips=given.clips,
            processes=given.processes,
            command=" ".join(words),
        )
    except AnimateAnyoneError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"The report is in {given.report}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
