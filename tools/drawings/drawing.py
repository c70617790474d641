"""A character drawn by hand: how it is painted, and where its joints are."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from animate_anyone.media.size import Size
from animate_anyone.pose.skeleton import BODY_NAMES, NUM_KEYPOINTS, Pose
from drawings.canvas import Point, between

Joints = Mapping[str, Point]
"""Joints by the names of `pose.skeleton.BODY_NAMES`, in pixels of the picture."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A character. Its limbs are painted through its joints, so that picture and pose agree."""

    name: str
    size: Size
    joints: Joints
    paint: Callable[[Joints], Image.Image]

    def picture(self) -> Image.Image:
        """The reference picture, RGB, of `size`."""
        return self.paint(self.joints)

    def pose(self) -> Pose:
        """The pose in pixels of the picture; joints that are not named are not seen."""
        unknown = set(self.joints) - set(BODY_NAMES)
        if unknown:
            raise ValueError(f"The drawing '{self.name}' names joints that do not exist: {sorted(unknown)}.")
        keypoints = np.zeros((NUM_KEYPOINTS, 2), dtype=np.float32)
        scores = np.zeros(NUM_KEYPOINTS, dtype=np.float32)
        for index, name in enumerate(BODY_NAMES):
            if name in self.joints:
                keypoints[index], scores[index] = self.joints[name], 1.0
        return Pose(keypoints=keypoints, scores=scores)


def arm(at: Joints, side: str) -> tuple[Point, Point, Point]:
    """Shoulder, elbow and wrist."""
    return at[f"{side}_shoulder"], at[f"{side}_elbow"], at[f"{side}_wrist"]


def leg(at: Joints, side: str) -> tuple[Point, Point, Point]:
    """Hip, knee and ankle."""
    return at[f"{side}_hip"], at[f"{side}_knee"], at[f"{side}_ankle"]


def beyond(points: Sequence[Point], length: float) -> Point:
    """The point `length` pixels beyond the end of a limb: the middle of a hand."""
    start, end = points[-2:]
    return between(start, end, 1 + length / math.dist(start, end))
