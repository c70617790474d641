"""What a clip must be like to be learnt from: how many people are in it and how large, and the verdict."""

import numpy as np
from jaxtyping import UInt8

from animate_anyone.data.manifest import Limits, Measured
from animate_anyone.pose.detect import PoseDetector
from animate_anyone.pose.select import person_size
from animate_anyone.pose.skeleton import BODY, Pose, PoseSequence

BYSTANDER = 1 / 3
"""People smaller than this part of the largest one are not counted: they are far away, or mistakes."""


class HeadCount:
    """A detector that counts the frames in which another one finds several people."""

    def __init__(self, detector: PoseDetector):
        self.detector = detector
        self.provider, self.weights = detector.provider, detector.weights
        self.several = 0

    def detect(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Pose]:
        people = self.detector.detect(image)
        sizes = [person_size(pose) for pose in people]
        self.several += sum(size > BYSTANDER * max(sizes) for size in sizes) > 1
        return people

    def close(self) -> None:
        self.detector.close()


def nobody_share(poses: PoseSequence) -> float:
    """The part of the frames in which nobody is seen."""
    return float(np.mean([not poses[number].visible[BODY].any() for number in range(len(poses))]))


def person_share(poses: PoseSequence) -> float:
    """How much of the picture the person takes, as a part of its height or width: the median over the frames."""
    shares: list[float] = []
    for number in range(len(poses)):
        points = poses.keypoints[number][BODY][poses[number].visible[BODY]]
        if len(points) >= 2:
            width, height = np.ptp(points, axis=0).tolist()
            shares.append(max(width / poses.width, height / poses.height))
    return float(np.median(shares)) if shares else 0.0


def judge(measured: Measured, limits: Limits) -> str | None:
    """Why a clip is left out; None if it is kept."""
    if measured.frames < limits.min_frames:
        return f"too short: {measured.frames} frames, at least {limits.min_frames} are needed"
    if (measured.nobody_share or 0) > limits.tolerance:
        return f"nobody in {measured.nobody_share:.0%} of the frames, at most {limits.tolerance:.0%} are allowed"
    if (measured.several_share or 0) > limits.tolerance:
        return (
            f"several people in {measured.several_share:.0%} of the frames, at most {limits.tolerance:.0%} are allowed"
        )
    if (measured.person_share or 0) < limits.min_person:
        return f"the person is too small: {measured.person_share:.0%} of the picture, at least {limits.min_person:.0%}"
    return None
