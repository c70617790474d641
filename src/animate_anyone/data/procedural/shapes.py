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

from animate_anyone.data.procedural.motion import Array


@dataclass(frozen=True, kw_only=True)
class Capsules:
    """The union of S tapered capsules: `start`, `end` (F, S, 2) with radii `start_radius`, `end_radius` (F, S)."""

    start: Array
    end: Array
    start_radius: Array
    end_radius: Array

    def at(self, frames: Array) -> Self:
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
        """Distance (F, h, w) of pixels at columns `x` (F, 1, w) and rows `y` (F, h, 1)."""
        along = self.end - self.start
        unit = along / np.maximum(np.sum(along**2, axis=-1, keepdims=True), 1e-6)
        distances: list[Tensor] = []
        for i in range(self.start.shape[1]):
            ax, ay, bx, by, ux, uy, radius, taper = _columns(
                x, self.start[:, i], along[:, i], unit[:, i], self.start_radius[:, i],
                self.end_radius[:, i] - self.start_radius[:, i],
            )  # fmt: skip
            px, py = x - ax, y - ay
            t = (px * ux + py * uy).clamp_(0.0, 1.0)
            dx, dy = px - t * bx, py - t * by
            distances.append((dx.mul_(dx)).add_(dy.mul_(dy)).sqrt_() - (t.mul_(taper)).add_(radius))
        result = distances[0]
        for other in distances[1:]:
            result = torch.minimum(result, other)
        return result


@dataclass(frozen=True, kw_only=True)
class Ellipse:
    """An ellipse: `centre` (F, 2), unit `axis` (F, 2) of the first of its `radii` (F, 2)."""

    centre: Array
    axis: Array
    radii: Array

    def at(self, frames: Array) -> Self:
        return type(self)(centre=self.centre[frames], axis=self.axis[frames], radii=self.radii[frames])

    def box(self) -> tuple[Array, Array]:
        """Corners (F, 2), (F, 2) of a box around the shape."""
        reach = np.sqrt((self.axis * self.radii[:, :1]) ** 2 + (self.axis[:, ::-1] * self.radii[:, 1:]) ** 2)
        return self.centre - reach, self.centre + reach

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (F, h, w), exact at the edge and to first order beside it."""
        cx, cy, ux, uy, rx, ry = _columns(x, self.centre, self.axis, np.maximum(self.radii, 1e-3))
        px, py = x - cx, y - cy
        a = (px * ux + py * uy) / rx
        b = (py * ux - px * uy) / ry
        k = (a * a + b * b).sqrt()
        slope = ((a / rx) ** 2 + (b / ry) ** 2).sqrt().clamp_(min=1e-6)
        # At the centre the ratio is 0/0; minus the small radius is what it should be nearby.
        return torch.maximum(k * (k - 1) / slope, -torch.minimum(rx, ry))


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """A simple polygon with `vertices` (F, V, 2), grown by `rounding` (F,) so that its corners are round."""

    vertices: Array
    rounding: Array

    def at(self, frames: Array) -> Self:
        return type(self)(vertices=self.vertices[frames], rounding=self.rounding[frames])

    def box(self) -> tuple[Array, Array]:
        """Corners (F, 2), (F, 2) of a box around the shape."""
        grow = self.rounding[:, None]
        return np.min(self.vertices, axis=1) - grow, np.max(self.vertices, axis=1) + grow

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance (F, h, w): to the nearest edge, negative where a ray crosses an odd number of edges."""
        (rounding,) = _columns(x, self.rounding)
        following = np.roll(self.vertices, -1, axis=1)
        along = following - self.vertices
        unit = along / np.maximum(np.sum(along**2, axis=-1, keepdims=True), 1e-9)
        nearest: Tensor | None = None
        inside: Tensor | None = None
        for i in range(self.vertices.shape[1]):
            ax, ay, bx, by, ux, uy, end = _columns(
                x, self.vertices[:, i], along[:, i], unit[:, i], following[:, i, 1]
            )
            px, py = x - ax, y - ay
            t = (px * ux + py * uy).clamp_(0.0, 1.0)
            dx, dy = px - t * bx, py - t * by
            squared = (dx.mul_(dx)).add_(dy.mul_(dy))
            # The edge spans this row, and the pixel lies on the inner side of it for an upward or a downward edge.
            rising = by > 0
            crosses = ((y >= ay) != (y >= end)) & ((px * by < py * bx) == rising)
            nearest = squared if nearest is None else torch.minimum(nearest, squared)
            inside = crosses if inside is None else inside ^ crosses
        assert nearest is not None and inside is not None
        distance = nearest.sqrt_()
        return torch.where(inside, -distance, distance) - rounding


Shape = Capsules | Ellipse | Polygon


def _columns(like: Tensor, *arrays: Array) -> list[Tensor]:
    """The components of arrays (F,) or (F, n) as tensors (F, 1, 1) that broadcast over pixels."""
    stacked = np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1).astype(np.float32)
    return list(torch.from_numpy(stacked.T.copy()).to(like.device)[..., None, None])


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


def disc(centre: Array, radius: Array) -> Capsules:
    """A disc around points (F, 2)."""
    return capsule(centre, centre, radius)
