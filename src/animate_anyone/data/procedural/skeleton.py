"""Forward kinematics: joint angles and proportions become points and orientations in space.

Space has x to the image's right, y down and z towards the viewer; the unit is the standing height. A character
that faces the viewer has its own left at positive x. The origin is the floor between the feet at rest.
"""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.character import Proportions
from animate_anyone.data.procedural.waves import Angles

DOWN = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])
SIDES = ("left", "right")
SOLE = 0.03
"""Height of the ankle's centre above the ground under a level foot."""


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """A body over F frames: named joints (F, 3), and the orientations (F, 3, 3) of pelvis, chest and head."""

    joints: dict[str, Array]
    pelvis: Array
    chest: Array
    head: Array

    def at(self, frames: slice) -> "Skeleton":
        """The skeleton in the chosen frames."""
        joints = {name: point[frames] for name, point in self.joints.items()}
        return Skeleton(joints=joints, pelvis=self.pelvis[frames], chest=self.chest[frames], head=self.head[frames])


def turn(angles: Array, axis: str) -> Array:
    """Rotations (F, 3, 3) by angles (F,) in degrees.

    About x, down swings forward; about y, forward swings to the image's right; about z, down to the image's left.
    """
    c, s = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    first, second, fixed = {"x": (1, 2, 0), "y": (2, 0, 1), "z": (0, 1, 2)}[axis]
    rotation = np.zeros((len(angles), 3, 3))
    rotation[:, fixed, fixed] = 1.0
    rotation[:, first, first] = rotation[:, second, second] = c
    rotation[:, first, second], rotation[:, second, first] = -s, s
    return rotation


def pose_skeleton(proportions: Proportions, angles: Angles) -> Skeleton:
    """Place every joint; the lower foot stands on the floor unless the body is lifted.

    A planted body has its ankles, else its hips, at the same place all the time.
    """
    body = turn(angles["yaw"], "y")
    pelvis = body @ turn(0.35 * angles["lean"], "z")
    chest = body @ turn(angles["lean"], "z") @ turn(-angles["bow"], "x") @ turn(angles["chest_turn"], "y")
    head = (
        chest
        @ turn(0.8 * angles["bow"] - angles["head_nod"], "x")
        @ turn(angles["head_turn"], "y")
        @ turn(angles["head_tilt"] - 0.6 * angles["lean"], "z")
    )
    p = proportions
    origin = np.zeros((len(angles["yaw"]), 3))
    # The spine bends: its lower half follows the pelvis, its upper half the chest.
    middle = origin + pelvis @ (-0.4 * p.torso * DOWN)
    neck = middle + chest @ (-0.6 * p.torso * DOWN)
    joints = {
        "pelvis": origin,
        "middle": middle,
        "neck": neck,
        "skull": neck + chest @ (-p.neck * DOWN) + head @ (-0.5 * p.head * DOWN),
    }
    for side, sign in zip(SIDES, (1.0, -1.0), strict=True):
        joints |= _arm(p, angles, side=side, sign=sign, chest=chest, neck=neck)
        joints |= _leg(p, angles, side=side, sign=sign, body=body, pelvis=pelvis)
    lowest = np.max([joints[f"{side}_{end}"][:, 1] for side in SIDES for end in ("heel", "toe")], axis=0)
    ankles = (joints["left_ankle"] + joints["right_ankle"]) / 2
    away = -angles["plant"][:, None] * ankles
    offset = np.stack([angles["shift"] + away[:, 0], -lowest - angles["lift"], away[:, 2]], axis=-1)
    return Skeleton(
        joints={name: point + offset for name, point in joints.items()}, pelvis=pelvis, chest=chest, head=head
    )


def _arm(p: Proportions, angles: Angles, *, side: str, sign: float, chest: Array, neck: Array) -> dict[str, Array]:
    upper = chest @ turn(-sign * angles[f"{side}_arm_out"], "z") @ turn(angles[f"{side}_arm_forward"], "x")
    lower = upper @ turn(sign * angles[f"{side}_arm_twist"], "y") @ turn(angles[f"{side}_elbow"], "x")
    shoulder = neck + chest @ np.array([sign * p.shoulder, 0.02, 0.0])
    elbow = shoulder + upper @ (p.upper_arm * DOWN)
    wrist = elbow + lower @ (p.forearm * DOWN)
    return {
        f"{side}_shoulder": shoulder,
        f"{side}_elbow": elbow,
        f"{side}_wrist": wrist,
        f"{side}_fingers": wrist + lower @ (p.hand * DOWN),
    }


def _leg(p: Proportions, angles: Angles, *, side: str, sign: float, body: Array, pelvis: Array) -> dict[str, Array]:
    forward, bend = angles[f"{side}_leg_forward"], angles[f"{side}_knee"]
    spread = body @ turn(-sign * angles[f"{side}_leg_out"], "z")
    hip = pelvis @ np.array([sign * p.hip, 0.0, 0.0])
    knee = hip + spread @ turn(forward, "x") @ (p.thigh * DOWN)
    ankle = knee + spread @ turn(forward - bend, "x") @ (p.shin * DOWN)
    # The foot trails the shin a little and points outwards.
    foot = (
        body @ turn(sign * 16.0 * np.ones_like(bend), "y") @ turn(0.8 * (forward - bend) + angles[f"{side}_ankle"], "x")
    )
    return {
        f"{side}_hip": hip,
        f"{side}_knee": knee,
        f"{side}_ankle": ankle,
        f"{side}_heel": ankle + foot @ (-0.2 * p.foot * FORWARD + SOLE * DOWN),
        f"{side}_toe": ankle + foot @ (0.8 * p.foot * FORWARD + SOLE * DOWN),
        f"{side}_small_toe": ankle + foot @ np.array([sign * 0.022, SOLE, 0.72 * p.foot]),
    }
