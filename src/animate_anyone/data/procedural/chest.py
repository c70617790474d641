"""The surface of a trunk: its silhouette, points on its front and back, and the signs on a chest."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import detail
from animate_anyone.data.procedural.colours import Colour, distance, shade
from animate_anyone.data.procedural.emblems import emblem_outline
from animate_anyone.data.procedural.lettering import strokes, text_width
from animate_anyone.data.procedural.paint import Painted
from animate_anyone.data.procedural.patterns import Local, local
from animate_anyone.data.procedural.proportions import Proportions
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Polygon

ROUNDING = 0.022
"""Radius of a shirt's corners in units."""

STROKE = 0.0095
"""Half the thickness in units of the strokes of letters: two pixels in a small picture."""


def silhouette(puppet: Puppet, *, grow: float = 0.0) -> Array:
    """Pixels (F, 5, 2, 2) of the trunk's edges from the neck down to the hips: on the image's left, then its right.

    They are those of a shape whose corners are rounded by `ROUNDING`; `grow` widens it by so many units.
    """
    p, skeleton = puppet.character.proportions, puppet.skeleton
    joints = skeleton.joints
    rows = zip(
        ("neck", "neck", "neck", "middle", "pelvis"),
        (0.0, ROUNDING + 0.002, 0.4 * p.torso, 0.02, 0.0),
        (0.45 * p.shoulder, p.shoulder + 0.014, *widths(p)[1:]),
        (0.4 * p.shoulder, *depths(p)),
        strict=True,
    )
    edges: list[Array] = []
    for name, y, half_width, depth in rows:
        basis = skeleton.pelvis if name in ("middle", "pelvis") else skeleton.chest
        # A turned trunk shows its depth, so it does not become a thin board.
        seen = np.hypot(half_width * basis[:, 0, 0], depth * basis[:, 0, 2]) - ROUNDING + grow
        down = puppet.camera.direct(basis[:, :, 1])
        across = np.stack([down[:, 1], -down[:, 0]], axis=-1) / np.linalg.norm(down, axis=-1, keepdims=True)
        side = across * (seen * puppet.unit)[:, None]
        middle = puppet.camera.project(joints[name] + basis @ np.array([0.0, y, 0.0]))
        edges.append(np.stack([middle - side, middle + side], axis=1))
    return np.stack(edges, axis=1)


def widths(p: Proportions) -> tuple[float, float, float, float]:
    """Half the width in units at shoulders, chest, waist and hips."""
    # Broad shoulders slope: their ends are the arms'.
    return (
        p.shoulder + 0.014 - 0.4 * max(0.0, p.shoulder - 0.11),
        0.92 * p.shoulder + 0.1 * p.muscle * p.shoulder,
        p.waist,
        p.hip + 1.15 * p.leg_radius,
    )


def depths(p: Proportions) -> tuple[float, float, float, float]:
    """Half the depth in units at shoulders, chest, waist and hips."""
    return 0.55 * p.shoulder, 0.6 * p.shoulder, max(0.7 * p.waist, 0.06), max(0.07, 1.2 * p.leg_radius)


def on_trunk(puppet: Puppet, points: Array, *, back: bool = False, lift: float = 0.0) -> Array:
    """Pixels (F, N, 2) of points (N, 2) on the trunk's front or back.

    The first coordinate goes from -1 at the person's right side to 1 at the left, the second from 0 at the neck to
    1 at the hips; `lift` is how far in units they are above the surface.
    """
    p, skeleton = puppet.character.proportions, puppet.skeleton
    levels = (0.05, 0.4, 0.6, 1.0)
    x, y = points[:, 0], points[:, 1]
    half, depth = np.interp(y, levels, widths(p)), np.interp(y, levels, depths(p))
    z = (depth * np.sqrt(np.clip(1.0 - x**2, 0.0, 1.0)) + lift) * (-1.0 if back else 1.0)
    upper = np.stack([x * half, y * p.torso, z], axis=-1)
    lower = np.stack([x * half, (y - 1.0) * p.torso, z], axis=-1)
    # The spine bends at the waist: points near it are between where chest and hips would carry them.
    share = np.clip((y - 0.45) / 0.3, 0.0, 1.0)[:, None]
    chest = skeleton.joints["neck"][:, None] + np.einsum("fij,nj->fni", skeleton.chest, upper)
    hips = skeleton.joints["pelvis"][:, None] + np.einsum("fij,nj->fni", skeleton.pelvis, lower)
    return puppet.camera.project(chest + share * (hips - chest))


def chest_local(puppet: Puppet) -> Local:
    """Coordinates of the chest, from the neck down."""
    depth = 0.5 * puppet.character.proportions.shoulder
    origin = puppet.in_chest(np.array([[0.0, 0.0, depth]]))[:, 0]
    return _body_local(puppet, origin, puppet.skeleton.chest)


def pelvis_local(puppet: Puppet) -> Local:
    """Coordinates of the hips, from their middle down."""
    return _body_local(puppet, puppet.joint("pelvis"), puppet.skeleton.pelvis)


def _body_local(puppet: Puppet, origin: Array, basis: Array) -> Local:
    along = puppet.camera.direct(basis[:, :, 1])
    across = np.stack([along[:, 1], -along[:, 0]], axis=-1)
    across = across / np.linalg.norm(across, axis=-1, keepdims=True) * puppet.unit[:, None]
    # A turned trunk shows its pattern narrower, but on its round side never as narrow as a board would.
    turned = np.where(basis[:, 0, 0] < 0, -1.0, 1.0) * np.maximum(np.abs(basis[:, 0, 0]), 0.5)
    return local(origin, across * turned[:, None], along, puppet.unit)


def chest_marks(puppet: Puppet, *, on: Colour, height: float = 0.36, size: float = 0.36) -> list[Painted]:
    """The emblem, number or word on the front of a chest of a colour, `size` shoulder half-widths large."""
    outfit, palette = puppet.character.outfit, puppet.character.palette
    p = puppet.character.proportions
    colour = palette.shirt_detail
    if distance(colour, on) < 0.3:
        colour = shade(on, 0.35) if sum(on) > 1.4 else shade(on, 3.0)
    half, torso = np.interp(height, (0.05, 0.4), widths(p)[:2]), p.torso
    outline = emblem_outline(outfit.emblem)
    if outline is not None:
        radius = size * p.shoulder
        points = outline * radius / np.array([half, torso]) + np.array([0.0, height])
        return [detail(Polygon(vertices=on_trunk(puppet, points), rounding=0.005 * puppet.unit), colour)]
    if outfit.text:
        # Letters stay as wide as the chest allows, and numbers of one digit do not fill it.
        tall = min(2.4 * size * p.shoulder, 3.6 * size * p.shoulder / text_width(outfit.text), 0.5 * torso)
        segments = strokes(outfit.text) * tall / np.array([half, torso]) + np.array([0.0, height])
        ends = [on_trunk(puppet, segments[:, index]) for index in range(2)]
        radius = np.repeat(max(STROKE, 0.09 * tall) * puppet.unit[:, None], len(segments), axis=1)
        return [detail(Capsules(start=ends[0], end=ends[1], start_radius=radius, end_radius=radius), colour)]
    return []
