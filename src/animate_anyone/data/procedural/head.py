"""Heads of humans and cartoons as parts: hair behind, skull, hair over it, hat. The face is in `features.py`."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Mask
from animate_anyone.data.procedural.body import detail, part, solid
from animate_anyone.data.procedural.colours import WHITE, shade
from animate_anyone.data.procedural.face import EARS
from animate_anyone.data.procedural.features import features, nose_bump
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Ellipses, Polygon, Shape, capsule, discs, polyline
from animate_anyone.data.procedural.turning import wrapped

Line = tuple[tuple[float, float], ...]

HAIRLINES: dict[str, Line] = {
    "short": (
        (0, -0.46), (12, -0.42), (38, -0.52), (62, -0.20), (76, 0.22),
        (90, 0.14), (104, 0.40), (125, 0.66), (155, 0.76),
    ),
    "bob": ((0, -0.40), (20, -0.40), (50, -0.34), (66, 0.20), (76, 0.62), (110, 0.84), (150, 0.90)),
    "long": ((0, -0.72), (25, -0.60), (50, -0.20), (68, 0.40), (80, 0.70), (120, 0.95), (150, 1.00)),
    "spiky": (
        (0, -0.50), (10, -0.28), (22, -0.56), (36, -0.28), (50, -0.52), (64, -0.12),
        (90, 0.10), (104, 0.36), (125, 0.62), (150, 0.72),
    ),
    "bun": ((0, -0.72), (36, -0.62), (62, -0.10), (80, 0.08), (100, 0.24), (125, 0.50), (150, 0.62)),
    "ponytail": ((0, -0.66), (28, -0.50), (62, -0.10), (80, 0.08), (100, 0.24), (125, 0.50), (150, 0.62)),
    "afro": ((0, -0.60), (36, -0.50), (62, -0.15), (80, 0.20), (106, 0.46), (125, 0.66), (150, 0.76)),
}  # fmt: skip
"""The lower edge of the hair: degrees around the head from the middle of the face, and rows in head radii."""

HANGING = ("bob", "long")
LEFT_EAR, HALF_CURTAIN = EARS[1:], np.radians(84.0)
"""Hanging hair reaches around the back of the head from ear to ear: half as far in radians."""
AFRO = np.array([[0.0, -0.25], [1.42, 1.28]])
"""Centre and radii of an afro around the head, in head radii."""


def head(puppet: Puppet) -> list[Part]:
    """The parts of the head that are painted over the torso."""
    hat_behind, hat = _hat(puppet)
    return [*hat_behind, part(puppet, _skull(puppet)), *_hair(puppet), *_near_ear(puppet), *hat]


def hair_behind(puppet: Puppet) -> list[Part]:
    """Hair on the far side of the head: painted first."""
    seen = np.cos(puppet.head_yaw) > -0.25
    shape = _loose_hair(puppet, near=False) if seen.any() else None
    return [] if shape is None else [part(puppet, [_lock(puppet, shape, 0.86, seen)])]


def _lock(puppet: Puppet, shape: Shape, tone: float, seen: Mask) -> Painted:
    size = puppet.character.proportions.head / 2
    return solid(puppet, shape, shade(puppet.character.palette.hair, tone), 0.5 * size, seen=seen)


def _loose_hair(puppet: Puppet, *, near: bool) -> Shape | None:
    """What hangs or sticks out: all of its outline, or only what is on the `near` side of the head."""
    size = puppet.character.proportions.head / 2 * puppet.unit
    style = puppet.character.outfit.hair
    match style:
        case "long" | "bob":
            # A curtain from ear to ear around the back; its lower end follows late.
            rows = np.array([-0.4, 0.4, 1.75 if style == "long" else 0.95])
            widths = np.array([0.85, 0.95, 0.80])
            ends = _curtain_ends(puppet, near=near)
            sides: list[list[Array]] = [[], []]
            for index, (row, width) in enumerate(zip(rows, widths, strict=True)):
                late = index == 2
                for side, azimuth in enumerate(ends):
                    point = np.stack([width * np.sin(azimuth), np.full_like(azimuth, row), width * np.cos(azimuth)], -1)
                    sides[side].append(puppet.facing_head(point[:, None], late=late)[:, 0])
            return Polygon(vertices=np.stack([*sides[0], *reversed(sides[1])], axis=1), rounding=0.2 * size)
        case "ponytail":
            root = puppet.on_head(np.array([[0.25, -0.75, -0.80], [0.55, -0.62, -1.15]]))
            tail = puppet.on_head(np.array([[0.74, -0.15, -1.30], [0.70, 0.50, -1.25]]), late=True)
            return polyline(np.concatenate([root, tail], axis=1), 0.22 * size)
        case "bun":
            return discs(puppet.on_head(np.array([[0.0, -1.15, -0.5]]))[:, 0], 0.42 * size)
        case "afro":
            axis, radii = puppet.head_shape()
            return Ellipses(centre=puppet.around_head(AFRO[:1]), axis=axis, radii=radii[:, None] * AFRO[1])
        case _:
            return None


def _curtain_ends(puppet: Puppet, *, near: bool) -> tuple[Array, Array]:
    """The azimuths (F,) of the leftmost and rightmost points of hair that covers the back from ear to ear."""
    # From the left ear around the back to the right ear, to the right as it is seen.
    middle = wrapped(puppet.azimuth(LEFT_EAR)[:, 0] + HALF_CURTAIN)
    first, last = middle - HALF_CURTAIN, middle + HALF_CURTAIN
    if near:
        return np.clip(first, -np.pi / 2, np.pi / 2), np.clip(last, -np.pi / 2, np.pi / 2)
    angles = first[:, None] + (last - first)[:, None] * np.linspace(0.0, 1.0, 25)
    rows = np.arange(len(first))
    offset = np.sin(angles)
    return angles[rows, offset.argmin(axis=1)], angles[rows, offset.argmax(axis=1)]


def _skull(puppet: Puppet) -> list[Painted]:
    palette, size = puppet.character.palette, puppet.character.proportions.head / 2
    axis, radii = puppet.head_shape()
    skull = Ellipses(centre=puppet.joint("skull")[:, None], axis=axis, radii=radii[:, None])
    return [
        solid(puppet, discs(puppet.on_head(EARS), 0.16 * size * puppet.unit), palette.skin, 0.2 * size),
        nose_bump(puppet),
        solid(puppet, skull, palette.skin, 0.7 * size),
        *features(puppet),
    ]


def _near_ear(puppet: Puppet) -> list[Part]:
    """The ear that lies on the seen side of a turned head, unless hair covers it."""
    if puppet.character.outfit.hair in HANGING:
        return []
    size, skin = puppet.character.proportions.head / 2 * puppet.unit, puppet.character.palette.skin
    shares = np.cos(puppet.azimuth(EARS))
    near, share = np.argmax(shares, axis=1), np.max(shares, axis=1)
    if not np.any(share > 0.15):
        return []
    centre = puppet.on_head(EARS)[np.arange(len(near)), near]
    seen, size = share > 0.15, size * np.clip(share + 0.35, 0.0, 1.0)
    ear = solid(puppet, discs(centre, 0.17 * size), skin, 0.1, seen=seen)
    return [part(puppet, [ear, detail(discs(centre, 0.09 * size), shade(skin, 0.8), seen=seen)])]


def _arc(puppet: Puppet, radius: Array, left: Array, right: Array, *, centre: Array | float = 0.0) -> Array:
    """Pixels (F, N, 2) over the top of the head, from row `right` (F,) on the image's right to row `left`.

    `radius` (N, 1 or 2) of the arc and `centre` (2,) are in head radii.
    """
    first, last = (sign * (np.pi / 2 + np.arcsin(np.clip(row, -0.95, 0.6))) for sign, row in ((1, right), (-1, left)))
    angle = first[:, None] + (last - first)[:, None] * np.linspace(0.0, 1.0, len(radius))
    return puppet.around_head(centre + radius * np.stack([np.sin(angle), -np.cos(angle)], axis=-1))


def _hair(puppet: Puppet) -> list[Part]:
    """The hair that covers the skull above the hairline, with what hangs on the near side."""
    style, hair = puppet.character.outfit.hair, puppet.character.palette.hair
    size = puppet.character.proportions.head / 2
    if style == "bald":
        return []
    line, ends = _hairline(puppet, style)
    centre, radius = AFRO if style == "afro" else np.array([[0.0, 0.0], [1.08, 1.08]])
    radius = np.repeat(radius[None], 15, axis=0)
    if style == "spiky":
        radius[1:-1:2] *= 1.2
    rows = np.clip(ends, None, 0.0 if style in HANGING else None)
    outline = np.concatenate([line, _arc(puppet, radius, rows[:, 0], rows[:, 1], centre=centre)], axis=1)
    cap = Polygon(vertices=outline, rounding=0.02 * size * puppet.unit)
    shapes = [solid(puppet, cap, hair, 0.3 * size)]
    limit = {"long": 0.82, "bob": 0.82, "afro": -0.5}.get(style, -0.05)
    seen = np.cos(puppet.head_yaw) < limit
    loose = _loose_hair(puppet, near=True) if seen.any() else None
    if loose is not None:
        # A tail is tied over the hair, a curtain comes out of it.
        shapes.insert(len(shapes) if style == "ponytail" else 0, _lock(puppet, loose, 0.93, seen))
    return [part(puppet, shapes)]


def _hairline(puppet: Puppet, style: str) -> tuple[Array, Array]:
    """The seen lower edge of the hair as pixels (F, N, 2) from left to right, and its rows (F, 2) at the ends."""
    half = np.array(HAIRLINES[style])
    degrees = np.concatenate([-half[:0:-1, 0], half[:, 0], [180.0]])
    heights = np.concatenate([half[:0:-1, 1], half[:, 1], half[-1:, 1]])
    points = np.stack([np.sin(np.radians(degrees)), np.zeros_like(degrees), np.cos(np.radians(degrees))], axis=-1)
    azimuth = puppet.azimuth(points)
    order = np.argsort(azimuth, axis=1)
    azimuth = np.take_along_axis(azimuth, order, axis=1)
    height = heights[order]
    ends = np.stack([_interpolated(azimuth, height, edge) for edge in (-np.pi / 2, np.pi / 2)], axis=1)
    height = np.where(azimuth < -np.pi / 2, ends[:, :1], np.where(azimuth > np.pi / 2, ends[:, 1:], height))
    azimuth = np.clip(azimuth, -np.pi / 2, np.pi / 2)
    narrowing = np.where((height > 0) & (style in HANGING), 0.0, 0.7 * height**2)
    radius = (1.03 if style != "afro" else 1.1) * np.sqrt(1.0 - narrowing)
    line = np.stack([radius * np.sin(azimuth), height, radius * np.cos(azimuth)], axis=-1)
    return puppet.facing_head(line), ends


def _interpolated(azimuth: Array, height: Array, at: float) -> Array:
    """Heights (F,) at one azimuth, between sorted azimuths (F, N)."""
    rows = np.arange(len(azimuth))
    after = np.clip(np.sum(azimuth < at, axis=1), 1, azimuth.shape[1] - 1)
    a0, a1, h0, h1 = azimuth[rows, after - 1], azimuth[rows, after], height[rows, after - 1], height[rows, after]
    share = np.clip((at - a0) / np.maximum(a1 - a0, 1e-9), 0.0, 1.0)
    return h0 + share * (h1 - h0)


def _hat(puppet: Puppet) -> tuple[list[Part], list[Part]]:
    """What of the hat is behind the head, and what is on it."""
    kind, palette, unit = puppet.character.outfit.hat, puppet.character.palette, puppet.unit
    size = puppet.character.proportions.head / 2
    trim = shade(palette.hat, 0.72)
    behind: list[Painted] = []
    match kind:
        case "none":
            return [], []
        case "cap" | "beanie":
            rim = np.radians(np.linspace(-90.0, 90.0, 7))
            ring = np.stack([1.06 * np.sin(rim), -0.44 + 0.0 * rim, 1.06 * np.cos(rim)], axis=-1)
            band = puppet.facing_head(ring)
            row = np.full_like(unit, -0.38)
            crown = np.concatenate([band, _arc(puppet, np.full((13, 1), 1.14), row, row)], axis=1)
            shapes = [solid(puppet, Polygon(vertices=crown, rounding=0.03 * size * unit), palette.hat, 0.4 * size)]
            if kind == "cap":
                outline = np.array([
                    [-0.80, -0.46, 0.68], [-0.55, -0.36, 1.35], [0.0, -0.34, 1.52], [0.55, -0.36, 1.35],
                    [0.80, -0.46, 0.68], [0.0, -0.50, 1.0],
                ])  # fmt: skip
                peak = Polygon(vertices=puppet.on_head(outline), rounding=0.07 * size * unit)
                front = np.cos(puppet.head_yaw) > 0.0
                behind.append(solid(puppet, peak, trim, 0.3 * size, seen=~front))
                shapes.append(solid(puppet, peak, trim, 0.3 * size, seen=front))
            else:
                top = puppet.on_head(np.array([[0.0, -1.22, 0.0]]))[:, 0]
                shapes.append(solid(puppet, polyline(band, 0.15 * size * unit), trim, 0.2 * size))
                shapes.append(solid(puppet, discs(top, 0.2 * size * unit), WHITE, 0.2 * size))
        case "top_hat":
            sides = puppet.facing_head(
                np.array([[-0.68, -0.7, 0.0], [-0.74, -1.9, 0.0], [0.74, -1.9, 0.0], [0.68, -0.7, 0.0]])
            )
            ribbon = puppet.facing_head(np.array([[-0.66, -0.95, 0.0], [0.66, -0.95, 0.0]]))
            brim = puppet.facing_head(np.array([[-1.15, -0.66, 0.3], [1.15, -0.66, 0.3]]))
            shapes = [
                solid(puppet, Polygon(vertices=sides, rounding=0.04 * size * unit), palette.hat, 0.4 * size),
                detail(polyline(ribbon, 0.12 * size * unit), trim),
                solid(puppet, polyline(brim, 0.12 * size * unit), palette.hat, 0.2 * size),
            ]
        case "party":
            foot, tip = np.moveaxis(puppet.on_head(np.array([[0.0, -0.85, 0.0], [0.0, -2.0, -0.1]])), 1, 0)
            shapes = [
                solid(puppet, capsule(foot, tip, 0.55 * size * unit, 0.06 * size * unit), palette.hat, 0.4 * size),
                solid(puppet, discs(tip, 0.2 * size * unit), palette.shirt_detail, 0.2 * size),
            ]
    return ([part(puppet, behind)] if behind else []), [part(puppet, shapes)]
