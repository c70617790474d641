"""A clip: frames of one person together with the poses in them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_anyone.pose.skeleton import PoseSequence


@dataclass(frozen=True, kw_only=True)
class Clip:
    """`frames` (F, 3, H, W) uint8 and their `poses`, in pixels of these frames.

    Raises:
        ValueError: Frames and poses do not belong together.
    """

    frames: Tensor
    poses: PoseSequence

    def __post_init__(self):
        if self.frames.ndim != 4 or self.frames.shape[1] != 3 or self.frames.dtype != torch.uint8:
            raise ValueError(
                f"Frames must be uint8 of shape (F, 3, H, W); got {self.frames.dtype} of {tuple(self.frames.shape)}."
            )
        expected = (len(self.poses), self.poses.height, self.poses.width)
        got = (self.frames.shape[0], *self.frames.shape[2:])
        if got != expected:
            raise ValueError(f"Frames and poses must agree in (F, H, W); got frames {got} and poses {expected}.")

    def __len__(self) -> int:
        return len(self.poses)
