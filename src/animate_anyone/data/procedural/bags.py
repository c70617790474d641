"""Bags: across the shoulder, on the back, or held in a hand."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import EDGE_ON, back_only, detail, facing, front_only, part, solid
from animate_anyone.data.procedural.chest import chest_local, on_trunk, pelvis_local
from animate_anyone.data.procedural.colours import shade
from animate_anyone.data.procedural.paint import Painted, Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Capsules, Polygon, polyline, together


def behind(puppet: Puppet) -> list[Part]:
    """What of a bag is behind the body."""
    match puppet.character.outfit.bag:
        case "backpack":
            return [part(puppet, _backpack(puppet)[:1])]
        case "shoulder":
            return [part(puppet, _pouch(puppet))]
        case _:
            return []


def straps(puppet: Puppet) -> list[Painted]:
    """Straps over the chest."""
    palette, unit = puppet.character.palette, puppet.unit
    colour = shade(palette.bag, 0.72)
    match puppet.character.outfit.bag:
        case "backpack":
            right = np.array([[-0.56, -0.02], [-0.64, 0.25], [-0.74, 0.6]])
            first, second = (
                polyline(on_trunk(puppet, right * np.array([sign, 1.0]), lift=0.004), 0.0145 * unit)
                for sign in (1.0, -1.0)
            )
            return [front_only(puppet, detail(together(first, second), colour))]
        case "shoulder":
            line = np.array([[0.55, -0.01], [0.2, 0.35], [-0.3, 0.7], [-0.85, 1.0]])
            return [
                front_only(puppet, detail(polyline(on_trunk(puppet, line), 0.0115 * unit), colour)),
                back_only(puppet, detail(polyline(on_trunk(puppet, line, back=True), 0.0115 * unit), colour)),
            ]
        case _:
            return []


def carried(puppet: Puppet) -> list[Painted]:
    """What of a bag is before the body."""
    match puppet.character.outfit.bag:
        case "backpack":
            return [back_only(puppet, shape, thick=True) for shape in _backpack(puppet)]
        case "shoulder":
            # It hangs a little before the hip, and is hidden only well behind it.
            near = 0.55 - puppet.skeleton.pelvis[:, 2, 0]
            return [facing(shape, near, above=EDGE_ON) for shape in _pouch(puppet)]
        case _:
            return []


def handbag(puppet: Puppet, side: str) -> list[Painted]:
    """A bag that hangs straight down from the left hand, wherever the hand is."""
    if puppet.character.outfit.bag != "handbag" or side != "left":
        return []
    palette, unit = puppet.character.palette, puppet.unit
    grip = 0.55 * puppet.joint("left_wrist") + 0.45 * puppet.joint("left_fingers")
    outline = np.array([[-0.045, 0.06], [0.045, 0.06], [0.06, 0.135], [-0.06, 0.135]])
    handle = np.array([[-0.035, 0.06], [-0.025, 0.0], [0.025, 0.0], [0.035, 0.06]])

    def hanging(points: Array) -> Array:
        return grip[:, None] + points * unit[:, None, None]

    clasp = hanging(np.array([[-0.012, 0.085], [0.012, 0.085]]))
    return [
        solid(puppet, polyline(hanging(handle), 0.009 * unit), shade(palette.bag, 0.7), 0.03),
        solid(puppet, Polygon(vertices=hanging(outline), rounding=0.016 * unit), palette.bag, 0.03),
        detail(polyline(clasp, 0.011 * unit), palette.accent),
    ]


def _pouch(puppet: Puppet) -> list[Painted]:
    """The shoulder bag itself, at the right hip."""
    palette, p, unit = puppet.character.palette, puppet.character.proportions, puppet.unit
    side = -(p.hip + 0.9 * p.leg_radius)
    place = puppet.skeleton.joints["pelvis"] + puppet.skeleton.pelvis @ np.array([side, 0.035, 0.03])
    centre = puppet.camera.project(place)
    outline = np.array([[-0.05, -0.035], [0.05, -0.035], [0.055, 0.045], [-0.055, 0.045]])
    lid = np.array([[-0.05, -0.03], [0.05, -0.03], [0.0, 0.018]])
    local = pelvis_local(puppet)

    def around(points: Array) -> Array:
        return centre[:, None] + points * unit[:, None, None]

    return [
        solid(puppet, Polygon(vertices=around(outline), rounding=0.014 * unit), palette.bag, 0.03, place=local),
        detail(Polygon(vertices=around(lid), rounding=0.01 * unit), shade(palette.bag, 0.72)),
    ]


def _backpack(puppet: Puppet) -> list[Painted]:
    """The pack on the back: a round box, with a pocket on it."""
    palette, p, unit = puppet.character.palette, puppet.character.proportions, puppet.unit
    depth, wide = -0.75 * p.shoulder, 0.5 * p.shoulder
    top, bottom = -0.02 + 0.12 * p.torso, 0.72 * p.torso
    columns = np.array([[-wide, top, depth], [0.0, top, depth], [wide, top, depth]])
    start = puppet.in_chest(columns)
    end = puppet.in_chest(columns + np.array([0.0, bottom - top, 0.0]))
    radius = np.repeat(0.62 * p.shoulder * unit[:, None], 3, axis=1)
    pocket = puppet.in_chest(np.array([
        [-wide, 0.5 * p.torso, 2 * depth], [wide, 0.5 * p.torso, 2 * depth],
        [wide, 0.8 * p.torso, 2 * depth], [-wide, 0.8 * p.torso, 2 * depth],
    ]))  # fmt: skip
    body = Capsules(start=start, end=end, start_radius=radius, end_radius=radius)
    return [
        solid(puppet, body, palette.bag, 0.05, place=chest_local(puppet)),
        detail(Polygon(vertices=pocket, rounding=0.016 * unit), shade(palette.bag, 0.76)),
    ]
