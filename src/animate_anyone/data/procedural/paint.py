"""Paints shapes on frames: edges one pixel soft, patterns fixed to the shape, contours around whole parts.

Only the pixels near a shape are touched: one rectangle for all frames where the shape hardly moves, and otherwise a
window of one size, placed on the shape in each frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.arrays import Array, Indices
from animate_anyone.data.procedural.colours import Colour
from animate_anyone.data.procedural.patterns import Cloth, Local, Texture, column, grain, weave
from animate_anyone.data.procedural.shapes import Shape, coverage

SHARED = 1.7
"""Up to this multiple of a window's area, one rectangle around the windows of all frames is cheaper than windows."""


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How light falls on a shape.

    `rim` (F,) pixels beside the edge are darkened by up to `shading`. What a copy of the shape moved by `offset`
    (F, 2) pixels leaves free is darkened by `shadow`, with a hard edge.
    """

    rim: Array
    offset: Array
    shading: float = 0.0
    shadow: float = 0.0
    texture: Texture | None = None


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A shape and its colour.

    `local` are the coordinates of its `cloth` and texture; `contour` joins the part's outline; `opacity` (F,) fades
    the shape in frames that do not show it.
    """

    shape: Shape
    colour: Colour
    cloth: Cloth | None = None
    local: Local | None = None
    finish: Finish | None = None
    contour: bool = True
    opacity: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Shapes that are painted in order, with one contour of `outline` (F,) pixels around their union."""

    shapes: Sequence[Painted]
    outline: Array
    outline_colour: Colour


def paint_part(canvas: Tensor, part: Part, frames: Indices) -> None:
    """Paint the chosen frames of a part over `canvas` (len(frames), 3, H, W), in place."""
    outline = part.outline[frames]
    width = float(np.max(outline))
    layers: list[tuple[Painted, _Window]] = []
    for painted in part.shapes:
        if painted.opacity is not None and not painted.opacity[frames].any():
            continue
        margin = 1.5 + (width if painted.contour else 0.0)
        window = _Window(canvas, painted.shape.at(frames), margin=margin)
        if not window.empty:
            layers.append((painted, window))
    if width > 0:
        grow, ink = column(outline, canvas), _pixels(part.outline_colour, canvas)
        for painted, window in layers:
            if painted.contour:
                window.blend(_faded(coverage(window.distance - grow), painted, frames), ink)
    for painted, window in layers:
        window.blend(_faded(coverage(window.distance), painted, frames), _shaded(painted, window, frames, canvas))


class _Window:
    """The pixels of a canvas that a shape can touch, with their distances to it (F, h, w)."""

    def __init__(self, canvas: Tensor, shape: Shape, *, margin: float):
        height, width = canvas.shape[-2:]
        limits = np.array([width, height])
        low, high = shape.box()
        low, high = np.floor(low - margin), np.ceil(high + margin) + 1
        self.empty = bool(np.all(np.any((high <= 0) | (low >= limits), axis=-1)))
        if self.empty:
            return
        self.shape = shape
        size = np.clip(np.max(high - low, axis=0), 1, limits)
        first, last = (np.clip(edge, 0, limits) for edge in (np.min(low, axis=0), np.max(high, axis=0)))
        device = canvas.device
        if len(low) == 1 or np.prod(last - first) <= SHARED * np.prod(size):
            (left, top), (right, bottom) = first.astype(int), last.astype(int)
            self.x = torch.arange(left, right, device=device, dtype=canvas.dtype)[None, None]
            self.y = torch.arange(top, bottom, device=device, dtype=canvas.dtype)[None, :, None]
            self._canvas, self._index = canvas[:, :, top:bottom, left:right], None
        else:
            corner = np.clip(low, 0, limits - size).astype(np.int64)
            left, top = torch.from_numpy(corner.T.copy()).to(device)[..., None, None]
            x = left + torch.arange(int(size[0]), device=device)
            y = top + torch.arange(int(size[1]), device=device)[:, None]
            self.x, self.y = x.to(canvas.dtype), y.to(canvas.dtype)
            self._canvas = canvas.flatten(2)
            self._index = (y * width + x).flatten(1)[:, None].expand(-1, 3, -1)
        self.distance = shape.distance(self.x[:, None], self.y[:, None])

    def blend(self, alpha: Tensor, colour: Tensor) -> None:
        """Mix `colour` (1 or F, 3, 1 or h, 1 or w) over the window with weights `alpha` (F, h, w)."""
        if self._index is None:
            self._canvas += (colour - self._canvas).mul_(alpha[:, None])
            return
        under = self._canvas.gather(2, self._index)
        view = under.view(-1, 3, *alpha.shape[1:])
        view += (colour - view).mul_(alpha[:, None])
        self._canvas.scatter_(2, self._index, under)


def _faded(alpha: Tensor, painted: Painted, frames: Indices) -> Tensor:
    return alpha if painted.opacity is None else alpha.mul_(column(painted.opacity[frames], alpha))


def _shaded(painted: Painted, window: _Window, frames: Indices, canvas: Tensor) -> Tensor:
    """The colour (1 or F, 3, 1 or h, 1 or w) of a shape's pixels."""
    colour, finish = _pixels(painted.colour, canvas), painted.finish
    texture = finish.texture if finish else None
    if painted.local is not None and (painted.cloth or texture):
        across, along = painted.local.at(window.x, window.y, frames)
        if painted.cloth:
            share = weave(painted.cloth, across, along, column(painted.local.scale[frames], canvas))
            colour = colour + share[:, None] * (_pixels(painted.cloth.colour, canvas) - colour)
        if texture:
            colour = colour * grain(texture, across, along)[:, None]
    if finish is None:
        return colour
    if finish.shading > 0:
        depth = (1.0 + window.distance / column(finish.rim[frames], canvas)).clamp_(0.0, 1.0)
        colour = colour * (1.0 - finish.shading * depth * depth)[:, None]
    if finish.shadow > 0:
        dx, dy = (column(finish.offset[frames, i], canvas)[:, None] for i in range(2))
        lit = coverage(window.shape.distance(window.x[:, None] - dx, window.y[:, None] - dy))
        colour = colour * ((1.0 - finish.shadow) + finish.shadow * lit)[:, None]
    return colour


def _pixels(colour: Colour, like: Tensor) -> Tensor:
    return torch.tensor(colour, dtype=like.dtype, device=like.device)[None, :, None, None]
