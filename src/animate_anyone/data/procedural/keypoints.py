"""The exact skeleton of a drawn character: the 134 keypoints of `PoseSequence`."""

import numpy as np

from animate_anyone.data.procedural.face import eye_centres, landmarks
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.pose.skeleton import BODY_NAMES, PoseSequence

EARS = np.array([[-1.0, 0.08, -0.1], [1.0, 0.08, -0.1]])
HIDDEN_EAR = 22.0
"""Degrees of head turn from which the far ear is behind the head."""


def pose_sequence(puppet: Puppet, *, width: int, height: int, fps: float) -> PoseSequence:
    """Keypoints in pixels; the score is 1 for what is in the picture and 0 for what is not (or a hidden ear)."""
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
    feet = np.concatenate([_foot(puppet, side, sign) for side, sign in (("left", 1.0), ("right", -1.0))], axis=1)
    face_points = puppet.on_face(landmarks(face, blink=angles["blink"], mouth=angles["mouth"]))
    keypoints = np.concatenate([body, feet, face_points, puppet.hand("left"), puppet.hand("right")], axis=1)

    limits = np.array([width, height]) - 0.5
    scores = np.all((keypoints >= -0.5) & (keypoints <= limits), axis=-1).astype(np.float32)
    facing = angles["yaw"] + angles["chest_turn"] + angles["head_turn"]
    scores[facing > HIDDEN_EAR, BODY_NAMES.index("left_ear")] = 0.0
    scores[facing < -HIDDEN_EAR, BODY_NAMES.index("right_ear")] = 0.0
    return PoseSequence(keypoints=keypoints.astype(np.float32), scores=scores, width=width, height=height, fps=fps)


def _foot(puppet: Puppet, side: str, sign: float) -> np.ndarray:
    """(F, 3, 2): big toe, small toe (on the outer side), heel."""
    toe, heel = puppet.joint(f"{side}_toe"), puppet.joint(f"{side}_heel")
    outward = np.stack([sign * 0.022 * puppet.unit, -0.004 * puppet.unit], axis=-1)
    return np.stack([toe - 0.3 * outward, toe + outward, heel], axis=1)
