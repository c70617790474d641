"""Follows one person through frames in which several may have been found."""

from collections.abc import Iterable, Iterator

import numpy as np

from animate_anyone.pose.skeleton import BODY, Pose

MAX_JUMP = 0.5
"""How far a person may move from one frame to the next, on average over the joints, in sizes of the person."""


def follow_person(frames: Iterable[list[Pose]], *, patience: int) -> Iterator[Pose | None]:
    """Yields one person's pose for each frame, or None where that person was not found.

    The first person is the most prominent one: largest mean score times area. From then on it is the nearest to
    the last pose. Only when nobody has been near for more than `patience` frames is a new person chosen, so
    that one missed detection does not hand the motion to a bystander.
    """
    last: Pose | None = None
    missed = 0
    for people in frames:
        if last is None or missed > patience:
            chosen = max(people, key=_prominence, default=None)
        else:
            chosen = _nearest(people, last)
        missed = 0 if chosen is not None else missed + 1
        last = chosen if chosen is not None else last
        yield chosen


def person_size(pose: Pose) -> float:
    """Diagonal of the box around the visible body keypoints, in pixels; 0 where fewer than two are visible."""
    points = pose.keypoints[BODY][pose.visible[BODY]]
    if len(points) < 2:
        return 0.0
    width, height = np.ptp(points, axis=0).tolist()
    return float(np.hypot(width, height))


def _prominence(pose: Pose) -> float:
    # The box's diagonal squared stands for its area: a person seen edge-on has a box of almost no width.
    return float(pose.scores[BODY].mean()) * person_size(pose) ** 2


def _nearest(people: list[Pose], last: Pose) -> Pose | None:
    size = max(person_size(last), 1.0)
    near = [(distance, pose) for pose in people if (distance := _distance(pose, last)) <= MAX_JUMP * size]
    return min(near, key=lambda pair: pair[0], default=(0.0, None))[1]


def _distance(pose: Pose, other: Pose) -> float:
    common = (pose.visible & other.visible)[BODY]
    if not common.any():
        return float("inf")
    difference = (pose.keypoints - other.keypoints)[BODY][common]
    return float(np.linalg.norm(difference, axis=1).mean())
