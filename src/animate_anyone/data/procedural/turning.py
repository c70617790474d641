"""Round bodies that turn about their long axis: which of their points are seen, and where.

Points are (N, 3) or (F, N, 3) in radii of an upright elliptic body of half-axes `width` (x) and `depth` (z) that is
turned by a yaw (F,) in radians, positive to the image's right. An azimuth is the angle of such a point around the
long axis: 0 is the middle of what the viewer sees, pi / 2 the edge on the image's right.
"""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.camera import TO_VIEWER


def yaw_in_view(basis: Array) -> Array:
    """How far (F,) a body of orientations (F, 3, 3) is turned away from the viewer, in radians from -pi to pi."""
    forward = basis[:, :, 2]
    return np.arctan2(forward[:, 0], forward @ TO_VIEWER)


def wrapped(angles: Array) -> Array:
    """The same angles in radians from -pi up to pi."""
    return (angles + np.pi) % (2 * np.pi) - np.pi


def middle(yaw: Array, *, width: float, depth: float) -> Array:
    """The angle (F, 1) around the body, from its own front, of the middle of what is seen of it."""
    return np.arctan2(-np.sin(yaw) * depth, np.cos(yaw) * width)[:, None]


def azimuth_in_view(points: Array, yaw: Array, *, width: float, depth: float) -> Array:
    """The azimuths (F, N) of points."""
    return wrapped(np.arctan2(points[..., 0], points[..., 2]) - middle(yaw, width=width, depth=depth))


def turn_into_view(points: Array, yaw: Array, *, width: float, depth: float) -> Array:
    """The points (F, N, 3), with those that are turned away moved around the body to its edge."""
    azimuth = azimuth_in_view(points, yaw, width=width, depth=depth)
    angle = middle(yaw, width=width, depth=depth) + np.clip(azimuth, -np.pi / 2, np.pi / 2)
    return _around(points, angle)


def turn_around(points: Array, yaw: Array, *, width: float, depth: float) -> Array:
    """Points (F, N, 3) that look the same whatever the yaw: given as if the body faced the viewer."""
    return _around(points, middle(yaw, width=width, depth=depth) + np.arctan2(points[..., 0], points[..., 2]))


def _around(points: Array, angle: Array) -> Array:
    radius = np.hypot(points[..., 0], points[..., 2])
    height = np.broadcast_to(points[..., 1], angle.shape)
    return np.stack([radius * np.sin(angle), height, radius * np.cos(angle)], axis=-1)
