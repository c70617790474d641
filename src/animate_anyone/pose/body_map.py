"""Draws where on the body each pixel of a pose lies: a map of places in one standing figure that all bodies share.

A skeleton picture says where limbs are; which part of the reference belongs at a pixel beside a limb, a network has to
find out by itself. This map says it, from the keypoints alone, as DensePose's maps do from pictures (Güler et al. 2018;
MagicAnimate is driven by them): two pixels of two poses with the same values show the same part of the body.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animate_anyone.media.size import Size
from animate_anyone.pose.limbs import EARS, EYES, HIPS, NECK, NOSE, SHOULDERS
from animate_anyone.pose.skeleton import BODY_NAMES, FEET, LEFT_HAND, RIGHT_HAND, FloatArray, Pose

_INDEX = {name: index for index, name in enumerate(BODY_NAMES)}
_MIDDLE_FINGER_TIP = 12

# The standing figure, arms stretched out to the sides, in a square of side 1: its right is on the left, as one sees it.
_FIGURE_NECK, _FIGURE_HIPS, _FIGURE_HEAD = (0.5, 0.34), (0.5, 0.6), (0.5, 0.19)
_FIGURE_TORSO = 0.26
_FIGURE_HALF_WIDTH = 0.09
_FIGURE_HEAD_HEIGHT = 0.15

NARROWEST = 0.12
"""Half the width of a torso seen from the side, in lengths of the torso: shoulders and hips do not show it."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A piece of the body around an axis, and the piece of the figure that it stands for.

    Lengths along are those of the axis, lengths across are `unit` pixels and `figure_unit` of the figure's square.
    """

    start: FloatArray
    end: FloatArray
    radius: float
    """Pixels from the axis to what is taken for the surface."""
    reach: float
    """Pixels from there to where nothing is taken to belong to the body any more: hair, skirts, bags."""
    beyond: tuple[float, float]
    """Lengths of the axis by which the piece goes on at its start and its end."""
    unit: float
    figure_start: tuple[float, float]
    figure_end: tuple[float, float]
    figure_unit: float
    in_front: bool = False
    """Whether it hides what is not, within its radius: keypoints do not tell what is nearer, arms mostly are."""


@dataclass(frozen=True, kw_only=True)
class _Limb:
    """An arm or a leg, of three pieces."""

    joints: tuple[str, str, str]
    tips: dict[str, int]
    """The keypoint after the last joint, by side."""
    figure: tuple[tuple[float, float], ...]
    """Where joints and tip are in the figure, to the outside and down."""
    radii: tuple[float, float, float]
    """Of the pieces, in lengths of the torso."""
    in_front: bool


_LEG = _Limb(
    joints=("hip", "knee", "ankle"),
    tips={"left": FEET.start, "right": FEET.start + 3},
    figure=((0.06, 0.6), (0.09, 0.78), (0.11, 0.94), (0.17, 0.98)),
    radii=(0.17, 0.14, 0.12),
    in_front=False,
)
_ARM = _Limb(
    joints=("shoulder", "elbow", "wrist"),
    tips={"left": LEFT_HAND.start + _MIDDLE_FINGER_TIP, "right": RIGHT_HAND.start + _MIDDLE_FINGER_TIP},
    figure=((0.09, 0.34), (0.24, 0.34), (0.39, 0.34), (0.48, 0.34)),
    radii=(0.13, 0.11, 0.12),
    in_front=True,
)


def body_places(pose: Pose, *, size: Size) -> FloatArray:
    """Where on the figure the pixels lie.

    Args:
        pose: keypoints in pixels of a canvas of `size`.
        size: width and height of the picture.

    Returns:
        (H, W, 2): to the right and down, in (0, 1]; zeros where no part of the body is near, and everywhere if the
        neck is not visible.
    """
    places = np.zeros((size.height, size.width, 2), dtype=np.float32)
    nearest = np.full((size.height, size.width), np.inf, dtype=np.float32)
    for part in _parts(pose):
        _add(part, places, nearest)
    return places


def _add(part: _Part, places: FloatArray, nearest: FloatArray) -> None:
    """Writes the places of a part where none written before is nearer."""
    height, width = nearest.shape
    axis = part.end - part.start
    length = max(float(np.hypot(*axis)), 1e-3)
    along = axis / length
    # Only where the part can be: a box around its axis.
    first, last = (part.start - part.beyond[0] * axis), (part.end + part.beyond[1] * axis)
    margin = part.radius + part.reach
    left, top = np.floor(np.minimum(first, last) - margin).astype(int).clip(0)
    right, bottom = (np.ceil(np.maximum(first, last) + margin).astype(int) + 1).clip(0)
    box = np.s_[top : min(bottom, height), left : min(right, width)]
    distances = nearest[box]
    if not distances.size:
        return
    y, x = (np.arange(edge.start, edge.stop, dtype=np.float32) for edge in box)
    dx, dy = x[None, :] - part.start[0], y[:, None] - part.start[1]
    forward = (dx * along[0] + dy * along[1]) / length
    sideways = dy * along[0] - dx * along[1]
    outside = (forward - forward.clip(-part.beyond[0], 1 + part.beyond[1])) * length
    distance = np.hypot(outside, sideways) - part.radius
    if part.in_front:
        distance = np.where(distance <= 0, -np.inf, distance)
    found = (distance < distances) & (distance < part.reach)
    distances[found] = distance[found]
    start, end = np.array(part.figure_start), np.array(part.figure_end)
    figure_axis = end - start
    across = np.array([-figure_axis[1], figure_axis[0]]) / np.hypot(*figure_axis) * part.figure_unit / part.unit
    place = start + forward[found][:, None] * figure_axis + sideways[found][:, None] * across
    places[box][found] = place.clip(1 / 255, 1)


def _parts(pose: Pose) -> list[_Part]:
    """The parts that are seen, those in front last."""
    points, visible = pose.keypoints, pose.visible
    if not visible[NECK]:
        return []
    neck = points[NECK]
    hips = points[list(HIPS)].mean(axis=0) if visible[list(HIPS)].all() else _hips_below(points, visible)
    torso = max(float(np.hypot(*(neck - hips))), 1.0)
    up = (neck - hips) / torso
    spans = [points[left] - points[right] for right, left in (HIPS, SHOULDERS) if visible[[right, left]].all()]
    # To the person's left, across the axis of the torso: less than nothing for one who is seen from behind.
    half_width = float(np.mean(spans, axis=0) @ np.array([-up[1], up[0]])) / 2 if spans else 0.0
    facing = 1.0 if half_width >= 0 else -1.0
    half_width = max(abs(half_width), NARROWEST * torso)
    parts = [
        _Part(
            start=hips, end=neck, radius=1.1 * half_width, reach=0.3 * torso, beyond=(0.15, 0.1),
            unit=facing * half_width, figure_start=_FIGURE_HIPS, figure_end=_FIGURE_NECK,
            figure_unit=_FIGURE_HALF_WIDTH,
        ),
        _head(points, visible, neck, up, torso, facing),
    ]  # fmt: skip
    parts += _limbs(points, visible, torso, facing)
    return parts


def _limbs(points: FloatArray, visible: npt.NDArray[np.bool_], torso: float, facing: float) -> list[_Part]:
    """Legs, then arms: thighs and upper arms to toes and fingertips, as far as they are seen."""
    parts: list[_Part] = []
    for limb in (_LEG, _ARM):
        for side, sign in (("right", -1.0), ("left", 1.0)):
            chain = [*(_INDEX[f"{side}_{name}"] for name in limb.joints), limb.tips[side]]
            corners = [(0.5 + sign * x, y) for x, y in limb.figure]
            for number, radius in enumerate(limb.radii):
                start, end = chain[number : number + 2]
                if not visible[[start, end]].all():
                    continue
                without_tip = number == 1 and not visible[chain[-1]]
                parts.append(
                    _Part(
                        start=points[start], end=points[end], radius=radius * torso, reach=0.35 * torso,
                        beyond=(0.0, 0.4 if without_tip else 0.2 if number == 2 else 0.0), unit=facing * torso,
                        figure_start=corners[number], figure_end=corners[number + 1], figure_unit=_FIGURE_TORSO,
                        in_front=limb.in_front,
                    )
                )  # fmt: skip
    return parts


def _hips_below(points: FloatArray, visible: npt.NDArray[np.bool_]) -> FloatArray:
    """Where the hips of an upright body would be, of which only shoulders or head are seen."""
    seen = [point for point in (*SHOULDERS, *EYES, *EARS, NOSE) if visible[point]]
    distances = [float(np.hypot(*(points[point] - points[NECK]))) for point in seen]
    return points[NECK] + np.array([0.0, 2 * max(distances, default=1.0)], dtype=np.float32)


def _head(
    points: FloatArray, visible: npt.NDArray[np.bool_], neck: FloatArray, up: FloatArray, torso: float, facing: float
) -> _Part:
    """Around the middle of what is seen of eyes and ears; upright with the line of either, or else with the torso."""
    pairs = [pair for pair in (EYES, EARS) if visible[list(pair)].all()]
    seen = [point for point in (*EYES, *EARS) if visible[point]] or [NOSE] * bool(visible[NOSE])
    middle = (points[seen].mean(axis=0) if seen else neck + 0.5 * torso * up).astype(np.float32)
    height = max(float(np.hypot(*(middle - neck))), 0.2 * torso)
    for right, left in pairs:
        line = points[left] - points[right]
        upright = np.array([line[1], -line[0]], dtype=np.float32) / max(float(np.hypot(*line)), 1e-3)
        up = upright if upright @ up >= 0 else -upright
    return _Part(
        start=(middle - height * up).astype(np.float32), end=middle,
        radius=0.9 * height, reach=0.6 * height, beyond=(-0.6, 0.4), unit=facing * height,
        figure_start=_FIGURE_NECK, figure_end=_FIGURE_HEAD, figure_unit=_FIGURE_HEAD_HEIGHT,
    )  # fmt: skip
