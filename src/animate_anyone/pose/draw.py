"""Draws a pose as the skeleton picture that a pose guider reads.

The style "dwpose" reproduces the drawing of DWPose, on which the published checkpoints of this family were
trained: order, colours, widths and integer rounding. Widths are pixels of the resolution a model was
trained at, so they are not scaled with the picture; a style that names a `render_short_side` is drawn at that
size and then resized.
"""

import colorsys
import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from animate_anyone.media.size import Size
from animate_anyone.pose.body_map import body_places
from animate_anyone.pose.skeleton import BODY, FACE, LEFT_HAND, RIGHT_HAND, FloatArray, Pose

Colour = tuple[int, int, int]

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of body keypoints joined by a limb, in drawing order; limb i has colour i."""

BODY_COLOURS: tuple[Colour, ...] = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
"""Colour i is that of body keypoint i (full) and of limb i (dimmed)."""

HAND_EDGES = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)
"""Edges within the 21 points of a hand: from the wrist along thumb, index, middle, ring and little finger."""

HAND_COLOURS: tuple[Colour, ...] = tuple(
    (round(255 * red), round(255 * green), round(255 * blue))
    for red, green, blue in (colorsys.hsv_to_rgb(i / len(HAND_EDGES), 1.0, 1.0) for i in range(len(HAND_EDGES)))
)
HAND_POINT_COLOUR: Colour = (0, 0, 255)
FACE_COLOUR: Colour = (255, 255, 255)

_LIMB_STARTS, _LIMB_ENDS = np.array(LIMBS).T
_REACH = 4
"""Pixels of a shrunk picture that Lanczos' filter looks around itself, rounded up."""


@dataclass(frozen=True, kw_only=True)
class DrawStyle:
    """How a skeleton is drawn; all lengths in pixels of the picture that is drawn.

    `dim` is the brightness of limbs relative to joints. A radius of 0 is a single pixel, a `None` leaves the
    part out. `render_short_side`: draw with this short side (both sides rounded to multiples of 64) and
    resize to the size asked for; `None` draws at the size asked for.
    """

    limb_half_width: float
    joint_radius: int
    hand_line_width: int
    hand_point_radius: int | None
    face_point_radius: int | None
    dim: float
    render_short_side: int | None
    body_map: bool = False
    """Whether the picture is a body map in red and green, with the skeleton's brightness in blue."""


_DWPOSE = DrawStyle(
    limb_half_width=4.0,
    joint_radius=4,
    hand_line_width=2,
    hand_point_radius=4,
    face_point_radius=3,
    dim=0.6,
    render_short_side=512,
)

STYLES: dict[str, DrawStyle] = {
    # Moore-AnimateAnyone, Champ, ControlNet (openpose as drawn by DWPose).
    "dwpose": _DWPOSE,
    # The same on a map of the body: for networks with heads that go by places on the body.
    "body-map": replace(_DWPOSE, body_map=True),
    # For models of about 128 pixels, where DWPose's widths would cover the whole person.
    "compact": DrawStyle(
        limb_half_width=1.4,
        joint_radius=2,
        hand_line_width=1,
        hand_point_radius=None,
        face_point_radius=0,
        dim=0.6,
        render_short_side=None,
    ),
}

BODY_MAP_STYLES = tuple(name for name, style in STYLES.items() if style.body_map)


def draw_pose(pose: Pose, *, size: Size, style: DrawStyle) -> npt.NDArray[np.uint8]:
    """Draws one pose on black.

    Args:
        pose: Keypoints in pixels of a canvas of `size`.
        size: Width and height of the picture.
        style: Widths and parts; see `STYLES`.

    Returns:
        (H, W, 3) uint8, RGB. Keypoints that are not visible, and limbs with an end that is not, are left out.
    """
    render = _render_size(size, style.render_short_side)
    scale = np.array([render.width / size.width, render.height / size.height], dtype=np.float32)
    picture = Image.new("RGB", (render.width, render.height))
    canvas = ImageDraw.Draw(picture)
    points = np.where(pose.visible[:, None], pose.keypoints * scale, -1)
    _draw_body(canvas, points[BODY], pose.visible[BODY], style)
    for hand in (LEFT_HAND, RIGHT_HAND):
        _draw_hand(canvas, points[hand].astype(np.int64), style)
    if style.face_point_radius is not None:
        _draw_discs(canvas, _inside(points[FACE].astype(np.int64)), style.face_point_radius, FACE_COLOUR)
    drawn = np.array(picture if render == size else _shrunk(picture, size))
    if not style.body_map:
        return drawn
    places = np.rint(255 * body_places(pose, size=size)).astype(np.uint8)
    return np.concatenate([places, drawn.max(axis=2, keepdims=True)], axis=2)


def _render_size(size: Size, short_side: int | None) -> Size:
    if short_side is None:
        return size
    scale = short_side / min(size.width, size.height)
    return Size(max(1, round(size.width * scale / 64)) * 64, max(1, round(size.height * scale / 64)) * 64)


def _shrunk(picture: Image.Image, size: Size) -> Image.Image:
    """The picture at another size; at a whole fraction of it, only the figure is computed, as black stays black."""
    if picture.width % size.width or picture.height % size.height:
        return picture.resize((size.width, size.height), Image.Resampling.LANCZOS)
    small = Image.new("RGB", (size.width, size.height))
    drawn = picture.getbbox()
    if drawn is None:
        return small
    across, down = picture.width // size.width, picture.height // size.height
    # Twice the filter's reach: what is cut off has no weight where the figure has any.
    left, top = max(0, drawn[0] // across - 2 * _REACH), max(0, drawn[1] // down - 2 * _REACH)
    right, bottom = min(size.width, drawn[2] // across + 2 * _REACH), min(size.height, drawn[3] // down + 2 * _REACH)
    part = (left * across, top * down, right * across, bottom * down)
    small.paste(picture.resize((right - left, bottom - top), Image.Resampling.LANCZOS, box=part), (left, top))
    return small


def _draw_body(
    canvas: ImageDraw.ImageDraw, points: FloatArray, visible: npt.NDArray[np.bool_], style: DrawStyle
) -> None:
    starts, ends = points[_LIMB_STARTS], points[_LIMB_ENDS]
    centres = ((starts + ends) / 2).astype(np.int64)
    differences = starts - ends
    half_lengths = (np.hypot(differences[:, 0], differences[:, 1]) / 2).astype(np.int64).tolist()
    angles = np.degrees(np.arctan2(differences[:, 1], differences[:, 0])).astype(np.int64).tolist()
    drawn = (visible[_LIMB_STARTS] & visible[_LIMB_ENDS]).nonzero()[0].tolist()
    for limb in drawn:
        outline = _ellipse(half_lengths[limb], style.limb_half_width, angles[limb]) + centres[limb]
        red, green, blue = BODY_COLOURS[limb]
        colour = (int(red * style.dim), int(green * style.dim), int(blue * style.dim))
        canvas.polygon(outline.ravel().tolist(), fill=colour, outline=colour)
    joints = points.astype(np.int64).tolist()
    for joint in visible.nonzero()[0].tolist():
        _draw_discs(canvas, [joints[joint]], style.joint_radius, BODY_COLOURS[joint])


@lru_cache(maxsize=1024)
def _ellipse(half_length: int, half_width: float, angle: int) -> npt.NDArray[np.int32]:
    """(n, 2) integer outline of an ellipse around the origin, one vertex a degree, without repeats."""
    turn = np.radians(np.arange(361))
    along, across = half_length * np.cos(turn), half_width * np.sin(turn)
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    outline = np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)
    outline = np.rint(outline).astype(np.int32)
    moved = (np.diff(outline, axis=0) != 0).any(axis=1)
    if not moved.any():
        return outline[[0, 0]]
    return outline[1:][moved]


def _draw_hand(canvas: ImageDraw.ImageDraw, points: npt.NDArray[np.int64], style: DrawStyle) -> None:
    present = np.all(points > 0, axis=1).tolist()
    if not any(present):
        return
    pixels = points.tolist()
    for (start, end), colour in zip(HAND_EDGES, HAND_COLOURS, strict=True):
        if present[start] and present[end]:
            _draw_line(canvas, pixels[start], pixels[end], style.hand_line_width, colour)
    if style.hand_point_radius is not None:
        _draw_discs(canvas, _inside(points), style.hand_point_radius, HAND_POINT_COLOUR)


def _draw_line(canvas: ImageDraw.ImageDraw, start: list[int], end: list[int], width: int, colour: Colour) -> None:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if width == 1 or length == 0:
        canvas.line((*start, *end), fill=colour)
    else:
        # As OpenCV widens a line: a filled box with its border drawn, and discs as ends.
        x, y = (end[1] - start[1]) * width / 2 / length, (start[0] - end[0]) * width / 2 / length
        corners = (
            *(round(start[0] + x), round(start[1] + y), round(start[0] - x), round(start[1] - y)),
            *(round(end[0] - x), round(end[1] - y), round(end[0] + x), round(end[1] + y)),
        )
        canvas.polygon(corners, fill=colour, outline=colour)
    if width > 1:
        _draw_discs(canvas, [start, end], width // 2, colour)


def _inside(points: npt.NDArray[np.int64]) -> list[list[int]]:
    # DWPose leaves out hand and face points in the first row and column as well as unseen ones.
    return points[np.all(points > 0, axis=1)].tolist()


def _draw_discs(canvas: ImageDraw.ImageDraw, centres: list[list[int]], radius: int, colour: Colour) -> None:
    if radius == 0:
        canvas.point([coordinate for centre in centres for coordinate in centre], fill=colour)
        return
    disc = _disc(radius)
    for x, y in centres:
        canvas.bitmap((x - radius, y - radius), disc, fill=colour)


@lru_cache(maxsize=16)
def _disc(radius: int) -> Image.Image:
    """Mask of the pixels of a disc as OpenCV fills it."""
    offsets = np.arange(-radius, radius + 1)
    distances = offsets[:, None] ** 2 + offsets[None, :] ** 2
    return Image.fromarray((distances <= radius**2).astype(np.uint8) * 255).convert("1")
