"""The skeleton of a drawn character as a detector would find it: the 134 keypoints of `PoseSequence`.

Places are exact. Scores are 1 or 0, as a good detector's that is sure or finds nothing: joints of the body count as
found even where the body hides them, since detectors infer them; a face that is turned away, a hand behind the
body and everything outside the picture are not found.
"""

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Mask
from animate_anyone.data.procedural.face import EARS, eye_centres, landmarks
from animate_anyone.data.procedural.order import arm_behind
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.pose.skeleton import BODY_NAMES, FACE, LEFT_HAND, RIGHT_HAND, PoseSequence

NOSE, FAR_EYE, WHOLE_FACE = np.radians([95.0, 60.0, 75.0])
"""Turns of the head up to which the nose and the near eye, the far eye, and the 68 points of the face are found."""

HIDDEN_EAR = np.radians(22.0)
"""The far ear is behind the head for turns from this to 180 degrees less this."""


def pose_sequence(puppet: Puppet, *, width: int, height: int, fps: float) -> PoseSequence:
    """Keypoints in pixels; the score is 1 for what a detector would find in the picture and 0 for what not."""
    face, angles = puppet.character.face, puppet.angles
    right_eye, left_eye = np.moveaxis(puppet.on_face(eye_centres(face)), 1, 0)
    right_ear, left_ear = np.moveaxis(puppet.on_head(EARS), 1, 0)
    head = {
        "nose": puppet.on_face(np.array([[0.0, face.nose_y]]))[:, 0],
        "right_eye": right_eye, "left_eye": left_eye, "right_ear": right_ear, "left_ear": left_ear,
    }  # fmt: skip
    shoulders = {f"{side}_shoulder": puppet.joint(f"{side}_shoulder") for side in ("left", "right")}
    head["neck"] = (shoulders["left_shoulder"] + shoulders["right_shoulder"]) / 2
    body = np.stack([head[name] if name in head else puppet.joint(name) for name in BODY_NAMES], axis=1)
    feet = np.concatenate([_foot(puppet, side) for side in ("left", "right")], axis=1)
    face_points = puppet.on_face(landmarks(face, blink=angles["blink"], mouth=angles["mouth"]))
    keypoints = np.concatenate([body, feet, face_points, puppet.hand("left"), puppet.hand("right")], axis=1)

    limits = np.array([width, height]) - 0.5
    inside = np.all((keypoints >= -0.5) & (keypoints <= limits), axis=-1)
    scores = (inside & _found(puppet)).astype(np.float32)
    return PoseSequence(keypoints=keypoints.astype(np.float32), scores=scores, width=width, height=height, fps=fps)


def _found(puppet: Puppet) -> Mask:
    """Whether (F, 134) a detector would find a keypoint, were it in the picture."""
    found = np.ones((len(puppet.unit), 134), dtype=bool)
    yaw, turned = puppet.head_yaw, np.abs(puppet.head_yaw)
    found[:, BODY_NAMES.index("nose")] = turned <= NOSE
    # The head's own left is far when it is turned to the image's right.
    for side, far in (("left", yaw > 0), ("right", yaw < 0)):
        found[:, BODY_NAMES.index(f"{side}_eye")] = turned <= np.where(far, FAR_EYE, NOSE)
        hidden = far & (turned > HIDDEN_EAR) & (turned < np.pi - HIDDEN_EAR)
        found[:, BODY_NAMES.index(f"{side}_ear")] = ~hidden
    found[:, FACE] = (turned <= WHOLE_FACE)[:, None]
    for side, points in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        found[:, points] = ~hand_hidden(puppet, side)[:, None]
    return found


def hand_hidden(puppet: Puppet, side: str) -> Mask:
    """Whether (F,) a hand is behind the trunk or a thigh."""
    behind = arm_behind(puppet, side)
    if not behind.any():
        return behind
    middle = 0.5 * (puppet.joint(f"{side}_wrist") + puppet.joint(f"{side}_fingers"))
    p, skeleton, unit = puppet.character.proportions, puppet.skeleton, puppet.unit
    covered = np.zeros(len(unit), dtype=bool)
    # Slices of the trunk: the hand is covered if it lies within one, at its height.
    joints = skeleton.joints
    slices = [
        (0.5 * joints["neck"] + 0.5 * joints["middle"], skeleton.chest, p.shoulder, 0.6 * p.shoulder, 0.35 * p.torso),
        (joints["middle"], skeleton.pelvis, p.waist, 0.7 * p.waist, 0.3 * p.torso),
        (joints["pelvis"], skeleton.pelvis, p.hip + 1.15 * p.leg_radius, 0.07, 0.25 * p.torso),
    ]
    for centre, basis, half_width, depth, reach in slices:
        left, right = np.moveaxis(
            puppet.cross_section(centre, basis, half_width=half_width, depth=depth, rounding=0.0), 1, 0
        )
        axis, radius = right - left, 0.5 * np.linalg.norm(right - left, axis=-1)
        axis = axis / np.maximum(2 * radius, 1e-6)[:, None]
        offset = middle - 0.5 * (left + right)
        x, y = np.sum(offset * axis, axis=-1), offset[:, 1] * axis[:, 0] - offset[:, 0] * axis[:, 1]
        covered |= (np.abs(x) < radius) & (np.abs(y) < reach * unit)
    for leg in ("left", "right"):
        hip, knee = puppet.joint(f"{leg}_hip"), puppet.joint(f"{leg}_knee")
        along = knee - hip
        t = np.clip(np.sum((middle - hip) * along, axis=-1) / np.maximum(np.sum(along**2, axis=-1), 1e-6), 0.0, 1.0)
        covered |= np.linalg.norm(middle - hip - t[:, None] * along, axis=-1) < p.leg_radius * unit
    return covered & behind


def _foot(puppet: Puppet, side: str) -> Array:
    """(F, 3, 2): big toe, small toe (on the outer side), heel."""
    toe, small, heel = (puppet.joint(f"{side}_{name}") for name in ("toe", "small_toe", "heel"))
    return np.stack([toe - 0.3 * (small - toe), small, heel], axis=1)
