"""Peak memory of a benchmark in a process of its own, so that what stays of one is not another's."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from animate_anyone.run_report import peak_memory

ROOT = Path(__file__).parents[1]


def peak_of(module: str, *arguments: str) -> int:
    """The bytes that `python -m MODULE ARGUMENTS` prints, by `print_peak`."""
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def print_peak() -> None:
    """Prints the peak of this process up to now, in bytes."""
    print(peak_memory(torch.device("cpu")).process)
