"""The limbs of a skeleton: which keypoints they join, what hangs on what, and how long they are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animate_anyone.pose.skeleton import BODY_NAMES, FACE, FEET, LEFT_HAND, RIGHT_HAND, VISIBLE_SCORE, FloatArray

_INDEX = {name: index for index, name in enumerate(BODY_NAMES)}
HIPS = (_INDEX["right_hip"], _INDEX["left_hip"])
SHOULDERS = (_INDEX["right_shoulder"], _INDEX["left_shoulder"])
EYES = (_INDEX["right_eye"], _INDEX["left_eye"])
EARS = (_INDEX["right_ear"], _INDEX["left_ear"])
NECK = _INDEX["neck"]
NOSE = _INDEX["nose"]
HIP_CENTRE = -1
"""Stands for the middle of the hips, which is no keypoint."""

_CHIN, _NOSE_BRIDGE = FACE.start + 8, FACE.start + 27

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Limb:
    """A limb: `pairs` of keypoints whose distance is its length (both sides of the body).

    `otherwise` are pairs that tell its size where the first are not seen.
    """

    name: str
    pairs: Pairs
    otherwise: Pairs = ()


def _pairs(start: str, end: str) -> Pairs:
    return tuple((_INDEX[f"{side}_{start}"], _INDEX[f"{side}_{end}"]) for side in ("right", "left"))


LIMBS = (
    Limb(name="torso", pairs=((HIP_CENTRE, NECK),)),
    Limb(name="neck", pairs=((NECK, NOSE),)),
    # The height of the face holds when the head turns; the eyes are found on masks and helmets too.
    Limb(name="head", pairs=((_NOSE_BRIDGE, _CHIN),), otherwise=((_INDEX["right_eye"], _INDEX["left_eye"]),)),
    Limb(name="shoulders", pairs=((_INDEX["right_shoulder"], _INDEX["left_shoulder"]),)),
    Limb(name="hips", pairs=((HIPS[0], HIPS[1]),)),
    Limb(name="upper arms", pairs=_pairs("shoulder", "elbow")),
    Limb(name="lower arms", pairs=_pairs("elbow", "wrist")),
    Limb(name="upper legs", pairs=_pairs("hip", "knee")),
    Limb(name="lower legs", pairs=_pairs("knee", "ankle")),
)


def bones_from(root: int) -> list[tuple[int, int, str]]:
    """(child, parent, limb) for every point of the body but the root, parents before their children."""
    neighbours: dict[int, list[tuple[int, str]]] = {}
    for start, end, limb in _bones():
        neighbours.setdefault(start, []).append((end, limb))
        neighbours.setdefault(end, []).append((start, limb))
    result: list[tuple[int, int, str]] = []
    waiting, reached = [root], {root}
    while waiting:
        parent = waiting.pop()
        for child, limb in neighbours[parent]:
            if child not in reached:
                reached.add(child)
                waiting.append(child)
                result.append((child, parent, limb))
    return result


def _bones() -> list[tuple[int, int, str]]:
    bones = [(HIP_CENTRE, NECK, "torso"), (NECK, NOSE, "neck")]
    bones += [(HIP_CENTRE, hip, "hips") for hip in HIPS]
    bones += [(NOSE, _INDEX[name], "head") for name in ("right_eye", "left_eye", "right_ear", "left_ear")]
    bones += [(NOSE, point, "head") for point in range(FACE.start, FACE.stop)]
    for side in ("right", "left"):
        shoulder, elbow, wrist = (_INDEX[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        hip, knee, ankle = (_INDEX[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
        bones += [(NECK, shoulder, "shoulders"), (shoulder, elbow, "upper arms"), (elbow, wrist, "lower arms")]
        bones += [(hip, knee, "upper legs"), (knee, ankle, "lower legs")]
        # Hands and feet are as large as the limb they hang on.
        hand = LEFT_HAND if side == "left" else RIGHT_HAND
        foot = range(FEET.start, FEET.start + 3) if side == "left" else range(FEET.start + 3, FEET.stop)
        bones += [(wrist, point, "lower arms") for point in range(hand.start, hand.stop)]
        bones += [(ankle, point, "lower legs") for point in foot]
    return bones


def lengths(keypoints: FloatArray, scores: FloatArray, pairs: Pairs) -> npt.NDArray[np.float64]:
    """Distances in (F, 134, 2) keypoints, one for each frame and pair in which both ends are seen."""
    found: list[npt.NDArray[np.float64]] = []
    for start, end in pairs:
        (start_points, start_seen), (end_points, end_seen) = (point(keypoints, scores, p) for p in (start, end))
        distances = np.linalg.norm((end_points - start_points).astype(np.float64), axis=1)
        found.append(distances[start_seen & end_seen])
    return np.concatenate(found)


def point(keypoints: FloatArray, scores: FloatArray, index: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """A keypoint, or the middle of the hips, over (F, 134, 2) keypoints: its (F, 2) places and where it is seen."""
    if index != HIP_CENTRE:
        return keypoints[:, index], scores[:, index] >= VISIBLE_SCORE
    hips = list(HIPS)
    return keypoints[:, hips].mean(axis=1), np.all(scores[:, hips] >= VISIBLE_SCORE, axis=1)
