"""The features of a face as shapes: eyes, brows, nose, mouth, blush, wherever the head turns."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Mask
from animate_anyone.data.procedural.body import detail, solid
from animate_anyone.data.procedural.colours import DARK, WHITE, Colour, shade
from animate_anyone.data.procedural.face import brows, eye_centres, eye_opening, landmarks
from animate_anyone.data.procedural.paint import Painted
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Ellipses, Polygon, capsule, polyline

MOUTH: Colour = (0.48, 0.13, 0.17)
EDGE = 0.08
"""How directly a feature must be seen to be drawn: the cosine to the viewer."""


def nose_bump(puppet: Puppet) -> Painted:
    """What of the nose stands out of the head's outline in profile; the skull covers the rest."""
    size, nose_y = puppet.character.proportions.head / 2, puppet.character.face.nose_y
    bridge, tip = np.moveaxis(puppet.on_head(np.array([[0.0, nose_y - 0.3, 0.9], [0.0, nose_y - 0.02, 1.06]])), 1, 0)
    shape = capsule(bridge, tip, 0.06 * size * puppet.unit, 0.11 * size * puppet.unit)
    return solid(puppet, shape, puppet.character.palette.skin, 0.1, seen=np.abs(np.sin(puppet.head_yaw)) > 0.5)


def features(puppet: Puppet) -> list[Painted]:
    """Everything on the front of the head; what is turned away is left out, what is nearly so is squeezed."""
    character, size = puppet.character, puppet.character.proportions.head / 2 * puppet.unit
    face, palette = character.face, character.palette
    shapes: list[Painted] = []
    if character.kind == "cartoon":
        red, green, blue = palette.skin
        blush = (0.7 * red + 0.3, 0.72 * green + 0.08, 0.72 * blue + 0.1)
        cheeks = np.array([[-0.58, 0.52], [0.58, 0.52]])
        share = puppet.face_share(cheeks)
        radius = 0.13 * size[:, None] * np.clip(share / 0.6, 0.3, 1.0)
        centre, radii = seen_of_two(share, puppet.on_face(cheeks), radius[..., None])
        axis, _ = puppet.head_shape()
        shapes.append(
            detail(Ellipses(centre=centre, axis=axis, radii=np.repeat(radii, 2, axis=-1)), blush, seen=any_seen(share))
        )
    shapes.extend(_eyes(puppet))
    hair_colour = palette.hair if character.outfit.hair != "bald" else palette.skin
    share = puppet.face_share(np.mean(brows(face), axis=1))
    right, left = (puppet.seen_on_face(brow[::2]) for brow in brows(face))
    both = np.where((share > EDGE)[:, :, None, None], np.stack([right, left], axis=1), np.stack([left, right], axis=1))
    radius = np.repeat((0.055 * size)[:, None], 4, axis=1)
    lines = Capsules(
        start=both[:, :, :-1].reshape(-1, 4, 2), end=both[:, :, 1:].reshape(-1, 4, 2),
        start_radius=radius, end_radius=radius,
    )  # fmt: skip
    shapes.append(detail(lines, shade(hair_colour, 0.6), seen=any_seen(share)))
    ridge = np.array([[0.0, face.nose_y - 0.1], [0.0, face.nose_y]])
    nose = polyline(puppet.on_face(ridge), 0.055 * size)
    front = np.cos(puppet.head_yaw)
    shapes.append(detail(nose, shade(palette.skin, 0.82), seen=front > 0.3))
    lips = landmarks(face, blink=puppet.angles["blink"], mouth=puppet.angles["mouth"])[:, 60:]
    shapes.append(detail(Polygon(vertices=puppet.seen_on_face(lips), rounding=0.022 * size), MOUTH, seen=front > -0.1))
    return shapes


def _eyes(puppet: Puppet) -> list[Painted]:
    """White, iris, pupil and a glint of the eyes; the lids close over all of them."""
    face, palette = puppet.character.face, puppet.character.palette
    axis, _ = puppet.head_shape()
    middles = eye_centres(face)
    share = puppet.face_share(middles)
    # Per frame and eye: a head radius in pixels, and the eye's half-axes; a turned head shows narrower eyes.
    radius = np.repeat((puppet.character.proportions.head / 2 * puppet.unit)[:, None], 2, axis=1)
    aside = puppet.on_face(middles + np.array([0.1, 0.0])), puppet.on_face(middles - np.array([0.1, 0.0]))
    half_width = face.eye_width * np.linalg.norm(aside[0] - aside[1], axis=-1) / 0.2
    half_height = eye_opening(face, puppet.angles["blink"])[:, None] * radius
    middle, sizes = seen_of_two(share, puppet.on_face(middles), np.stack([half_width, half_height], axis=-1))
    half_width, half_height = sizes[..., 0], sizes[..., 1]
    iris = 0.86 * min(face.eye_height, face.eye_width) * radius
    seen = any_seen(share)

    def ellipses(centre: Array, width: Array, height: Array) -> Ellipses:
        return Ellipses(centre=centre, axis=axis, radii=np.stack([width, height], axis=-1))

    def within_lids(size: Array) -> Ellipses:
        return ellipses(middle, np.minimum(size, 0.9 * half_width), np.minimum(size, half_height))

    rim = 0.035 * radius
    glint = middle - np.stack([0.32 * np.minimum(iris, half_width), 0.36 * np.minimum(iris, half_height)], axis=-1)
    shine = np.minimum(0.28 * iris, 0.3 * half_width), np.minimum(0.28 * iris, 0.5 * half_height)
    return [
        detail(ellipses(middle, half_width + rim, half_height + rim), shade(palette.skin, 0.45), seen=seen),
        detail(ellipses(middle, half_width, half_height), WHITE, seen=seen),
        detail(within_lids(iris), palette.iris, seen=seen),
        detail(within_lids(0.58 * iris), DARK, seen=seen),
        detail(ellipses(glint, *shine), WHITE, seen=seen),
    ]


def any_seen(share: Array) -> Mask:
    """Whether (F,) at least one of several features is seen, given how directly each (F, N) is."""
    return np.max(share, axis=1) > EDGE


def seen_of_two(share: Array, centre: Array, sizes: Array) -> tuple[Array, Array]:
    """Centres and sizes (F, 2, ...) of a pair of features, where one that is not seen is put upon the other."""
    hidden = (share <= EDGE)[..., None]
    return np.where(hidden, centre[:, ::-1], centre), np.where(hidden, sizes[:, ::-1], sizes)
