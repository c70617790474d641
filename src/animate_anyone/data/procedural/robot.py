"""Robots as parts: plated trunk, boxy limbs with round joints, a visor for a face, an antenna."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import detail, emblem_outline, hand, part, solid
from animate_anyone.data.procedural.colours import Colour, shade
from animate_anyone.data.procedural.face import eye_centres, eye_opening, landmarks
from animate_anyone.data.procedural.keypoints import EARS
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Ellipses, Polygon, capsule, discs, polyline

VISOR: Colour = (0.08, 0.10, 0.15)


def arm(puppet: Puppet, side: str) -> Part:
    """Two plates between round joints, and a hand; the shoulder is a coloured ball."""
    palette, unit = puppet.character.palette, puppet.unit
    radius = puppet.character.proportions.arm_radius
    shoulder, elbow, wrist = (puppet.joint(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
    accent = palette.left_sleeve if side == "left" else palette.shirt
    shapes = hand(puppet, side, palette.hair)
    shapes.append(_plate(puppet, elbow, wrist, radius * 0.95, radius * 1.15, palette.skin))
    shapes.append(_plate(puppet, shoulder, elbow, radius * 0.9, radius * 0.9, palette.skin))
    shapes.append(solid(puppet, discs(elbow, 0.85 * radius * unit), palette.hair, radius))
    shapes.append(solid(puppet, discs(shoulder, 1.5 * radius * unit), accent, radius))
    return part(puppet, shapes)


def leg(puppet: Puppet, side: str) -> Part:
    """Two plates, a round knee and a block of a foot."""
    palette, unit = puppet.character.palette, puppet.unit
    radius = puppet.character.proportions.leg_radius
    hip, knee, ankle, heel, toe = (puppet.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle", "heel", "toe"))
    return part(puppet, [
        solid(puppet, capsule(heel, toe, 0.030 * unit, 0.034 * unit), palette.shoes, 0.03),
        _plate(puppet, knee, ankle, radius * 0.8, radius * 1.05, palette.lower),
        _plate(puppet, hip, knee, radius * 1.0, radius * 0.85, palette.skin),
        solid(puppet, discs(knee, 0.78 * radius * unit), palette.hair, radius),
    ])  # fmt: skip


def torso(puppet: Puppet) -> list[Part]:
    """Hips, a belly of dark joints and a broad chest plate with a panel."""
    character, unit = puppet.character, puppet.unit
    palette, p = character.palette, character.proportions
    left, right = puppet.joint("left_hip"), puppet.joint("right_hip")
    width, depth = p.shoulder * 0.86, p.shoulder * 0.55
    low, high = 0.66 * p.torso, 0.02
    front = np.array([[-width, high], [width, high], [0.82 * width, low], [-0.82 * width, low]])
    chest = puppet.in_chest(np.concatenate([front, np.zeros((4, 1))], axis=1))
    panel = np.array([[-0.5, 0.30], [0.5, 0.30], [0.5, 0.74], [-0.5, 0.74]]) * np.array([width, low])
    screen = puppet.in_chest(np.concatenate([panel, np.full((4, 1), depth)], axis=1))
    shapes = [
        solid(puppet, Polygon(vertices=chest, rounding=0.03 * unit), palette.shirt, 0.06),
        detail(Polygon(vertices=screen, rounding=0.012 * unit), shade(palette.skin, 0.9)),
        *_lamp(puppet, height=0.52 * low, depth=depth),
    ]
    neck = capsule(puppet.joint("neck"), puppet.joint("skull"), 0.03 * unit)
    spine = capsule(puppet.joint("middle"), puppet.joint("pelvis"), 0.7 * p.hip * unit)
    return [
        part(puppet, [solid(puppet, neck, palette.hair, 0.03), solid(puppet, spine, palette.hair, 0.05)]),
        part(puppet, [solid(puppet, capsule(right, left, 1.05 * p.leg_radius * unit), shade(palette.skin, 0.8), 0.05)]),
        part(puppet, shapes),
    ]


def head(puppet: Puppet) -> list[Part]:
    """A box with bolts for ears, an antenna, and a visor with lights for eyes and mouth."""
    palette, unit = puppet.character.palette, puppet.unit
    size = puppet.character.proportions.head / 2
    radius = size * unit
    box = puppet.on_head(np.array([[-0.8, -0.78, 0], [0.8, -0.78, 0], [0.8, 0.78, 0], [-0.8, 0.78, 0]]))
    visor = puppet.on_head(np.array([[-0.66, -0.42, 0.8], [0.66, -0.42, 0.8], [0.62, 0.32, 0.8], [-0.62, 0.32, 0.8]]))
    mast = puppet.on_head(np.array([[0.0, -0.9, 0.0], [0.0, -1.5, 0.0]]))
    return [part(puppet, [
        solid(puppet, polyline(mast, 0.07 * radius), palette.hair, 0.1),
        solid(puppet, discs(mast[:, 1], 0.17 * radius), palette.hat, 0.1),
        solid(puppet, discs(puppet.on_head(EARS), 0.24 * radius), palette.shirt, 0.1),
        solid(puppet, Polygon(vertices=box, rounding=0.2 * radius), palette.skin, 0.4 * size),
        detail(Polygon(vertices=visor, rounding=0.14 * radius), VISOR),
        *_lights(puppet, radius),
    ])]  # fmt: skip


def _lights(puppet: Puppet, radius: Array) -> list[Painted]:
    face, colour = puppet.character.face, shade(puppet.character.palette.hat, 1.5)
    axis, _ = puppet.head_shape()
    opening = eye_opening(face, puppet.angles["blink"]) * radius
    radii = np.stack([face.eye_width * radius, opening], axis=-1)[:, None].repeat(2, axis=1)
    eyes = Ellipses(centre=puppet.on_face(eye_centres(face)), axis=axis, radii=radii)
    lips = landmarks(face, blink=puppet.angles["blink"], mouth=puppet.angles["mouth"])[:, 60:]
    mouth = Polygon(vertices=puppet.on_face(lips), rounding=0.05 * radius)
    return [detail(eyes, colour), detail(mouth, VISOR)]


def _lamp(puppet: Puppet, *, height: float, depth: float) -> list[Painted]:
    outline = emblem_outline(puppet.character.outfit.emblem)
    if outline is None:
        return []
    flat = outline * 0.24 * puppet.character.proportions.shoulder + np.array([0.0, height])
    points = puppet.in_chest(np.concatenate([flat, np.full((len(flat), 1), depth)], axis=1))
    return [detail(Polygon(vertices=points, rounding=0.004 * puppet.unit), puppet.character.palette.shirt_detail)]


def _plate(puppet: Puppet, start: Array, end: Array, near: float, far: float, colour: Colour) -> Painted:
    """A tapered box between two joints, with half-widths in units."""
    along = end - start
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    across = across / np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-6) * puppet.unit[:, None]
    rounding = 0.35 * min(near, far)
    first, last = across * (near - rounding), across * (far - rounding)
    near_end, far_end = start + 0.06 * along, start + 0.94 * along
    vertices = np.stack([near_end - first, near_end + first, far_end + last, far_end - last], axis=1)
    return solid(puppet, Polygon(vertices=vertices, rounding=rounding * puppet.unit), colour, min(near, far))
