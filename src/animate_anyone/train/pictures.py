"""Puts frames side by side into one validation picture."""

from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

Frame = UInt8[Tensor, "3 h w"]


def to_image(frame: Frame) -> Image.Image:
    """A frame as a Pillow image."""
    return Image.fromarray(rearrange(frame, "c h w -> h w c").numpy())


def to_frame(image: Image.Image) -> Frame:
    """A Pillow image as a frame."""
    return rearrange(torch.from_numpy(np.array(image.convert("RGB"))), "h w c -> c h w")


def grid(rows: Sequence[Sequence[Frame]]) -> Image.Image:
    """Rows of equally many frames of one size, as one picture."""
    return to_image(torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1))
