"""Puts frames side by side into one validation picture."""

from collections.abc import Sequence

from einops import rearrange
from jaxtyping import Float
from PIL import Image
from torch import Tensor


def grid(rows: Sequence[Float[Tensor, "n 3 h w"]]) -> Image.Image:
    """One row of frames for each tensor of RGB in [-1, 1]; values beyond are clipped."""
    pictures = [rearrange(row, "n c h w -> h (n w) c") for row in rows]
    joined = rearrange(pictures, "rows h w c -> (rows h) w c")
    return Image.fromarray(((joined.clamp(-1, 1) + 1) * 127.5).round().byte().numpy())
