"""Robots as parts: plated trunk, boxy or round limbs with joints, a visor for a face, an antenna."""

import numpy as np

from animate_anyone.data.procedural import bags, garments
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import (
    detail,
    facing,
    front_only,
    limb_local,
    part,
    shirt_cloth,
    solid,
)
from animate_anyone.data.procedural.chest import chest_local, chest_marks
from animate_anyone.data.procedural.colours import Colour, shade
from animate_anyone.data.procedural.face import EARS, eye_centres, eye_opening, landmarks
from animate_anyone.data.procedural.features import any_seen, seen_of_two
from animate_anyone.data.procedural.limbs import hand
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Ellipses, Polygon, capsule, discs, polyline
from animate_anyone.data.procedural.turning import turn_into_view

VISOR: Colour = (0.08, 0.10, 0.15)


def arm(puppet: Puppet, side: str) -> Part:
    """Two plates between round joints, and a hand; the shoulder is a coloured ball."""
    palette, unit = puppet.character.palette, puppet.unit
    radius = puppet.character.proportions.arm_radius
    shoulder, elbow, wrist = (puppet.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    accent = palette.left_sleeve if side == "left" else palette.shirt
    shapes = bags.handbag(puppet, side) + hand(puppet, side, palette.hair)
    shapes.append(_segment(puppet, elbow, wrist, radius * 0.95, radius * 1.15, palette.skin))
    shapes.append(_segment(puppet, shoulder, elbow, radius * 0.9, radius * 0.9, palette.skin))
    if puppet.character.outfit.cuffs:
        ring = polyline(np.stack([elbow + 0.62 * (wrist - elbow), elbow + 0.74 * (wrist - elbow)], 1), radius * unit)
        shapes.append(detail(ring, accent))
    shapes.append(solid(puppet, discs(elbow, 0.85 * radius * unit), palette.hair, radius))
    shapes.append(solid(puppet, discs(shoulder, 1.5 * radius * unit), accent, radius))
    return part(puppet, shapes)


def leg(puppet: Puppet, side: str) -> Part:
    """Two plates, a round knee and a block of a foot."""
    palette, unit, p = puppet.character.palette, puppet.unit, puppet.character.proportions
    radius = p.leg_radius
    hip, knee, ankle, heel, toe = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle", "heel", "toe"))
    shapes = [
        solid(puppet, capsule(heel, toe, p.foot_radius * unit, 1.12 * p.foot_radius * unit), palette.shoes, 0.03),
        _segment(puppet, knee, ankle, radius * 0.8, radius * 1.05, palette.lower),
        _segment(puppet, hip, knee, radius * 1.0, radius * 0.85, palette.skin),
    ]
    if puppet.character.outfit.leg_trim == "side stripe":
        line = np.stack([knee + 0.3 * (ankle - knee), knee + 0.8 * (ankle - knee)], axis=1)
        stripe = detail(polyline(line, 0.3 * radius * unit), palette.lower_detail)
        shapes.append(facing(stripe, puppet.skeleton.pelvis[:, 2, 2]))
    shapes.append(solid(puppet, discs(knee, 0.78 * radius * unit), palette.hair, radius))
    return part(puppet, shapes)


def torso(puppet: Puppet) -> list[Part]:
    """Hips, a belly of dark joints, a broad chest plate, and what is worn on it."""
    character, unit = puppet.character, puppet.unit
    palette, p = character.palette, character.proportions
    left, right = puppet.joint("left_hip"), puppet.joint("right_hip")
    neck = capsule(puppet.joint("neck"), puppet.joint("skull"), p.neck_radius * unit)
    spine = capsule(puppet.joint("middle"), puppet.joint("pelvis"), 0.7 * p.hip * unit)
    flat = Part(shapes=bags.straps(puppet), outline=np.zeros_like(unit), outline_colour=palette.outline)
    parts = [
        part(puppet, [solid(puppet, neck, palette.hair, 0.03), solid(puppet, spine, palette.hair, 0.05)]),
        part(puppet, [solid(puppet, capsule(right, left, 1.05 * p.leg_radius * unit), shade(palette.skin, 0.8), 0.05)]),
        part(puppet, [_chest(puppet), *(front_only(puppet, shape) for shape in _plate(puppet))]),
        flat,
        part(puppet, garments.neckwear(puppet)),
        part(puppet, bags.carried(puppet)),
    ]
    return [each for each in parts if each.shapes]


def _chest(puppet: Puppet) -> Painted:
    """The chest plate: angular, round for an android, as deep as it is seen from the side."""
    p, palette, skeleton = puppet.character.proportions, puppet.character.palette, puppet.skeleton
    width, depth, high, low = 0.86 * p.shoulder, 0.55 * p.shoulder, 0.02, 0.66 * p.torso
    slim = p.build == "android"
    taper = 0.68 if slim else 0.82
    seen = np.hypot(skeleton.chest[:, 0, 0] * width, skeleton.chest[:, 0, 2] * depth)
    ends = puppet.in_chest(np.array([[0.0, high, 0.0], [0.0, low, 0.0]]))
    down = ends[:, 1] - ends[:, 0]
    across = np.stack([down[:, 1], -down[:, 0]], axis=-1) / np.linalg.norm(down, axis=-1, keepdims=True)
    side = across * (seen * puppet.unit)[:, None]
    corners = [ends[:, 0] - side, ends[:, 0] + side, ends[:, 1] + taper * side, ends[:, 1] - taper * side]
    rounding = (0.045 if slim else 0.03) * puppet.unit
    shape = Polygon(vertices=np.stack(corners, axis=1), rounding=rounding)
    return solid(puppet, shape, palette.shirt, 0.06, cloth=shirt_cloth(puppet), place=chest_local(puppet))


def _plate(puppet: Puppet) -> list[Painted]:
    """What is on the front of the chest: a panel with a sign, a glowing core, ribs, bolts or a stripe."""
    character, unit, palette = puppet.character, puppet.unit, puppet.character.palette
    p = character.proportions
    width, depth, low = 0.86 * p.shoulder, 0.55 * p.shoulder, 0.66 * p.torso
    casing = shade(palette.skin, 0.9)

    def front(points: list[list[float]]) -> Array:
        """Points given in half-widths and heights of the plate."""
        scaled = np.array(points) * np.array([width, low])
        return puppet.in_chest(np.concatenate([scaled, np.full((len(points), 1), depth)], axis=1))

    match character.outfit.plate:
        case "panel":
            screen = Polygon(
                vertices=front([[-0.6, 0.24], [0.6, 0.24], [0.6, 0.8], [-0.6, 0.8]]), rounding=0.012 * unit
            )
            return [detail(screen, casing), *chest_marks(puppet, on=casing, height=0.345, size=0.3)]
        case "core":
            centre = front([[0.0, 0.5]])
            radius = 0.42 * p.shoulder * unit
            glow = shade(palette.hat, 1.5)
            return [
                detail(discs(centre, radius), casing),
                detail(discs(centre, 0.74 * radius), VISOR),
                detail(discs(centre, 0.5 * radius), glow),
            ]
        case "ribs":
            lines = [front([[-0.55, y], [0.55, y]]) for y in (0.45, 0.66, 0.87)]
            strokes = [detail(polyline(line, 0.011 * unit), shade(palette.shirt, 0.6)) for line in lines]
            return [*strokes, detail(discs(front([[0.5, 0.2]]), 0.02 * unit), shade(palette.hat, 1.4))]
        case "bolts":
            corners = discs(front([[-0.75, 0.16], [0.75, 0.16], [0.62, 0.86], [-0.62, 0.86]]), 0.0145 * unit)
            return [detail(corners, palette.hair), *chest_marks(puppet, on=palette.shirt, height=0.34, size=0.34)]
        case "stripe":
            line = polyline(front([[0.0, 0.08], [0.0, 0.95]]), 0.2 * p.shoulder * unit)
            lamps = discs(front([[0.0, 0.3], [0.0, 0.52], [0.0, 0.74]]), 0.014 * unit)
            return [detail(line, palette.shirt_detail), detail(lamps, shade(palette.hat, 1.3))]


def head(puppet: Puppet) -> list[Part]:
    """A casing with bolts for ears, antennas, and a visor with lights for eyes and mouth."""
    character, palette, unit = puppet.character, puppet.character.palette, puppet.unit
    size = character.proportions.head / 2
    radius = size * unit
    shapes: list[Painted] = []
    # One antenna in the middle, two that lean outwards, or none.
    leans = {"panel": (0.0,), "core": (-0.5, 0.5), "ribs": (0.0,), "bolts": (-0.5, 0.5), "stripe": ()}
    for lean in leans[character.outfit.plate]:
        mast = puppet.on_head(np.array([[lean, -0.8, 0.0], [1.5 * lean, -1.5, 0.0]]))
        shapes.append(solid(puppet, polyline(mast, 0.08 * radius), palette.hair, 0.1))
        shapes.append(solid(puppet, discs(mast[:, 1], 0.17 * radius), palette.hat, 0.1))
    ears = puppet.on_head(EARS)
    shapes.append(solid(puppet, discs(ears, 0.24 * radius), palette.shirt, 0.1))
    shapes.append(_casing(puppet))
    # Of a turned head, the near ear is seen on the casing.
    outward = puppet.skeleton.head[:, 2, 0]
    shapes.extend(
        facing(detail(discs(ears[:, index], 0.24 * radius), palette.shirt), sign * outward - 0.3)
        for index, sign in enumerate((-1.0, 1.0))
    )
    shapes.extend(_visor(puppet, radius))
    return [part(puppet, shapes)]


def _casing(puppet: Puppet) -> Painted:
    """The head itself, as deep as it is wide."""
    palette, size = puppet.character.palette, puppet.character.proportions.head / 2
    radius = size * puppet.unit
    match puppet.character.outfit.casing:
        case "round":
            axis, radii = puppet.head_shape()
            shape = Ellipses(centre=puppet.joint("skull")[:, None], axis=axis, radii=1.06 * radii[:, None])
        case "dome":
            angle = np.linspace(np.pi, 2 * np.pi, 9)
            top = np.stack([0.84 * np.cos(angle), 0.8 * np.sin(angle) + 0.05], axis=-1)
            chin = np.array([[0.84, 0.74], [-0.84, 0.74]])
            shape = Polygon(vertices=puppet.around_head(np.concatenate([top, chin])), rounding=0.18 * radius)
        case "wedge":
            corners = np.array([[-0.92, -0.7], [0.92, -0.7], [0.62, 0.8], [-0.62, 0.8]])
            shape = Polygon(vertices=puppet.around_head(corners), rounding=0.2 * radius)
        case "box":
            corners = np.array([[-0.8, -0.78], [0.8, -0.78], [0.8, 0.78], [-0.8, 0.78]])
            shape = Polygon(vertices=puppet.around_head(corners), rounding=0.2 * radius)
    return solid(puppet, shape, palette.skin, 0.4 * size)


def _visor(puppet: Puppet, radius: Array) -> list[Painted]:
    """A dark band around the front, with lights in it."""
    angle = np.radians(np.linspace(-50.0, 50.0, 5))
    top, bottom = np.full(5, -0.42), np.full(5, 0.32)
    rim = np.stack([0.86 * np.sin(angle), top, 0.86 * np.cos(angle)], axis=-1)
    outline = np.concatenate([rim, np.stack([rim[::-1, 0], bottom, rim[::-1, 2]], axis=-1)])
    width, _, depth = puppet.head_radii
    edge = puppet.on_head(turn_into_view(outline, puppet.head_yaw, width=width, depth=depth))
    seen = np.cos(puppet.head_yaw) > np.cos(np.radians(128.0))
    return [detail(Polygon(vertices=edge, rounding=0.1 * radius), VISOR, seen=seen), *_lights(puppet, radius)]


def _lights(puppet: Puppet, radius: Array) -> list[Painted]:
    face, colour = puppet.character.face, shade(puppet.character.palette.hat, 1.5)
    axis, _ = puppet.head_shape()
    share = puppet.face_share(eye_centres(face))
    opening = np.repeat((eye_opening(face, puppet.angles["blink"]) * radius)[:, None], 2, axis=1)
    width = face.eye_width * radius[:, None] * np.clip(share, 0.2, 1.0)
    centre, radii = seen_of_two(share, puppet.on_face(eye_centres(face)), np.stack([width, opening], axis=-1))
    lips = landmarks(face, blink=puppet.angles["blink"], mouth=puppet.angles["mouth"])[:, 60:]
    mouth = Polygon(vertices=puppet.seen_on_face(lips), rounding=0.05 * radius)
    return [
        detail(Ellipses(centre=centre, axis=axis, radii=radii), colour, seen=any_seen(share)),
        detail(mouth, VISOR, seen=np.cos(puppet.head_yaw) > 0.0),
    ]


def _segment(puppet: Puppet, start: Array, end: Array, near: float, far: float, colour: Colour) -> Painted:
    """A tapered box between two joints, or a tube on an android, with half-widths in units."""
    place = limb_local(puppet, start, end)
    if puppet.character.proportions.build == "android":
        tube = capsule(start, end, near * puppet.unit, far * 0.85 * puppet.unit)
        return solid(puppet, tube, colour, min(near, far), place=place)
    along = end - start
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    across = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6) * puppet.unit[:, None]
    rounding = 0.35 * min(near, far)
    first, last = across * (near - rounding), across * (far - rounding)
    near_end, far_end = start + 0.06 * along, start + 0.94 * along
    vertices = np.stack([near_end - first, near_end + first, far_end + last, far_end - last], axis=1)
    return solid(
        puppet, Polygon(vertices=vertices, rounding=rounding * puppet.unit), colour, min(near, far), place=place
    )
