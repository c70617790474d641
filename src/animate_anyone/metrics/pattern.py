"""Is a pattern kept: correlation of result and truth within boxes around the body and around the chest."""

from collections.abc import Sequence

import numpy as np

from animate_anyone.metrics.frames import Frames, check_frames
from animate_anyone.metrics.limbs import check_poses
from animate_anyone.pose.skeleton import BODY, BODY_NAMES, VISIBLE_SCORE, PoseSequence

FLAT = 4.0
"""Standard deviation in levels of 0 to 255 below which a true patch has nothing to be kept."""
MARGIN = 0.1
"""Of the longer side, by which the box around the body is wider than its keypoints."""
SMALLEST_BOX = 4
"""Sides in pixels."""

WHOLE_BODY = tuple(range(BODY.start, BODY.stop))
CHEST = tuple(BODY_NAMES.index(name) for name in ("right_shoulder", "left_shoulder", "right_hip", "left_hip"))


def body_correlation(result: Frames, truth: Frames, poses: PoseSequence) -> float:
    """Mean over frames of the correlation within the box around the seen body keypoints, widened by a tenth.

    See `correlation`. Not a number if there is no frame with a body in it.

    Raises:
        ValueError: Videos and poses do not belong together.
    """
    return _mean_correlation(result, truth, poses, WHOLE_BODY, margin=MARGIN, needed=2)


def chest_correlation(result: Frames, truth: Frames, poses: PoseSequence) -> float:
    """Mean over frames of the correlation within the box from shoulders to hips: is the pattern of the clothes there?

    See `correlation`. Frames in which the chest is flat or one of the four joints is not seen are left out; not a
    number if none is left.

    Raises:
        ValueError: Videos and poses do not belong together.
    """
    return _mean_correlation(result, truth, poses, CHEST, margin=0.0, needed=len(CHEST))


def correlation(result: Frames, truth: Frames) -> float:
    """Normalised cross-correlation (-1 to 1) of two pictures of one shape (h, w, 3), channels together.

    Each channel's mean is taken off first, so neither brightness nor contrast counts. Not a number if the true
    picture is flat; 0 if only the result is.

    Raises:
        ValueError: The shapes differ.
    """
    if result.shape != truth.shape:
        raise ValueError(f"The result must have the shape of the truth, {truth.shape}; got {result.shape}.")
    ours, theirs = (picture.astype(np.float64) - picture.mean(axis=(0, 1)) for picture in (result, truth))
    if theirs.std() < FLAT:
        return float("nan")
    norm = np.linalg.norm(ours) * np.linalg.norm(theirs)
    return float((ours * theirs).sum() / norm) if norm > 0 else 0.0


def _mean_correlation(
    result: Frames, truth: Frames, poses: PoseSequence, keypoints: Sequence[int], *, margin: float, needed: int
) -> float:
    check_frames(result, truth)
    check_poses(truth, poses)
    values: list[float] = []
    for index in range(len(truth)):
        box = _box(poses, index, keypoints, margin=margin, needed=needed)
        if box is not None:
            values.append(correlation(result[index][box], truth[index][box]))
    numbers = [value for value in values if not np.isnan(value)]
    return float(np.mean(numbers)) if numbers else float("nan")


def _box(
    poses: PoseSequence, index: int, keypoints: Sequence[int], *, margin: float, needed: int
) -> tuple[slice, slice] | None:
    """Rows and columns around the seen keypoints, within the picture."""
    pose = poses[index]
    points = pose.keypoints[list(keypoints)][pose.scores[list(keypoints)] >= VISIBLE_SCORE]
    if len(points) < needed:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    wider = margin * (high - low).max()
    left, top = np.maximum(np.floor(low - wider), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + wider) + 1, [poses.width, poses.height]).astype(int)
    if right - left < SMALLEST_BOX or bottom - top < SMALLEST_BOX:
        return None
    return slice(top, bottom), slice(left, right)
