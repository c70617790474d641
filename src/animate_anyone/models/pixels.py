"""Pictures as networks see them, and as bytes."""

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor


def to_bytes(pixels: Tensor) -> Tensor:
    """RGB in [-1, 1] to bytes; values beyond are clipped."""
    return ((pixels.float().cpu().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def to_model_range(frames: Tensor) -> Tensor:
    """Bytes to RGB in [-1, 1]."""
    return frames.float() / 127.5 - 1


def resized_pixels(image: Image.Image, width: int, height: int) -> Float[Tensor, "3 {height} {width}"]:
    """RGB in [0, 1], resized by Pillow's Lanczos filter as for the published checkpoints."""
    resized = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(resized).copy()).permute(2, 0, 1).float() / 255


def to_picture(pixels: Float[Tensor, "3 H W"]) -> npt.NDArray[np.uint8]:
    """RGB in [0, 1], on the CPU, to bytes (height, width, 3)."""
    return (pixels.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
