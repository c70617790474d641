"""The stool of somebody who sits: a drum, which looks the same from every side, that stands still."""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.body import part, solid
from animate_anyone.data.procedural.character import Proportions
from animate_anyone.data.procedural.colours import shade
from animate_anyone.data.procedural.motion import Motion
from animate_anyone.data.procedural.paint import Part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.shapes import Ellipses, Polygon
from animate_anyone.data.procedural.skeleton import pose_skeleton


@dataclass(frozen=True, kw_only=True)
class Stool:
    """The middle of the seat in space (3,), and the radius of the drum below it, in units."""

    seat: Array
    radius: float


def stool_of(proportions: Proportions, motion: Motion) -> Stool | None:
    """The stool where the hips are lowest, if the motion sits down."""
    if motion.kind != "sit":
        return None
    hips = pose_skeleton(proportions, motion.angles(np.linspace(0.0, motion.period, 72))).joints["pelvis"]
    seat = hips[np.argmax(hips[:, 1])] + np.array([0.0, 0.9 * proportions.leg_radius, 0.0])
    return Stool(seat=seat, radius=proportions.hip + 1.1 * proportions.leg_radius)


def stool_part(puppet: Puppet, stool: Stool) -> Part:
    """The drum and its seat."""
    unit, palette = puppet.unit, puppet.character.palette
    angle = np.radians(np.linspace(0.0, 180.0, 7))
    # The nearer half of the edge at the floor, then that of the seat back.
    front = stool.radius * np.stack([np.cos(angle), np.zeros_like(angle), np.sin(angle)], axis=-1)
    foot = stool.seat * np.array([1.0, 0.0, 1.0])
    ring = np.concatenate([foot + 0.86 * front, (stool.seat + front)[::-1]])
    drum = puppet.camera.project(np.broadcast_to(ring, (len(unit), *ring.shape)))
    seat = puppet.camera.project(np.broadcast_to(stool.seat, (len(unit), 3)))
    deep = float(np.linalg.norm(puppet.camera.direct(np.array([[0.0, 0.0, 1.0]]))[0])) / float(unit[0])
    top = Ellipses(
        centre=seat[:, None], axis=np.broadcast_to(np.array([1.0, 0.0]), (len(unit), 2)),
        radii=stool.radius * unit[:, None, None] * np.array([1.0, deep]),
    )  # fmt: skip
    return part(puppet, [
        solid(puppet, Polygon(vertices=drum, rounding=0.006 * unit), shade(palette.hat, 0.75), 0.05),
        solid(puppet, top, palette.hat, 0.05),
    ])  # fmt: skip
