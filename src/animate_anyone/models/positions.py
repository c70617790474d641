"""Rotary positions of the pixels of a feature map, for spatial attention (Su et al. 2021, on two axes).

Stable Diffusion's attention does not know where a token lies; its convolutions tell it, once trained on millions of
pictures. A small network learns to look at the same place of the reference far sooner when attention depends on how
far apart two tokens are.
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

LONGEST = 100.0
"""Ratio of the fastest frequency, one radian a token, to the slowest."""
LOCALITY = 4.5
"""By how much the score of a neighbour, before the softmax, lies below that of the own place: e^4.5 is 90."""


def rotary_angles(height: int, width: int, head_dim: int, device: torch.device) -> Float[Tensor, "t half"]:
    """Angles of all tokens of a map, row by row: half of a head's pairs turn with the row, half with the column.

    Raises:
        ValueError: if the width of a head is not a multiple of 4.
    """
    frequencies = _frequencies(head_dim, device)
    count = len(frequencies)
    rows, columns = (torch.arange(side, device=device)[:, None] * frequencies for side in (height, width))
    angles = torch.cat([
        rows[:, None].expand(height, width, count), columns[None].expand(height, width, count),
    ], dim=-1)  # fmt: skip
    return rearrange(angles, "h w half -> (h w) half")


def local_bias(head_dim: int) -> Float[Tensor, " d"]:
    """What queries and keys of a head have to start with in common, for it to look at its own place and nowhere else.

    Turned by the angles of their tokens, two such constants score sum(a^2 cos(w dx)) + sum(a^2 cos(w dy)) over the
    frequencies w: most where the distance is zero, whatever the tokens hold. A network of random weights looks
    everywhere alike, and the way to the same place of the reference takes it long to find (Stable Diffusion's, which
    the paper starts from, is trained). d'Ascoli et al. 2021, "ConViT", start attention as a convolution likewise.
    """
    frequencies = _frequencies(head_dim, torch.device("cpu"))
    square = LOCALITY * head_dim**0.5 / (1 - frequencies.cos()).sum()
    return torch.cat([torch.full((head_dim // 2,), square.item() ** 0.5), torch.zeros(head_dim // 2)])


def _frequencies(head_dim: int, device: torch.device) -> Float[Tensor, " quarter"]:
    if head_dim % 4:
        raise ValueError(f"Rotary positions on two axes need heads of a width that 4 divides; got {head_dim}.")
    count = head_dim // 4
    return LONGEST ** (-torch.arange(count, device=device) / count)


def rotate(x: Float[Tensor, "n t heads d"], angles: Float[Tensor, "t half"]) -> Float[Tensor, "n t heads d"]:
    """Turns the pairs (i, i + d/2) of every head by the angles of their token."""
    cos, sin = (values[:, None].to(x.dtype) for values in (angles.cos(), angles.sin()))
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
