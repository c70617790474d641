"""Puts a trained pipeline into the package as the bundled model `mini`, with what was measured of it.

    python tools/bundle.py runs/mini --commit COMMIT --processes 2

reads `runs/mini/{vae,image-encoder,stage1,stage2}` and writes `src/animate_anyone/bundled/mini`: weights in half
precision, the schedule, `training.json` (configurations, commit, loss curves, measures), and the model card README.md
with its pictures. The weights are measured on ProcChar-100 first, which takes half an hour and can be stopped: the
values are kept in `runs/mini/measures`, with the whole report, and the same command goes on. A picture
`runs/mini/drawings.png` goes onto the card, and so does the text of `--known-failures`.
"""

import argparse
import json
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from animate_anyone.checkpoints.notices import Notice, save_notices
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.cli.terminal import quiet_libraries
from animate_anyone.data.procchar import NUM_CLIPS
from animate_anyone.errors import AnimateAnyoneError, CheckpointError
from animate_anyone.evaluation.documents import write_documents
from animate_anyone.evaluation.evaluate import Evaluated, Work, evaluate, load_evaluate_config
from animate_anyone.media.atomic import replaced_folder
from model_card.card import CURVES, DRAWINGS, SHEET, Facts, known_failures, model_card
from model_card.curves import curves_svg
from model_card.record import training_record
from model_card.sheet import examples

EVALUATION = Path(__file__).parents[1] / "configs" / "procchar.toml"
TARGET = Path(__file__).parents[1] / "src" / "animate_anyone" / "bundled" / "mini"
MOST_BYTES = 40_000_000
SHEET_QUALITY = 85


def save_weights(runs: Path, folder: Path) -> int:
    """Writes the pipeline of the last stage in half precision, and returns the bytes of its weights.

    Raises:
        CheckpointError: There is no pipeline, or it is larger than the package may be.
    """
    pipeline = open_pipeline(runs / "stage2" / "pipeline", dtype=torch.float16)
    with replaced_folder(folder) as temporary:
        pipeline.save_pretrained(temporary)
        for config in temporary.rglob("*.json"):
            forget_origin(config)
        notice = Notice(
            name="mini",
            components=("vae", "image_encoder", "reference_net", "denoising_unet", "pose_guider"),
            licence="Apache-2.0",
            trained_by="the Animate Anyone project, on characters that it draws",
            url="",
        )
        save_notices([notice], temporary)
        size = sum(path.stat().st_size for path in temporary.rglob("*.safetensors"))
        if size > MOST_BYTES:
            raise CheckpointError(
                f"The weights are {size / 1e6:.1f} MB in half precision, and the package has room for "
                f"{MOST_BYTES / 1e6:.0f} MB. Train smaller networks."
            )
    return size


def forget_origin(config: Path) -> None:
    """Takes out of a configuration the folder that it was opened from, which is on this machine only."""
    values = json.loads(config.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def measure_model(folder: Path, output: Path, *, num_clips: int, processes: int) -> Evaluated:
    """Evaluates a model as `configs/procchar.toml` says, and writes the report on it."""
    changes = {"model": str(folder), "title": "mini", "clips": num_clips, "instruments.detector": "none"}
    work = Work(processes=processes, on_clip=print_progress, prepare=quiet_libraries)
    evaluated = evaluate(load_evaluate_config(EVALUATION, changes), output, work=work)
    write_documents(evaluated, output)
    return evaluated


def print_progress(done: int, total: int) -> None:
    """A line now and then."""
    if done % 10 == 0 or done == total:
        print(f"{done} of {total} clips measured", flush=True)


def count_parameters(folder: Path) -> dict[str, int]:
    """The number of parameters of each network of a model folder."""
    components: dict[str, Any] = open_pipeline(folder).components
    return {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in components.items()
        if isinstance(part, torch.nn.Module)
    }


def bundle(
    runs: Path,
    target: Path = TARGET,
    *,
    commit: str,
    machine: str,
    num_clips: int = NUM_CLIPS,
    processes: int = 1,
    failures: Path | None = None,
) -> None:
    """Writes the bundled model; the old one stays until the new one is complete.

    Raises:
        AnimateAnyoneError: A run is not complete, the weights are too large, or they cannot be measured.
    """
    record = training_record(runs, commit=commit, machine=machine)
    weights, measures = runs / "bundle", runs / "measures"
    size = save_weights(runs, weights)
    measured = measure_model(weights, measures, num_clips=num_clips, processes=processes)
    facts = Facts(
        record=record,
        measured=measured.evaluation,
        num_parameters=count_parameters(weights),
        size=size,
        known_failures=known_failures(failures),
        has_drawings=(runs / DRAWINGS).exists(),
    )
    evaluation = measured.evaluation
    record["measured"] = {
        "protocol": {"name": evaluation.protocol.name, "version": evaluation.protocol.version},
        "clips": len(evaluation.clips),
        "settings": {name: value for name, value in evaluation.settings.items() if name != "model"},
        "versions": evaluation.versions,
        "rows": {
            name: {measure: asdict(figure) for measure, figure in row.figures.items()}
            for name, row in evaluation.rows.items()
        },
    }
    with replaced_folder(target) as temporary:
        shutil.copytree(weights, temporary, dirs_exist_ok=True)
        (temporary / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        (temporary / CURVES).write_text(curves_svg(record["stages"]), encoding="utf-8")
        examples(measured).save(temporary / SHEET, quality=SHEET_QUALITY)
        if facts.has_drawings:
            shutil.copy(runs / DRAWINGS, temporary / DRAWINGS)
        (temporary / "README.md").write_text(model_card(facts), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Bundles a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="folder of the four stages' runs")
    parser.add_argument("--commit", required=True, help="commit that the runs were made with")
    parser.add_argument(
        "--machine", default=f"{platform.machine()}; torch {torch.__version__}", help="what the runs were made on"
    )
    parser.add_argument("--clips", type=int, choices=range(1, 101), metavar="1-100", default=NUM_CLIPS)
    parser.add_argument("--processes", type=int, choices=range(1, 129), metavar="P", default=1)
    parser.add_argument("--known-failures", type=Path, help="text file for that section of the card")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder of the bundled model")
    given = parser.parse_args(arguments)
    quiet_libraries()
    try:
        bundle(
            given.runs,
            given.target,
            commit=given.commit,
            machine=given.machine,
            num_clips=given.clips,
            processes=given.processes,
            failures=given.known_failures,
        )
    except AnimateAnyoneError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print((given.target / "README.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
