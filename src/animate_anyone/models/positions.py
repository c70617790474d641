"""Rotary positions of the pixels of a feature map, for spatial attention (Su et al. 2021, on two axes).

Stable Diffusion's attention does not know where a token lies; its convolutions tell it, once trained on millions of
pictures. A small network learns to look at the same place of the reference far sooner when attention depends on how
far apart two tokens are.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

LONGEST = 100.0
"""Ratio of the fastest frequency, one radian a token, to the slowest."""
OFF_THE_PICTURE = 1000.0
"""Tokens between the places in a picture and those on a body, which have no distance that would mean anything."""
LOCALITY = 4.5
"""By how much the score of a neighbour, before the softmax, lies below that of the own place: e^4.5 is 90."""


def rotary_angles(height: int, width: int, head_dim: int, device: torch.device) -> Float[Tensor, "1 t 1 half"]:
    """Angles of all tokens of a map, row by row: half of a head's pairs turn with the row, half with the column.

    Raises:
        ValueError: if the width of a head is not a multiple of 4.
    """
    return rearrange(_angles(_grid(height, width, device), head_dim), "h w half -> 1 (h w) 1 half")


def body_angles(
    body_map: Float[Tensor, "n 2 H W"], height: int, width: int, head_dim: int
) -> Float[Tensor, "n t 1 half"]:
    """Angles of all tokens of a map by where on the body they lie, so that distances are those on the body.

    Args:
        body_map: places on the body, to the right and down, in (0, 1]; zeros off the body. It is read at the tokens.
        height, width: of the map of tokens.
        head_dim: width of a head.

    Returns:
        The body is as many tokens high as the map. Tokens off the body have their place in the picture, and are as far
        from the body as never matters.
    """
    places = F.interpolate(body_map.float(), (height, width), mode="nearest-exact").flip(1) * height + OFF_THE_PICTURE
    on_body = places.amin(dim=1, keepdim=True) > OFF_THE_PICTURE
    grid = rearrange(_grid(height, width, body_map.device), "h w axes -> 1 axes h w")
    places = torch.where(on_body, places, grid)
    return rearrange(_angles(rearrange(places, "n axes h w -> n (h w) axes"), head_dim), "n t half -> n t 1 half")


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


def _grid(height: int, width: int, device: torch.device) -> Float[Tensor, "h w 2"]:
    """Row and column of every token."""
    rows, columns = (torch.arange(side, device=device, dtype=torch.float32) for side in (height, width))
    return torch.stack([rows[:, None].expand(height, width), columns[None].expand(height, width)], dim=-1)


def _angles(places: Float[Tensor, "*tokens 2"], head_dim: int) -> Float[Tensor, "*tokens half"]:
    return (places[..., None] * _frequencies(head_dim, places.device)).flatten(-2)


def rotate(x: Float[Tensor, "n t heads d"], angles: Float[Tensor, "rows t h half"]) -> Float[Tensor, "n t heads d"]:
    """Turns the pairs (i, i + d/2) of every head by the angles of their token; one row or head may stand for all."""
    cos, sin = (values.to(x.dtype) for values in (angles.cos(), angles.sin()))
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
