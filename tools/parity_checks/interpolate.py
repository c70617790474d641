"""Frames between frames: denoised latents interpolated as Moore-AnimateAnyone can, which no command of ours does."""

import itertools
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Interpolation = Callable[[Tensor, Tensor, float], Tensor]


def linear(start: Tensor, end: Tensor, position: float) -> Tensor:
    """On the straight line between two frames."""
    return torch.lerp(start, end, position)


def slerp(start: Tensor, end: Tensor, position: float) -> Tensor:
    """On the arc between two frames, each taken as one vector; on the line where they are almost parallel."""
    cosine = (start * end).sum() / (start.norm() * end.norm())
    if cosine.abs() > 0.9995:
        return linear(start, end, position)
    angle = torch.acos(cosine)
    return (torch.sin((1 - position) * angle) * start + torch.sin(position * angle) * end) / torch.sin(angle)


def interpolate_frames(
    latents: Float[Tensor, "b c f h w"], factor: int, interpolation: Interpolation = slerp
) -> Float[Tensor, "b c g h w"]:
    """Puts `factor` - 1 frames between neighbours: f frames become (f - 1) x factor + 1.

    Raises:
        ValueError: if the factor is below 1.
    """
    if factor < 1:
        raise ValueError(f"The interpolation factor must be at least 1; got {factor}.")
    frames = list(latents.unbind(dim=2))
    between = [
        interpolation(start, end, i / factor) for start, end in itertools.pairwise(frames) for i in range(factor)
    ]
    return torch.stack([*between, frames[-1]], dim=2)
