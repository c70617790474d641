"""Pictures as networks see them, from -1 to 1, and as bytes."""

import torch
from torch import Tensor


def to_bytes(pixels: Tensor) -> Tensor:
    """RGB in [-1, 1] to bytes; values beyond are clipped."""
    return ((pixels.float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def to_model_range(frames: Tensor) -> Tensor:
    """Bytes to RGB in [-1, 1]."""
    return frames.float() / 127.5 - 1
