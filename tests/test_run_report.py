"""Memory in the run report is that of the process alone."""

import subprocess
import sys

import pytest
import torch

from animate_anyone.run_report import PROCESS_STATUS, peak_memory

PEAK = (
    "import torch; from animate_anyone.run_report import peak_memory; print(peak_memory(torch.device('cpu')).process)"
)
BALLAST = 2**29


@pytest.mark.skipif(not PROCESS_STATUS.is_file(), reason="only Linux tells the peak of a process by itself")
def test_the_peak_is_not_that_of_the_program_that_started_it():
    ballast = torch.ones(BALLAST, dtype=torch.uint8)
    own = peak_memory(torch.device("cpu")).process
    started = subprocess.run([sys.executable, "-c", PEAK], check=True, stdout=subprocess.PIPE, text=True)
    assert own is not None and own > ballast.nbytes
    assert 50e6 < int(started.stdout) < own - BALLAST / 2
