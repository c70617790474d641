"""Paints shapes on frames: edges one pixel soft, patterns fixed to the shape, contours around whole parts.

Only the pixels near a shape are touched: a window of one size for all frames, placed on the shape in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.arrays import Array, Indices, Mask
from animate_anyone.data.procedural.colours import Colour
from animate_anyone.data.procedural.shapes import Shape


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """A pattern woven into a shape.

    `inverse` (F, 2, 2) maps pixel offsets from `origin` (F, 2) to the cloth's own coordinates (across, along) in
    units; `scale` (F,) is pixels a unit.
    """

    kind: Literal["stripes", "dots", "checks"]
    colour: Colour
    period: float
    origin: Array
    inverse: Array
    scale: Array


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A shape and its colour. `shading` darkens a rim of `rim` (F,) pixels; `contour` joins the part's outline.

    `seen` (F,) tells in which frames the shape is painted, all unless given.
    """

    shape: Shape
    colour: Colour
    cloth: Cloth | None = None
    shading: float = 0.0
    rim: Array | None = None
    contour: bool = True
    seen: Mask | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Shapes that are painted in order, with one contour of `outline` (F,) pixels around their union."""

    shapes: Sequence[Painted]
    outline: Array
    outline_colour: Colour


def paint_part(canvas: Tensor, part: Part, frames: Indices) -> None:
    """Paint the chosen frames of a part over `canvas` (3, all frames, H, W), in place."""
    outline = part.outline[frames]
    width = float(np.max(outline))
    windows: list[tuple[Painted, Indices, _Window]] = []
    for painted in part.shapes:
        shown = frames if painted.seen is None else frames[painted.seen[frames]]
        if len(shown) > 0:
            window = _Window.around(canvas, painted.shape.at(shown), shown, margin=width + 1.5)
            if window is not None:
                windows.append((painted, shown, window))
    if width > 0:
        for painted, shown, window in windows:
            if painted.contour:
                grow = _column(part.outline[shown], canvas)
                window.blend(coverage(window.distance - grow), _pixels(part.outline_colour, canvas))
    for painted, shown, window in windows:
        window.blend(coverage(window.distance), _shaded(painted, window, shown, canvas))


def coverage(distance: Tensor) -> Tensor:
    """The share of a pixel that lies inside: a smooth step one pixel wide across the edge."""
    t = (0.5 - distance).clamp_(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


class _Window:
    """The pixels of a canvas that a shape can touch in F chosen frames, with their distances to it (F, h, w)."""

    def __init__(self, canvas: Tensor, shape: Shape, frames: Indices, *, corner: Indices, size: Indices):
        height, width = canvas.shape[-2:]
        start = np.concatenate([corner, (frames * (height * width))[:, None]], axis=1)
        left, top, first = torch.from_numpy(start.T.copy()).to(canvas.device)[..., None, None]
        x = left + torch.arange(int(size[0]), device=canvas.device)
        y = top + torch.arange(int(size[1]), device=canvas.device)[:, None]
        self.x, self.y = x.to(canvas.dtype), y.to(canvas.dtype)
        self.distance = shape.distance(self.x[:, None], self.y[:, None])
        self._canvas = canvas.flatten(1)
        self._index = (first + y * width + x).flatten().expand(3, -1)

    @classmethod
    def around(cls, canvas: Tensor, shape: Shape, frames: Indices, *, margin: float) -> "_Window | None":
        """A window around a shape, or none if it is outside the picture in all frames."""
        low, high = shape.box()
        limits = np.array([canvas.shape[-1], canvas.shape[-2]])
        if not np.any(np.all((high + margin >= 0) & (low - margin <= limits), axis=1)):
            return None
        size = np.minimum(np.ceil(np.max(high - low, axis=0) + 2 * margin) + 1, limits).astype(np.int64)
        corner = np.clip(np.floor(low - margin), 0, limits - size).astype(np.int64)
        return cls(canvas, shape, frames, corner=corner, size=size)

    def blend(self, alpha: Tensor, colour: Tensor) -> None:
        """Mix `colour` (3, 1 or F*h*w) over the window with weights `alpha` (F, h, w)."""
        under = self._canvas.gather(1, self._index)
        under += alpha.flatten() * (colour - under)
        self._canvas.scatter_(1, self._index, under)


def _shaded(painted: Painted, window: _Window, frames: Indices, canvas: Tensor) -> Tensor:
    colour = _pixels(painted.colour, canvas)
    if painted.cloth is not None:
        share = _weave(painted.cloth, window, frames).flatten()
        colour = colour + share * (_pixels(painted.cloth.colour, canvas) - colour)
    if painted.shading > 0 and painted.rim is not None:
        depth = (1.0 + window.distance / _column(painted.rim[frames], canvas)).clamp_(0.0, 1.0)
        colour = colour * (1.0 - painted.shading * depth * depth).flatten()
    return colour


def _weave(cloth: Cloth, window: _Window, frames: Indices) -> Tensor:
    """The share (F, h, w) of the pattern's second colour."""
    inverse = cloth.inverse[frames]
    ox, oy = (_column(cloth.origin[frames, i], window.x) for i in range(2))
    a, b, c, d = (_column(inverse[:, i, j], window.x) for i in range(2) for j in range(2))
    pixels = _column(cloth.scale[frames] * cloth.period, window.x)
    px, py = window.x - ox, window.y - oy
    across, along = (a * px + b * py) / cloth.period, (c * px + d * py) / cloth.period
    if cloth.kind == "dots":
        # Every second row is shifted by half a period.
        row = along.floor()
        shifted = across + 0.5 * (row - 2.0 * (0.5 * row).floor())
        u, v = shifted - shifted.floor() - 0.5, along - row - 0.5
        return coverage(((u * u + v * v).sqrt() - 0.27) * pixels)
    rows = coverage((((along - along.floor()) - 0.5).abs() - 0.25) * pixels)
    if cloth.kind == "stripes":
        return rows
    columns = coverage((((across - across.floor()) - 0.5).abs() - 0.25) * pixels)
    return rows + columns - 2.0 * rows * columns


def _pixels(colour: Colour, like: Tensor) -> Tensor:
    return torch.tensor(colour, dtype=like.dtype, device=like.device)[:, None]


def _column(values: Array, like: Tensor) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(like.device)[:, None, None]
