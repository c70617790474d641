"""The clothed body below the neck as parts: torso, arms and legs of humans and cartoons."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Mask
from animate_anyone.data.procedural.colours import Colour, shade
from animate_anyone.data.procedural.paint import Cloth, Painted, Part
from animate_anyone.data.procedural.puppet import Puppet, across
from animate_anyone.data.procedural.shapes import Capsules, Polygon, Shape, capsule
from animate_anyone.data.procedural.skeleton import FORWARD


def part(puppet: Puppet, shapes: list[Painted]) -> Part:
    """A part with the character's contour."""
    character = puppet.character
    return Part(
        shapes=shapes,
        outline=np.maximum(character.outline * puppet.unit, 0.9 if character.outline else 0.0),
        outline_colour=character.palette.outline,
    )


def solid(
    puppet: Puppet,
    shape: Shape,
    colour: Colour,
    radius: float,
    *,
    cloth: Cloth | None = None,
    seen: Mask | None = None,
) -> Painted:
    """A shape that belongs to the contour, with the character's shading over `radius` units."""
    shading, rim = puppet.character.shading, radius * puppet.unit
    return Painted(shape=shape, colour=colour, cloth=cloth, shading=shading, rim=rim, seen=seen)


def detail(shape: Shape, colour: Colour, *, seen: Mask | None = None) -> Painted:
    """A flat shape on top of others, without a contour."""
    return Painted(shape=shape, colour=colour, contour=False, seen=seen)


def arm(puppet: Puppet, side: str) -> Part:
    """Skin from shoulder to hand, a sleeve over it, five fingers."""
    character, unit = puppet.character, puppet.unit
    palette, radius = character.palette, character.proportions.arm_radius
    shoulder, elbow, wrist = (puppet.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    sleeve = palette.left_sleeve if side == "left" else palette.shirt
    shapes = hand(puppet, side, palette.skin)
    lower = capsule(elbow, wrist, radius * unit * 0.92, radius * unit * 0.72)
    upper = capsule(shoulder, elbow, radius * unit * 1.12, radius * unit * 0.92)
    if character.covered_forearms:
        shapes.append(solid(puppet, lower, sleeve, radius, cloth=limb_cloth(puppet, elbow, wrist)))
        shapes.append(solid(puppet, upper, sleeve, radius, cloth=limb_cloth(puppet, shoulder, elbow)))
    else:
        shapes.append(solid(puppet, lower, palette.skin, radius))
        shapes.append(solid(puppet, upper, palette.skin, radius))
        hem = shoulder + 0.62 * (elbow - shoulder)
        cover = capsule(shoulder, hem, radius * unit * 1.2, radius * unit * 1.3)
        shapes.append(solid(puppet, cover, sleeve, radius, cloth=limb_cloth(puppet, shoulder, elbow)))
    return part(puppet, shapes)


def hand(puppet: Puppet, side: str, colour: Colour) -> list[Painted]:
    """A palm and five fingers along the hand's keypoints."""
    unit, length = puppet.unit, puppet.character.proportions.hand
    points = puppet.hand(side)
    tips, knuckles = points[:, [4, 8, 12, 16, 20]], points[:, [1, 5, 9, 13, 17]]
    thickness = np.repeat((0.105 * length * unit)[:, None], 5, axis=1)
    fingers = Capsules(start=knuckles, end=tips, start_radius=thickness * 1.15, end_radius=thickness)
    palm = Polygon(vertices=points[:, [0, 5, 9, 17]], rounding=0.17 * length * unit)
    return [solid(puppet, fingers, colour, 0.2 * length), solid(puppet, palm, colour, 0.2 * length)]


def leg(puppet: Puppet, side: str) -> Part:
    """Skin from hip to ankle, a shoe, and trousers or shorts."""
    character, unit = puppet.character, puppet.unit
    palette, radius = character.palette, character.proportions.leg_radius
    hip, knee, ankle, heel, toe = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle", "heel", "toe"))
    trousers = character.outfit.lower == "trousers"
    colour = palette.lower if trousers else palette.skin
    shoe = capsule(heel, toe, 0.026 * unit, 0.031 * unit)
    shapes = [
        solid(puppet, shoe, palette.shoes, 0.03),
        solid(puppet, capsule(knee, ankle, radius * unit * 0.8, radius * unit * 0.58), colour, radius),
        solid(puppet, capsule(hip, knee, radius * unit * 1.12, radius * unit * 0.8), colour, radius),
    ]
    if character.outfit.lower == "shorts":
        hem = hip + 0.68 * (knee - hip)
        cover = capsule(hip, hem, radius * unit * 1.2, radius * unit * 1.12)
        shapes.append(solid(puppet, cover, palette.lower, radius))
    return part(puppet, shapes)


def torso(puppet: Puppet) -> list[Part]:
    """Hips or skirt, shirt with pattern and emblem, and the neck that rises from the collar."""
    character, unit = puppet.character, puppet.unit
    palette, p = character.palette, character.proportions
    left, right = puppet.joint("left_hip"), puppet.joint("right_hip")
    pelvis = Capsules(
        start=right[:, None], end=left[:, None],
        start_radius=1.12 * p.leg_radius * unit[:, None], end_radius=1.12 * p.leg_radius * unit[:, None],
    )  # fmt: skip
    lower = [solid(puppet, pelvis, palette.lower, p.leg_radius)]
    if character.outfit.lower == "skirt":
        lower = [solid(puppet, skirt(puppet), palette.lower, 0.06)]
    shirt = [solid(puppet, shirt_shape(puppet), palette.shirt, 0.06, cloth=chest_cloth(puppet))]
    shirt.extend(emblem(puppet, palette.shirt_detail))
    front, nape = np.moveaxis(puppet.in_chest(np.array([[0.0, 0.012, 0.03], [0.0, -0.03, 0.0]])), 1, 0)
    # The shirt is closed at the back.
    collar = np.where(puppet.facing(FORWARD)[:, None] > -0.2, front, nape)
    neck_radius = 0.032 if character.kind == "human" else 0.036
    throat = capsule(collar, puppet.joint("skull"), neck_radius * unit)
    shade_under_chin = shade(palette.skin, 0.88)
    return [
        part(puppet, lower),
        part(puppet, shirt),
        Part(shapes=[detail(throat, shade_under_chin)], outline=np.zeros_like(unit), outline_colour=palette.outline),
    ]


def shirt_shape(puppet: Puppet) -> Polygon:
    """The silhouette of the shirt, from the shoulders over the waist to a hem below the hips' tops."""
    p = puppet.character.proportions
    rounding = 0.022
    skeleton = puppet.skeleton
    joints = skeleton.joints

    def row(centre: Array, basis: Array, half_width: float, depth: float, y: float) -> Array:
        middle = centre + basis @ np.array([0.0, y, 0.0])
        return puppet.cross_section(middle, basis, half_width=half_width, depth=depth, rounding=rounding)

    rows = [
        row(joints["neck"], skeleton.chest, 0.45 * p.shoulder, 0.4 * p.shoulder, rounding - 0.022),
        row(joints["neck"], skeleton.chest, p.shoulder + 0.014, 0.6 * p.shoulder, rounding + 0.002),
        row(joints["neck"], skeleton.chest, 0.92 * p.shoulder, 0.6 * p.shoulder, 0.40 * p.torso),
        row(joints["middle"], skeleton.pelvis, p.waist, 0.7 * p.waist, 0.02),
        row(joints["pelvis"], skeleton.pelvis, p.hip + 1.15 * p.leg_radius, 0.07, 0.0),
    ]
    points = np.concatenate([*(r[:, :1] for r in rows), *(r[:, 1:] for r in reversed(rows))], axis=1)
    return Polygon(vertices=points, rounding=rounding * puppet.unit)


def skirt(puppet: Puppet) -> Polygon:
    """A skirt from the waist to above the knees that spreads with them; its hem swings a little late."""
    p, unit = puppet.character.proportions, puppet.unit
    hips = np.stack([puppet.joint(f"{side}_hip") for side in ("left", "right")], axis=1)
    knees = np.stack([
        0.6 * puppet.joint(f"{side}_knee") + 0.4 * puppet.joint(f"{side}_knee", late=True)
        for side in ("left", "right")
    ], axis=1)  # fmt: skip
    hems = 0.3 * hips + 0.7 * knees
    # The cloth hangs along both thighs; those that point at the viewer leave it hanging down.
    down = np.mean(hems - hips, axis=1) + np.stack([np.zeros_like(unit), 0.04 * unit], axis=-1)
    right = across(down)

    def ends(points: Array, grow: Array) -> tuple[Array, Array]:
        """The points (F, 2) that lie furthest left and right, pushed outwards."""
        offset = np.einsum("fni,fi->fn", points, right)
        rows = np.arange(len(points))
        first, last = points[rows, offset.argmin(axis=1)], points[rows, offset.argmax(axis=1)]
        return first - right * grow[:, None], last + right * grow[:, None]

    top, bottom = ends(hips, 0.9 * p.leg_radius * unit), ends(hems, (p.leg_radius + 0.035) * unit)
    return Polygon(vertices=np.stack([*top, bottom[1], bottom[0]], axis=1), rounding=0.016 * unit)


def emblem(puppet: Puppet, colour: Colour) -> list[Painted]:
    """The sign on the chest, which turns and leans with it and is gone in a view from behind."""
    outline = emblem_outline(puppet.character.outfit.emblem)
    if outline is None:
        return []
    p = puppet.character.proportions
    points = outline * 0.36 * p.shoulder + np.array([0.0, 0.36 * p.torso])
    vertices = puppet.on_chest(points, half_width=0.92 * p.shoulder, depth=0.6 * p.shoulder)
    seen = puppet.facing(FORWARD) > 0.12
    return [detail(Polygon(vertices=vertices, rounding=0.005 * puppet.unit), colour, seen=seen)]


def emblem_outline(kind: str) -> Array | None:
    """The outline (V, 2) of an emblem of about unit radius."""
    match kind:
        case "star":
            angle = np.radians(np.arange(10) * 36.0 - 90.0)
            radius = np.where(np.arange(10) % 2 == 0, 1.1, 0.48)
            return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        case "heart":
            t = np.radians(np.arange(14) * (360.0 / 14) + 180.0 / 14)
            x = 16 * np.sin(t) ** 3
            y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
            return np.stack([x, -y], axis=-1) / 16.0
        case "disc":
            angle = np.radians(np.arange(12) * 30.0)
            return 0.85 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        case "diamond":
            return np.array([[0.0, -1.1], [0.8, 0.0], [0.0, 1.1], [-0.8, 0.0]])
        case _:
            return None


def chest_cloth(puppet: Puppet) -> Cloth | None:
    """The shirt's pattern, which runs around the chest: when it turns, the pattern moves across."""
    origin, along = np.moveaxis(puppet.in_chest(np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])), 1, 0)
    along = along - origin
    right = across(along) * puppet.unit[:, None]
    # A whole number of periods around the chest, so that the pattern meets itself.
    period = puppet.character.outfit.pattern_period
    around = round(2 * np.pi * 0.8 * puppet.character.proportions.shoulder / period) * period
    return _cloth(puppet, origin + right * (puppet.chest_yaw * around / (2 * np.pi))[:, None], right, along)


def limb_cloth(puppet: Puppet, start: Array, end: Array) -> Cloth | None:
    """The shirt's pattern along a limb."""
    along = end - start
    along = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6) * puppet.unit[:, None]
    return _cloth(puppet, start, np.stack([-along[:, 1], along[:, 0]], axis=-1), along)


def _cloth(puppet: Puppet, origin: Array, across: Array, along: Array) -> Cloth | None:
    outfit = puppet.character.outfit
    if outfit.pattern == "plain":
        return None
    return Cloth(
        kind=outfit.pattern, colour=puppet.character.palette.shirt_detail, period=outfit.pattern_period,
        origin=origin, inverse=_inverse(across, along), scale=puppet.unit,
    )  # fmt: skip


def _inverse(first: Array, second: Array) -> Array:
    """Inverses (F, 2, 2) of the matrices whose columns are two vectors (F, 2)."""
    determinant = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    rows = np.stack([second[:, 1], -second[:, 0], -first[:, 1], first[:, 0]], axis=-1)
    return (rows / determinant[:, None]).reshape(-1, 2, 2)
