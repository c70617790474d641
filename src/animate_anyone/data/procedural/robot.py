"""Robots as parts: plated trunk, boxy limbs with round joints, a visor for a face, an antenna."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import detail, emblem_outline, hand, part, solid
from animate_anyone.data.procedural.colours import Colour, shade
from animate_anyone.data.procedural.face import EARS, eye_centres, eye_opening, landmarks
from animate_anyone.data.procedural.features import any_seen, seen_of_two
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Ellipses, Polygon, capsule, discs, polyline
from animate_anyone.data.procedural.skeleton import FORWARD
from animate_anyone.data.procedural.turning import turn_into_view

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
    basis = puppet.skeleton.chest
    rows = [
        puppet.cross_section(
            puppet.skeleton.joints["neck"] + basis @ np.array([0.0, y, 0.0]),
            basis, half_width=share * width, depth=1.15 * share * depth, rounding=0.0,
        )
        for y, share in ((high, 1.0), (low, 0.82))
    ]  # fmt: skip
    chest = np.stack([rows[0][:, 0], rows[0][:, 1], rows[1][:, 1], rows[1][:, 0]], axis=1)
    x, y = np.array([-0.5, -0.25, 0.0, 0.25, 0.5]), np.full(5, 1.0)
    panel = np.concatenate([np.stack([x, 0.30 * y], axis=-1), np.stack([x[::-1], 0.74 * y], axis=-1)])
    screen = puppet.on_chest(panel * np.array([width, low]), half_width=width, depth=depth)
    front = puppet.facing(FORWARD) > 0.12
    shapes = [
        solid(puppet, Polygon(vertices=chest, rounding=0.03 * unit), palette.shirt, 0.06),
        detail(Polygon(vertices=screen, rounding=0.012 * unit), shade(palette.skin, 0.9), seen=front),
        *_lamp(puppet, height=0.52 * low, half_width=width, depth=depth),
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
    box = puppet.facing_head(np.array([[-0.8, -0.78, 0], [0.8, -0.78, 0], [0.8, 0.78, 0], [-0.8, 0.78, 0]]))
    mast = puppet.on_head(np.array([[0.0, -0.9, 0.0], [0.0, -1.5, 0.0]]))
    azimuths = puppet.azimuth(EARS)
    bolts = puppet.on_head(EARS)
    near = bolts[np.arange(len(unit)), np.argmax(np.cos(azimuths), axis=1)]
    return [part(puppet, [
        solid(puppet, polyline(mast, 0.07 * radius), palette.hair, 0.1),
        solid(puppet, discs(mast[:, 1], 0.17 * radius), palette.hat, 0.1),
        solid(puppet, discs(bolts, 0.24 * radius), palette.shirt, 0.1),
        solid(puppet, Polygon(vertices=box, rounding=0.2 * radius), palette.skin, 0.4 * size),
        *_visor(puppet, radius),
        detail(discs(near, 0.24 * radius), palette.shirt, seen=np.max(np.cos(azimuths), axis=1) > 0.3),
    ])]  # fmt: skip


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


def _lamp(puppet: Puppet, *, height: float, half_width: float, depth: float) -> list[Painted]:
    outline = emblem_outline(puppet.character.outfit.emblem)
    if outline is None:
        return []
    flat = outline * 0.24 * puppet.character.proportions.shoulder + np.array([0.0, height])
    shape = Polygon(vertices=puppet.on_chest(flat, half_width=half_width, depth=depth), rounding=0.004 * puppet.unit)
    return [detail(shape, puppet.character.palette.shirt_detail, seen=puppet.facing(FORWARD) > 0.12)]


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
