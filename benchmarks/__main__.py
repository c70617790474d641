"""`python -m benchmarks --json FILE`: prints Markdown tables, and writes the same figures as JSON.

The pipeline, its preset "fast" and the stream beside a plain loop over the same networks (time as ratios, counted work
at full width, peak memory, and how far the preset is from what is exact), a step of training, finding poses, and the
use of a GPU where there is one. It takes half an hour of one core, and is run at the root of a checkout.
`--page docs/performance.md` puts the figures into the documentation as well.
"""

import argparse
import json
from pathlib import Path

import torch

from benchmarks.drift import drift_of_bundled_model, drift_of_random_networks
from benchmarks.memory import measure_memory
from benchmarks.page import filled
from benchmarks.report import Report, machine
from benchmarks.streaming import measure_growth
from benchmarks.timing import measure_time
from benchmarks.tracking import measure_tracking
from benchmarks.training import measure_training, measure_training_memory
from benchmarks.utilisation import measure_utilisation
from benchmarks.work import count_full_size, count_toys

DESCRIPTION = "What sampling costs beside a plain loop, and what training and finding poses cost."
WORK_FRAMES, WORK_STEPS = 64, 20
"""Of the clip whose work is counted."""
PARTS = ("time", "drift", "work", "memory", "training", "poses", "gpu")


def main() -> None:
    """Runs all benchmarks, or some."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--page", type=Path, help="Markdown page whose marked places get the figures")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run, in place of all")
    parser.add_argument("--rounds", type=int, default=5, help="times that all is done; the least time counts")
    parser.add_argument("--steps", type=int, default=20, help="denoising steps of the clips whose time is taken")
    parser.add_argument("--frames", type=int, nargs="+", default=[24, 64], help="lengths of these clips")
    parser.add_argument("--memory-frames", type=int, nargs="+", default=[64, 512], help="lengths for peak memory")
    parser.add_argument(
        "--stream-frames", type=int, nargs="+", default=[120, 480], help="lengths for the stream's time"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rounds, only = arguments.rounds, arguments.only
    gpu = torch.accelerator.current_accelerator() if "gpu" in only and torch.accelerator.is_available() else None
    counted = {"full size": count_full_size(), "toys": count_toys()} if "work" in only else {}
    report = Report(
        machine=machine(),
        timings=tuple(
            measure_time(frames, num_steps=arguments.steps, rounds=rounds)
            for frames in (arguments.frames if "time" in only else ())
        ),
        growth=measure_growth(tuple(arguments.stream_frames), rounds=rounds) if "time" in only else None,
        drifts=(drift_of_bundled_model(), drift_of_random_networks()) if "drift" in only else (),
        work=counted["full size"].totals(WORK_FRAMES, WORK_STEPS) if counted else None,
        proportions={name: count.proportions() for name, count in counted.items()},
        memory=measure_memory(tuple(arguments.memory_frames)) if "memory" in only else None,
        training=measure_training(rounds=rounds) if "training" in only else None,
        training_memory=measure_training_memory() if "training" in only else None,
        tracking=measure_tracking(rounds=rounds) if "poses" in only else None,
        utilisation=None if gpu is None else measure_utilisation(gpu, rounds=rounds),
    )
    print(report.to_markdown())
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    if arguments.page is not None:
        page = filled(arguments.page.read_text(encoding="utf-8"), report)
        arguments.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
