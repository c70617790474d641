"""Window plans: which frames are denoised together, and how much each window counts for each of its frames.

Temporal attention sees a fixed number of frames, so a longer clip is denoised in overlapping windows whose predictions
are averaged at every step (paper section 4.1).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

GOLDEN_RATIO = 0.618034


@dataclass(frozen=True)
class Window:
    """Frames denoised together, and a positive weight for each of them."""

    frames: tuple[int, ...]
    weights: Float[Tensor, " f"]


WindowPlan = Callable[[int, int], list[Window]]
"""Gives the windows of a clip, from its number of frames and the denoising step. Every frame is in at least one."""


@dataclass(frozen=True)
class OverlappingWindows:
    """As few windows as the overlap allows, from the first frame to the last, all of one size.

    A window counts less towards its ends, so that one fades into the next. Where the clip begins or ends there is
    nothing to fade into, and the average makes up for it. Where windows are longer together than they need be, those
    between the first and the last use the rest to lie elsewhere at every step. No window is added for that, as each
    costs as much as any other: a clip that leaves nothing over has its seams where they are.

    Args:
        size: frames in a window; a shorter clip is one window.
        overlap: frames that neighbouring windows share at least; the published models' programs take 4 of 24.
        moving: whether seams move from step to step; a seam that stays is seen sooner.
    """

    size: int = 24
    overlap: int = 4
    moving: bool = True

    def __post_init__(self):
        _check(self.size, self.overlap)

    def __call__(self, num_frames: int, step: int) -> list[Window]:
        size = min(self.size, num_frames)
        last = num_frames - size
        advance = self.size - self.overlap
        inner = max(0, math.ceil(last / advance) - 1)
        # Multiples of the golden ratio spread the shifts evenly, however many steps there are.
        share = (step * GOLDEN_RATIO) % 1 if self.moving else 0.0
        shift = int(share * ((inner + 1) * advance - last + 1))
        starts = sorted({0, *((i + 1) * advance - shift for i in range(inner)), last})
        weights = _fading_weights(size, self.overlap)
        return [Window(tuple(range(start, start + size)), weights) for start in starts]


@dataclass(frozen=True)
class ClosedLoopWindows:
    """The plan that Moore-AnimateAnyone samples with: the last window wraps around to the first frames.

    It treats every clip as a loop, so the end of a clip is drawn towards its beginning. Here to compare results.
    A stride above 1 adds coarser windows, in which neighbours are 2, 4, ... frames apart.

    Args:
        size: frames in a window.
        overlap: frames that neighbouring windows share.
        stride: how many spacings there are, as far as a window does not outgrow the clip.
    """

    size: int = 24
    overlap: int = 4
    stride: int = 1

    def __post_init__(self):
        _check(self.size, self.overlap)
        if self.stride < 1:
            raise ValueError(f"The stride must be at least 1; got {self.stride}.")

    def __call__(self, num_frames: int, step: int) -> list[Window]:
        return [Window(frames, torch.ones(len(frames))) for frames in self.indices(num_frames)]

    def indices(self, num_frames: int) -> list[tuple[int, ...]]:
        """The frames of every window. With a stride above 1 a coarse window can hold a frame twice."""
        if num_frames <= self.size:
            return [tuple(range(num_frames))]
        levels = min(self.stride, math.ceil(math.log2(num_frames / self.size)) + 1)
        return [
            tuple((start + i * gap) % num_frames for i in range(self.size))
            for gap in (2**level for level in range(levels))
            for start in range(0, num_frames, self.size * gap - self.overlap)
        ]


def _check(size: int, overlap: int) -> None:
    if not 0 <= overlap < size:
        raise ValueError(f"A window of {size} frames cannot overlap the next by {overlap}; choose 0 to {size - 1}.")


def _fading_weights(size: int, overlap: int) -> Tensor:
    """Rises linearly over the overlap at the start and falls over it at the end; never zero."""
    ramp = torch.arange(1, size + 1) / (overlap + 1)
    return torch.minimum(ramp, ramp.flip(0)).clamp(max=1)
