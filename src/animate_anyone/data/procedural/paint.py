"""Paints shapes on frames: edges one pixel soft, patterns fixed to the shape, contours around whole parts.

Only the pixels near a shape are touched: one rectangle for all frames where the shape hardly moves, and otherwise a
window of one size, placed on the shape in each frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.arrays import Array, Indices, Mask
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

    `local` are the coordinates of its `cloth` and texture; `contour` joins the part's outline; `seen` (F,) tells in
    which frames it is painted, all unless given.
    """

    shape: Shape
    colour: Colour
    cloth: Cloth | None = None
    local: Local | None = None
    finish: Finish | None = None
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
    width = float(np.max(part.outline[frames]))
    layers: list[tuple[Painted, Indices, _Window]] = []
    for painted in part.shapes:
        shown = frames if painted.seen is None else frames[painted.seen[frames]]
        if len(shown) > 0:
            margin = 1.5 + (width if painted.contour else 0.0)
            window = _Window.around(canvas, painted.shape.at(shown), shown, margin=margin)
            if window is not None:
                layers.append((painted, shown, window))
    if width > 0:
        ink = _pixels(part.outline_colour, canvas)
        for painted, shown, window in layers:
            if painted.contour:
                window.blend(coverage(window.distance - column(part.outline[shown], canvas)), ink)
    for painted, shown, window in layers:
        window.blend(coverage(window.distance), _shaded(painted, window, shown, canvas))


class _Window:
    """The pixels of a canvas that a shape can touch in F chosen frames, with their distances to it (F, h, w).

    `corner` is (2,) for one rectangle of `size`, or (F, 2) for a window in each frame.
    """

    def __init__(self, canvas: Tensor, shape: Shape, frames: Indices, *, corner: Indices, size: Indices):
        height, width = canvas.shape[-2:]
        device, (across, down) = canvas.device, (int(side) for side in size)
        self.shape = shape
        if corner.ndim == 1:
            left, top = (int(place) for place in corner)
            x = torch.arange(left, left + across, device=device)[None, None]
            y = torch.arange(top, top + down, device=device)[None, :, None]
            rectangle = canvas[:, :, top : top + down, left : left + across]
            # Frames always come in ascending order.
            run = int(frames[-1] - frames[0]) == len(frames) - 1
            self._canvas = rectangle[:, int(frames[0]) : int(frames[-1]) + 1] if run else rectangle
            self._frames = None if run else torch.from_numpy(frames).to(device)
            self._index = None
        else:
            start = np.concatenate([corner, (frames * (height * width))[:, None]], axis=1)
            left, top, first = torch.from_numpy(start.T.copy()).to(device)[..., None, None]
            x, y = left + torch.arange(across, device=device), top + torch.arange(down, device=device)[:, None]
            self._canvas = canvas.flatten(1)
            self._index = (first + y * width + x).flatten().expand(3, -1)
        self.x, self.y = x.to(canvas.dtype), y.to(canvas.dtype)
        self.distance = shape.distance(self.x[:, None], self.y[:, None])

    @classmethod
    def around(cls, canvas: Tensor, shape: Shape, frames: Indices, *, margin: float) -> "_Window | None":
        """A window around a shape, or none if it is outside the picture in all frames."""
        limits = np.array([canvas.shape[-1], canvas.shape[-2]])
        low, high = shape.box()
        low, high = np.floor(low - margin).astype(np.intp), np.ceil(high + margin).astype(np.intp) + 1
        first, last = np.maximum(low.min(axis=0), 0), np.minimum(high.max(axis=0), limits)
        extent = last - first
        if extent.min() <= 0:
            return None
        if len(frames) > 1:
            size = np.minimum((high - low).max(axis=0), limits)
            if extent[0] * extent[1] > SHARED * size[0] * size[1]:
                return cls(canvas, shape, frames, corner=np.clip(low, 0, limits - size), size=size)
        return cls(canvas, shape, frames, corner=first, size=extent)

    def blend(self, alpha: Tensor, colour: Tensor) -> None:
        """Mix `colour` (3, 1 or F, 1 or h, 1 or w) over the window with weights `alpha` (F, h, w)."""
        if self._index is not None:
            under = self._canvas.gather(1, self._index).view(3, *alpha.shape)
            under += (colour - under).mul_(alpha)
            self._canvas.scatter_(1, self._index, under.flatten(1))
        elif self._frames is not None:
            under = self._canvas[:, self._frames]
            self._canvas[:, self._frames] = under + (colour - under).mul_(alpha)
        else:
            self._canvas += (colour - self._canvas).mul_(alpha)


def _shaded(painted: Painted, window: _Window, frames: Indices, canvas: Tensor) -> Tensor:
    """The colour (3, 1 or F, 1 or h, 1 or w) of a shape's pixels."""
    colour, finish = _pixels(painted.colour, canvas), painted.finish
    texture = finish.texture if finish else None
    if painted.local is not None and (painted.cloth or texture):
        across, along = painted.local.at(window.x, window.y, frames)
        if painted.cloth:
            share = weave(painted.cloth, across, along, column(painted.local.scale[frames], canvas))
            colour = colour + share * (_pixels(painted.cloth.colour, canvas) - colour)
        if texture:
            colour = colour * grain(texture, across, along)
    if finish is None:
        return colour
    if finish.shading > 0:
        depth = (1.0 + window.distance / column(finish.rim[frames], canvas)).clamp_(0.0, 1.0)
        colour = colour * (1.0 - finish.shading * depth * depth)
    if finish.shadow > 0:
        dx, dy = (column(finish.offset[frames, i], canvas)[:, None] for i in range(2))
        lit = coverage(window.shape.distance(window.x[:, None] - dx, window.y[:, None] - dy))
        colour = colour * ((1.0 - finish.shadow) + finish.shadow * lit)
    return colour


def _pixels(colour: Colour, like: Tensor) -> Tensor:
    return torch.tensor(colour, dtype=like.dtype, device=like.device)[:, None, None, None]
