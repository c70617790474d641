"""`python -m benchmarks --json FILE`: prints a Markdown table, and writes the same figures as JSON.

The pipeline, its preset "fast" and the stream beside a plain loop over the same networks: time (as ratios), counted
work at full width, peak memory, and how far the preset is from what is exact. It takes several minutes of one core, and
is run at the root of a checkout.
"""

import argparse
import json
from pathlib import Path

import torch

from benchmarks.drift import drift_of_bundled_model, drift_of_random_networks
from benchmarks.memory import measure_memory
from benchmarks.report import Report, machine
from benchmarks.streaming import measure_growth
from benchmarks.timing import measure_time
from benchmarks.work import count_work

DESCRIPTION = "What the pipeline and the stream cost beside a plain loop over the same networks."


def main() -> None:
    """Runs all benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--rounds", type=int, default=5, help="times that each clip is made; the least time counts")
    parser.add_argument("--steps", type=int, default=20, help="denoising steps of the clips whose time is taken")
    parser.add_argument("--frames", type=int, nargs="+", default=[24, 64], help="lengths of these clips")
    parser.add_argument("--memory-frames", type=int, nargs="+", default=[64, 512], help="lengths for peak memory")
    parser.add_argument(
        "--stream-frames", type=int, nargs="+", default=[120, 480], help="lengths for the stream's time"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = Report(
        machine=machine(),
        timings=tuple(
            measure_time(frames, num_steps=arguments.steps, rounds=arguments.rounds) for frames in arguments.frames
        ),
        work=count_work(),
        memory=measure_memory(tuple(arguments.memory_frames)),
        growth=measure_growth(tuple(arguments.stream_frames), rounds=arguments.rounds),
        drifts=(drift_of_bundled_model(), drift_of_random_networks()),
    )
    print(report.to_markdown())
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
