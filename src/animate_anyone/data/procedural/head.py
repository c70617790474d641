"""Heads of humans and cartoons as parts: hair behind, ears, skull and face, hair in front, hat."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import detail, part, solid
from animate_anyone.data.procedural.colours import DARK, WHITE, Colour, shade
from animate_anyone.data.procedural.face import brows, eye_centres, eye_opening, landmarks
from animate_anyone.data.procedural.keypoints import EARS
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Ellipses, Polygon, capsule, discs, polyline

MOUTH: Colour = (0.48, 0.13, 0.17)
FRINGES: dict[str, tuple[tuple[float, float], ...]] = {
    "short": ((0.86, -0.20), (0.62, -0.52), (0.10, -0.44), (-0.40, -0.58), (-0.86, -0.20)),
    "bob": ((0.90, 0.30), (0.78, -0.34), (0.25, -0.40), (-0.25, -0.40), (-0.78, -0.34), (-0.90, 0.30)),
    "long": ((0.92, 0.45), (0.74, -0.20), (0.05, -0.72), (-0.74, -0.20), (-0.92, 0.45)),
    "spiky": (
        (0.88, -0.15), (0.60, -0.55), (0.42, -0.28), (0.12, -0.58), (-0.12, -0.26), (-0.42, -0.58), (-0.88, -0.15),
    ),
    "bun": ((0.88, -0.10), (0.58, -0.62), (0.0, -0.72), (-0.58, -0.62), (-0.88, -0.10)),
    "ponytail": ((0.88, -0.10), (0.50, -0.40), (-0.20, -0.66), (-0.60, -0.50), (-0.88, -0.10)),
    "afro": ((0.90, -0.15), (0.60, -0.50), (0.0, -0.60), (-0.60, -0.50), (-0.90, -0.15)),
}  # fmt: skip
"""The lower edge of the hair on the face, from the image's right to its left, in head radii."""


def head(puppet: Puppet) -> list[Part]:
    """The parts of the head that are painted over the torso."""
    return [part(puppet, _skull(puppet)), *_hair(puppet), *_hat(puppet)]


def hair_behind(puppet: Puppet) -> list[Part]:
    """Hair that hangs behind the body: painted first."""
    outfit, hair, unit = puppet.character.outfit, puppet.character.palette.hair, puppet.unit
    p = puppet.character.proportions
    size = p.head / 2
    match outfit.hair:
        case "long" | "bob":
            reach = 1.75 if outfit.hair == "long" else 0.85
            right = np.array([[-0.85, -0.4, -0.4], [-0.95, 0.4, -0.4], [-0.80, reach, -0.4]])
            edge = np.concatenate([right, right[::-1] * np.array([-1.0, 1.0, 1.0])])
            shape = Polygon(vertices=puppet.on_head(edge), rounding=0.2 * size * unit)
        case "ponytail":
            tail = puppet.on_head(np.array([[0.55, -0.75, -0.6], [1.25, -0.45, -0.8], [1.35, 0.45, -0.8]]))
            shape = polyline(tail, 0.22 * size * unit)
        case "bun":
            shape = discs(puppet.on_head(np.array([[0.0, -1.25, -0.3]]))[:, 0], 0.42 * size * unit)
        case "afro":
            axis, radii = puppet.head_shape()
            centre = puppet.around_head(np.array([[0.0, -0.25]]))
            shape = Ellipses(centre=centre, axis=axis, radii=radii[:, None] * np.array([1.42, 1.28]))
        case _:
            return []
    return [part(puppet, [solid(puppet, shape, shade(hair, 0.86), 0.5 * size)])]


def _skull(puppet: Puppet) -> list[Painted]:
    palette, size = puppet.character.palette, puppet.character.proportions.head / 2
    axis, radii = puppet.head_shape()
    skull = Ellipses(centre=puppet.joint("skull")[:, None], axis=axis, radii=radii[:, None])
    return [
        solid(puppet, discs(puppet.on_head(EARS), 0.16 * size * puppet.unit), palette.skin, 0.2 * size),
        solid(puppet, skull, palette.skin, 0.7 * size),
        *_face(puppet),
    ]


def _face(puppet: Puppet) -> list[Painted]:
    character, size = puppet.character, puppet.character.proportions.head / 2 * puppet.unit
    face, palette = character.face, character.palette
    shapes: list[Painted] = []
    if character.kind == "cartoon":
        red, green, blue = palette.skin
        blush = (0.7 * red + 0.3, 0.72 * green + 0.08, 0.72 * blue + 0.1)
        shapes.append(detail(discs(puppet.on_face(np.array([[-0.58, 0.52], [0.58, 0.52]])), 0.13 * size), blush))
    shapes.extend(_eyes(puppet))
    hair_colour = palette.hair if character.outfit.hair != "bald" else palette.skin
    right, left = (polyline(puppet.on_face(brow[::2]), 0.055 * size) for brow in brows(face))
    both = Capsules(
        start=np.concatenate([right.start, left.start], axis=1),
        end=np.concatenate([right.end, left.end], axis=1),
        start_radius=np.concatenate([right.start_radius, left.start_radius], axis=1),
        end_radius=np.concatenate([right.end_radius, left.end_radius], axis=1),
    )
    shapes.append(detail(both, shade(hair_colour, 0.6)))
    nose = puppet.on_face(np.array([[0.0, face.nose_y - 0.1], [0.0, face.nose_y]]))
    shapes.append(detail(polyline(nose, 0.055 * size), shade(palette.skin, 0.82)))
    lips = landmarks(face, blink=puppet.angles["blink"], mouth=puppet.angles["mouth"])[:, 60:]
    shapes.append(detail(Polygon(vertices=puppet.on_face(lips), rounding=0.022 * size), MOUTH))
    return shapes


def _eyes(puppet: Puppet) -> list[Painted]:
    """White, iris, pupil and a glint of both eyes; the lids close over all of them."""
    face, palette = puppet.character.face, puppet.character.palette
    axis, _ = puppet.head_shape()
    middles = eye_centres(face)
    middle, aside = puppet.on_face(middles), puppet.on_face(middles + np.array([0.1, 0.0]))
    # Per frame and eye: a head radius in pixels, and the eye's half-axes; a turned head shows narrower eyes.
    radius = np.repeat((puppet.character.proportions.head / 2 * puppet.unit)[:, None], 2, axis=1)
    half_width = face.eye_width * np.linalg.norm(aside - middle, axis=-1) / 0.1
    half_height = eye_opening(face, puppet.angles["blink"])[:, None] * radius
    iris = 0.86 * min(face.eye_height, face.eye_width) * radius

    def ellipses(centre: Array, width: Array, height: Array) -> Ellipses:
        return Ellipses(centre=centre, axis=axis, radii=np.stack([width, height], axis=-1))

    def within_lids(size: Array) -> Ellipses:
        return ellipses(middle, np.minimum(size, half_width), np.minimum(size, half_height))

    rim = 0.035 * radius
    glint = middle - np.stack([0.32 * iris, 0.36 * np.minimum(iris, half_height)], axis=-1)
    return [
        detail(ellipses(middle, half_width + rim, half_height + rim), shade(palette.skin, 0.45)),
        detail(ellipses(middle, half_width, half_height), WHITE),
        detail(within_lids(iris), palette.iris),
        detail(within_lids(0.58 * iris), DARK),
        detail(ellipses(glint, 0.28 * iris, np.minimum(0.28 * iris, 0.5 * half_height)), WHITE),
    ]


def _dome(radius: float, start: float, count: int) -> Array:
    """Points (count, 2) over the top of the head from the image's left to its right, from row `start` up."""
    angle = np.linspace(np.pi - np.arcsin(start), 2 * np.pi + np.arcsin(start), count)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _hair(puppet: Puppet) -> list[Part]:
    style, hair = puppet.character.outfit.hair, puppet.character.palette.hair
    size = puppet.character.proportions.head / 2
    if style == "bald":
        return []
    fringe = np.array(FRINGES[style])
    crown = _dome(1.08, 0.5 * fringe[0, 1] + 0.05, 15)
    if style == "spiky":
        crown[1:-1:2] *= 1.26
    outline = np.concatenate([puppet.around_head(crown), puppet.on_face(fringe)], axis=1)
    rounding = 0.02 * size * puppet.unit
    return [part(puppet, [solid(puppet, Polygon(vertices=outline, rounding=rounding), hair, 0.3 * size)])]


def _hat(puppet: Puppet) -> list[Part]:
    kind, palette, unit = puppet.character.outfit.hat, puppet.character.palette, puppet.unit
    size = puppet.character.proportions.head / 2
    band = puppet.on_head(np.array([[-1.02, -0.42, 0.25], [-0.5, -0.50, 0.8], [0.5, -0.50, 0.8], [1.02, -0.42, 0.25]]))
    trim = shade(palette.hat, 0.72)
    match kind:
        case "none":
            return []
        case "cap" | "beanie":
            front = np.array([[0.96, -0.42, 0.25], [0.5, -0.50, 0.8], [-0.5, -0.50, 0.8], [-0.96, -0.42, 0.25]])
            crown = np.concatenate([puppet.around_head(_dome(1.14, -0.36, 13)), puppet.on_head(front)], axis=1)
            shapes = [solid(puppet, Polygon(vertices=crown, rounding=0.03 * size * unit), palette.hat, 0.4 * size)]
            if kind == "cap":
                peak = puppet.on_head(
                    np.array([[-0.72, -0.46, 0.75], [0.72, -0.46, 0.75], [0.5, -0.30, 1.45], [-0.5, -0.30, 1.45]])
                )
                shapes.append(solid(puppet, Polygon(vertices=peak, rounding=0.10 * size * unit), trim, 0.3 * size))
            else:
                top = puppet.on_head(np.array([[0.0, -1.22, 0.0]]))[:, 0]
                shapes.append(solid(puppet, polyline(band, 0.15 * size * unit), trim, 0.2 * size))
                shapes.append(solid(puppet, discs(top, 0.2 * size * unit), WHITE, 0.2 * size))
        case "top_hat":
            sides = puppet.on_head(
                np.array([[-0.68, -0.7, 0.0], [-0.74, -1.9, 0.0], [0.74, -1.9, 0.0], [0.68, -0.7, 0.0]])
            )
            ribbon = puppet.on_head(np.array([[-0.66, -0.95, 0.0], [0.66, -0.95, 0.0]]))
            brim = puppet.on_head(np.array([[-1.15, -0.66, 0.3], [1.15, -0.66, 0.3]]))
            shapes = [
                solid(puppet, Polygon(vertices=sides, rounding=0.04 * size * unit), palette.hat, 0.4 * size),
                detail(polyline(ribbon, 0.12 * size * unit), trim),
                solid(puppet, polyline(brim, 0.12 * size * unit), palette.hat, 0.2 * size),
            ]
        case "party":
            foot, tip = np.moveaxis(puppet.on_head(np.array([[0.0, -0.85, 0.2], [0.0, -2.0, 0.0]])), 1, 0)
            shapes = [
                solid(puppet, capsule(foot, tip, 0.55 * size * unit, 0.06 * size * unit), palette.hat, 0.4 * size),
                solid(puppet, discs(tip, 0.2 * size * unit), palette.shirt_detail, 0.2 * size),
            ]
    return [part(puppet, shapes)]
