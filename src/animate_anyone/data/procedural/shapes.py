"""Signed-distance shapes: where they are in each frame, and how far a pixel is from their edge.

All lengths are pixels; negative distances are inside. Geometry is numpy (a few numbers a frame), distances are
torch (one number a pixel). Only arithmetic that IEEE 754 rounds exactly is used on pixels, so that results do
not depend on the thread count or on which pixels are evaluated together.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.arrays import Array, Indices


@dataclass(frozen=True, kw_only=True)
class Capsules:
    """The union of S tapered capsules: `start`, `end` (F, S, 2) with radii `start_radius`, `end_radius` (F, S)."""

    start: Array
    end: Array
    start_radius: Array
    end_radius: Array

    def at(self, frames: Indices) -> Self:
        """The shape in the chosen frames."""
        return type(self)(
            start=self.start[frames], end=self.end[frames],
            start_radius=self.start_radius[frames], end_radius=self.end_radius[frames],
        )  # fmt: skip

    def box(self) -> tuple[Array, Array]:
        """Corners (F, 2), (F, 2) of a box around the shape."""
        points = np.concatenate([self.start, self.end], axis=1)
        radii = np.concatenate([self.start_radius, self.end_radius], axis=1)[..., None]
        return np.min(points - radii, axis=1), np.max(points + radii, axis=1)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (F, h, w) of pixels at columns `x` (F, 1, 1, w) and rows `y` (F, 1, h, 1)."""
        radius, taper = _planes(x, self.start_radius, self.end_radius - self.start_radius)
        t, squared = _along_segments(x, y, self.start, self.end)
        return (squared.sqrt_() - t.mul_(taper).add_(radius)).amin(dim=1)


@dataclass(frozen=True, kw_only=True)
class Ellipses:
    """The union of S ellipses: `centre` (F, S, 2), unit `axis` (F, 2) of the first of their `radii` (F, S, 2)."""

    centre: Array
    axis: Array
    radii: Array

    def at(self, frames: Indices) -> Self:
        """The shape in the chosen frames."""
        return type(self)(centre=self.centre[frames], axis=self.axis[frames], radii=self.radii[frames])

    def box(self) -> tuple[Array, Array]:
        """Corners (F, 2), (F, 2) of a box around the shape."""
        axis = self.axis[:, None]
        reach = np.sqrt((axis * self.radii[..., :1]) ** 2 + (axis[..., ::-1] * self.radii[..., 1:]) ** 2)
        return np.min(self.centre - reach, axis=1), np.max(self.centre + reach, axis=1)

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (F, h, w) of pixels: exact at the edge and to first order beside it."""
        cx, cy, rx, ry = _planes(x, *_xy(self.centre), *_xy(np.maximum(self.radii, 1e-3)))
        ux, uy = _planes(x, self.axis[:, :1], self.axis[:, 1:])
        px, py = x - cx, y - cy
        a = (px * ux + py * uy) / rx
        b = (py * ux - px * uy) / ry
        k = (a * a + b * b).sqrt_()
        a, b = a / rx, b / ry
        slope = (a * a + b * b).sqrt_().clamp_(min=1e-6)
        # At the centre the ratio is 0/0; minus the small radius is what it should be nearby.
        return torch.maximum(k * (k - 1.0) / slope, -torch.minimum(rx, ry)).amin(dim=1)


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """A simple polygon with `vertices` (F, V, 2), grown by `rounding` (F,) so that its corners are round."""

    vertices: Array
    rounding: Array

    def at(self, frames: Indices) -> Self:
        """The shape in the chosen frames."""
        return type(self)(vertices=self.vertices[frames], rounding=self.rounding[frames])

    def box(self) -> tuple[Array, Array]:
        """Corners (F, 2), (F, 2) of a box around the shape."""
        grow = self.rounding[:, None]
        return np.min(self.vertices, axis=1) - grow, np.max(self.vertices, axis=1) + grow

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (F, h, w) of pixels: to the nearest edge, negative where a ray crosses an odd number of edges."""
        (rounding,) = _planes(x, self.rounding[:, None])
        following = np.roll(self.vertices, -1, axis=1)
        _, squared = _along_segments(x, y, self.vertices, following)
        ax, ay, bx, by = _planes(x, *_xy(self.vertices), *_xy(following))
        # Where the edge meets a pixel's row, if it does, computed once a row; the pixels left of it cross it.
        slope = (bx - ax) / torch.where(by == ay, torch.ones_like(by), by - ay)
        meets = torch.where((y >= ay) != (y >= by), ax + (y - ay) * slope, torch.full_like(y, -torch.inf))
        inside = (x < meets).sum(dim=1, dtype=torch.uint8).bitwise_and_(1).bool()
        distance = squared.amin(dim=1).sqrt_()
        return torch.where(inside, -distance, distance) - rounding[:, 0]


Shape = Capsules | Ellipses | Polygon


def coverage(distance: Tensor) -> Tensor:
    """The share of a pixel that lies inside: a smooth step one pixel wide across the edge."""
    t = (0.5 - distance).clamp_(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _along_segments(x: Tensor, y: Tensor, start: Array, end: Array) -> tuple[Tensor, Tensor]:
    """For each pixel and segment (F, S, h, w): where along it (0 to 1) its nearest point is, and how far, squared."""
    along = end - start
    unit = along / np.maximum(np.sum(along**2, axis=-1, keepdims=True), 1e-9)
    ax, ay, bx, by, ux, uy = _planes(x, *_xy(start), *_xy(along), *_xy(unit))
    px, py = x - ax, y - ay
    t = (px * ux + py * uy).clamp_(0.0, 1.0)
    dx, dy = px - t * bx, py - t * by
    return t, dx.mul_(dx).add_(dy.mul_(dy))


def _xy(points: Array) -> tuple[Array, Array]:
    return points[..., 0], points[..., 1]


def _planes(like: Tensor, *arrays: Array) -> Tensor:
    """Arrays (F, S) as one tensor (number of arrays, F, S, 1, 1) on the device of `like`, to broadcast over pixels."""
    stacked = np.stack(arrays).astype(np.float32)
    return torch.from_numpy(stacked).to(like.device)[..., None, None]


def capsule(start: Array, end: Array, start_radius: Array, end_radius: Array | None = None) -> Capsules:
    """One capsule from points (F, 2) to (F, 2); of one radius unless two are given."""
    end_radius = start_radius if end_radius is None else end_radius
    return Capsules(
        start=start[:, None], end=end[:, None], start_radius=start_radius[:, None], end_radius=end_radius[:, None]
    )


def polyline(points: Array, radius: Array) -> Capsules:
    """A stroke of constant radius (F,) through points (F, N, 2)."""
    radii = np.repeat(radius[:, None], points.shape[1] - 1, axis=1)
    return Capsules(start=points[:, :-1], end=points[:, 1:], start_radius=radii, end_radius=radii)


def discs(centres: Array, radius: Array) -> Capsules:
    """Discs of one radius (F,) around points (F, 2) or (F, S, 2)."""
    centres = centres[:, None] if centres.ndim == 2 else centres
    radii = np.repeat(radius[:, None], centres.shape[1], axis=1)
    return Capsules(start=centres, end=centres, start_radius=radii, end_radius=radii)


def together(first: Capsules, *others: Capsules) -> Capsules:
    """The union of strokes and discs as one shape, which is painted faster than one after the other."""
    every = (first, *others)
    return Capsules(
        start=np.concatenate([shape.start for shape in every], axis=1),
        end=np.concatenate([shape.end for shape in every], axis=1),
        start_radius=np.concatenate([shape.start_radius for shape in every], axis=1),
        end_radius=np.concatenate([shape.end_radius for shape in every], axis=1),
    )


def tube(start: Array, end: Array, start_radius: Array, end_radius: Array, rounding: Array) -> Polygon:
    """A tapered limb between points (F, 2) with flat ends, whose corners have the radius `rounding` (F,)."""
    along = end - start
    along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    first, last = (across * (radius - rounding)[:, None] for radius in (start_radius, end_radius))
    inset = along * rounding[:, None]
    return Polygon(
        vertices=np.stack([start + inset - first, start + inset + first, end - inset + last, end - inset - last], 1),
        rounding=rounding,
    )
