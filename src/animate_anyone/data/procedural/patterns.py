"""Patterns and textures in the coordinates of the limb or trunk they are fixed to, so that they move with it.

Like the distances in `shapes.py`, they use only arithmetic that IEEE 754 rounds exactly.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.arrays import Array, Indices
from animate_anyone.data.procedural.colours import Colour
from animate_anyone.data.procedural.shapes import coverage

PatternKind = Literal[
    "plain", "stripes", "columns", "dots", "checks", "plaid", "chevrons", "diamonds", "gradient", "halves"
]
TextureKind = Literal["none", "hatching", "paper", "weave"]


@dataclass(frozen=True, kw_only=True)
class Local:
    """The coordinates of a limb or trunk: `inverse` (F, 2, 2) maps pixels from `origin` (F, 2) to (across, along).

    Coordinates are in units; `scale` (F,) is pixels a unit.
    """

    origin: Array
    inverse: Array
    scale: Array

    def at(self, x: Tensor, y: Tensor, frames: Indices) -> tuple[Tensor, Tensor]:
        """Across and along (F, h, w) at columns `x` (F, 1, w) and rows `y` (F, h, 1)."""
        inverse = self.inverse[frames]
        ox, oy, a, b, c, d = (
            column(values, x)
            for values in (*self.origin[frames].T, *(inverse[:, i, j] for i in range(2) for j in range(2)))
        )
        px, py = x - ox, y - oy
        return a * px + b * py, c * px + d * py


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """A pattern in a second colour; `period` is its size in units."""

    kind: PatternKind
    colour: Colour
    period: float


@dataclass(frozen=True, kw_only=True)
class Texture:
    """A faint grain: brightness varies by `strength` over about `period` units."""

    kind: TextureKind
    period: float
    strength: float


def local(origin: Array, across: Array, along: Array, scale: Array) -> Local:
    """Coordinates whose axes appear as the vectors `across` and `along` (F, 2), in pixels a unit."""
    determinant = across[:, 0] * along[:, 1] - along[:, 0] * across[:, 1]
    # Seen edge-on there is no pattern to see; it must only stay finite.
    determinant = np.where(np.abs(determinant) < 1e-3, 1e-3, determinant)
    rows = np.stack([along[:, 1], -along[:, 0], -across[:, 1], across[:, 0]], axis=-1)
    return Local(origin=origin, inverse=(rows / determinant[:, None]).reshape(-1, 2, 2), scale=scale)


def weave(cloth: Cloth, across: Tensor, along: Tensor, scale: Tensor) -> Tensor:
    """The share (F, h, w) of the cloth's second colour at coordinates in units; `scale` (F, 1, 1) is pixels a unit."""
    pixels = scale * cloth.period
    if cloth.kind == "gradient":
        return (along * 2.6).clamp(0.0, 1.0)
    if cloth.kind == "halves":
        return coverage(across * scale)
    u, v = across / cloth.period, along / cloth.period
    match cloth.kind:
        case "stripes":
            return _bands(v, pixels)
        case "columns":
            return _bands(u, pixels)
        case "checks":
            rows, columns = _bands(v, pixels), _bands(u, pixels)
            return rows + columns - 2.0 * rows * columns
        case "plaid":
            return 0.55 * _bands(v, pixels) + 0.45 * _bands(u, pixels)
        case "chevrons":
            return _bands(v + (u - u.floor() - 0.5).abs(), pixels)
        case "diamonds":
            du, dv = (u - u.floor() - 0.5).abs(), (v - v.floor() - 0.5).abs()
            return coverage((du + dv - 0.36) * (0.7 * pixels))
        case _:
            # Dots: every second row is shifted by half a period.
            row = v.floor()
            shifted = u + 0.5 * (row - 2.0 * (0.5 * row).floor())
            du, dv = shifted - shifted.floor() - 0.5, v - row - 0.5
            return coverage(((du * du + dv * dv).sqrt() - 0.27) * pixels)


def grain(texture: Texture, across: Tensor, along: Tensor) -> Tensor:
    """The factor (F, h, w), around 1, by which a texture changes the brightness at coordinates in units."""
    u, v = across / texture.period, along / texture.period
    match texture.kind:
        case "hatching":
            value = _triangle(0.7 * u + 0.7 * v)
        case "weave":
            value = _triangle(u) * _triangle(v)
        case _:
            # Three slow waves that never line up look like the blotches of watercolour paper.
            value = 0.4 * (_triangle(0.83 * u + 0.31 * v) + _triangle(0.57 * v - 0.41 * u) + _triangle(0.29 * u - v))
    return 1.0 + texture.strength * value


def column(values: Array, like: Tensor) -> Tensor:
    """A number for each frame (F,) as a tensor (F, 1, 1) beside `like`."""
    return torch.from_numpy(values.astype(np.float32)).to(like.device)[:, None, None]


def _bands(phase: Tensor, pixels: Tensor) -> Tensor:
    return coverage(((phase - phase.floor() - 0.5).abs() - 0.25) * pixels)


def _triangle(phase: Tensor) -> Tensor:
    """A wave of straight lines between -1 and 1 that repeats after 1."""
    return (phase - phase.floor() - 0.5).abs() * 4.0 - 1.0
