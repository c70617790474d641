"""How fast this machine computes, measured in a second or two with operations like those of the networks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from animate_anyone.devices.counting import Work

SECONDS = 0.3
"""For each kind of operation."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Of one device and data type, a second."""

    matrices: float
    convolutions: float
    attention: float
    """All three in floating-point operations."""
    moved: float
    """Values that simple operations read and write."""

    def seconds(self, work: Work) -> float:
        """How long this work takes."""
        return (
            work.matrices / self.matrices
            + work.convolutions / self.convolutions
            + work.attention / self.attention
            + work.moved / self.moved
        )


@torch.no_grad()
def measure_rates(device: torch.device, dtype: torch.dtype) -> Rates:
    """Measures with the threads that torch has; on a machine that is busy with other things, what is left of it."""
    # A GPU is kept busy by more at once than a core.
    rows = 8 if device.type == "cpu" else 64

    def filled(*shape: int) -> torch.Tensor:
        return torch.full(shape, 0.5, device=device, dtype=dtype)

    tokens, matrix = filled(rows * 256, 320), filled(320, 1280)
    maps, kernel = filled(rows, 128, 32, 32), filled(128, 128, 3, 3)
    heads = filled(4 * rows, 8, 256, 40)

    def a_second(run: Callable[[], Any], amount: float) -> float:
        return amount / _seconds(run, device)

    return Rates(
        matrices=a_second(lambda: tokens @ matrix, 2 * tokens.numel() * 1280),
        convolutions=a_second(lambda: F.conv2d(maps, kernel, padding=1), 2 * maps.numel() * 128 * 9),
        attention=a_second(lambda: F.scaled_dot_product_attention(heads, heads, heads), 4 * heads.numel() * 256),
        # An activation, and pixels brought from maps into tokens: simple operations are of both kinds.
        moved=a_second(lambda: F.gelu(maps).permute(0, 2, 3, 1).contiguous(), 4 * maps.numel()),
    )


def _seconds(run: Callable[[], Any], device: torch.device) -> float:
    """Of one call, as the mean of as many as fit into the time; the first ones, which prepare, are left out."""
    for _ in range(2):
        run()
    _finish(device)
    start, calls = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < SECONDS or not calls:
        run()
        _finish(device)
        calls += 1
    return passed / calls


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    if device.type == "mps":
        torch.mps.synchronize()
