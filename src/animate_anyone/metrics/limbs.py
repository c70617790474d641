"""Colours along the limbs of the driving skeleton: is the character's sleeve where the motion wants the arm?"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from animate_anyone.metrics.frames import Frames, check_frames
from animate_anyone.pose.skeleton import BODY_NAMES, FACE, VISIBLE_SCORE, PoseSequence

Array = npt.NDArray[np.float64]

ALONG_LIMB = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Where the colour is taken, from one joint to the next: joints themselves are where two parts meet."""
ABOVE_CHIN = (2.1, 2.2, 2.3)
"""Where hair (or a hat, or a bare head) is looked for: on the line from the chin through the middle between the ends of
the jaw, in multiples of that distance. The brow is at about 1.6 and the top of a head at 2.5."""

LIMBS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "upper arms": (("right_shoulder", "right_elbow"), ("left_shoulder", "left_elbow")),
        "forearms": (("right_elbow", "right_wrist"), ("left_elbow", "left_wrist")),
        "thighs": (("right_hip", "right_knee"), ("left_hip", "left_knee")),
        "shins": (("right_knee", "right_ankle"), ("left_knee", "left_ankle")),
    }
)
PARTS = (*LIMBS, "trunk", "hair")
_CHIN, _JAW_ENDS = FACE.start + 8, (FACE.start, FACE.start + 16)


def part_points(poses: PoseSequence, part: str) -> list[Array]:
    """Pixels (F, N, 2) along each line of a part (right and left, or one); not a number where it is not in the picture.

    A line is left out in frames in which one of its keypoints is not seen; a point is, that lies outside the picture.

    Raises:
        ValueError: There is no such part.
    """
    match part:
        case "trunk":
            middle, hips = _joint(poses, "neck"), (_joint(poses, "right_hip") + _joint(poses, "left_hip")) / 2
            lines = [_along(middle, hips, ALONG_LIMB)]
        case "hair":
            chin = _keypoint(poses, _CHIN)
            ears = (_keypoint(poses, _JAW_ENDS[0]) + _keypoint(poses, _JAW_ENDS[1])) / 2
            lines = [_along(chin, ears, ABOVE_CHIN)]
        case _ if part in LIMBS:
            lines = [_along(_joint(poses, start), _joint(poses, end), ALONG_LIMB) for start, end in LIMBS[part]]
        case _:
            raise ValueError(f"There is no part '{part}'; choose one of {', '.join(PARTS)}.")
    limits = np.array([poses.width - 1, poses.height - 1])
    return [
        np.where(np.all((line >= 0) & (line <= limits), axis=-1, keepdims=True), line, np.nan)  # nan fails both
        for line in lines
    ]


def colours_at(frames: Frames, points: Array) -> Array:
    """Colours (F, N, 3) of the pixels nearest to points (F, N, 2); not a number where the point is none."""
    seen = ~np.isnan(points).any(axis=-1, keepdims=True)
    x, y = np.moveaxis(np.round(np.nan_to_num(points)).astype(int), -1, 0)
    colours = frames[np.arange(len(frames))[:, None], y, x].astype(np.float64)
    return np.where(seen, colours, np.nan)


def colour_error(result: Frames, truth: Frames, poses: PoseSequence, part: str) -> float:
    """Mean difference of a part's colour from the true one, in levels of 0 to 255.

    In each frame and for each line of the part, the colour is the mean over its points in the picture; the difference
    is the mean absolute one of the three channels. Means over frames and lines. Where something covers the limb, it
    does so in the truth as well. Not a number if the part is in no frame.

    Raises:
        ValueError: Videos and poses do not belong together, or there is no such part.
    """
    check_frames(result, truth)
    check_poses(truth, poses)
    differences = [
        np.abs(_mean(colours_at(result, line), axis=1) - _mean(colours_at(truth, line), axis=1)).mean(axis=-1)
        for line in part_points(poses, part)
    ]
    return float(_mean(np.concatenate(differences), axis=0))


def check_poses(frames: Frames, poses: PoseSequence) -> None:
    """Refuses poses of another video.

    Raises:
        ValueError: Not as many, or of another canvas.
    """
    expected = (len(poses), poses.height, poses.width)
    if frames.shape[:3] != expected:
        raise ValueError(f"Frames and poses must agree in (F, H, W); got {frames.shape[:3]} and poses {expected}.")


def _mean(values: Array, *, axis: int) -> Array:
    """The mean of what is a number; not a number if nothing is."""
    number = ~np.isnan(values)
    total = np.where(number, values, 0).sum(axis=axis)
    return np.divide(total, number.sum(axis=axis), out=np.full_like(total, np.nan), where=number.any(axis=axis))


def _along(start: Array, end: Array, shares: Sequence[float]) -> Array:
    return np.stack([start + share * (end - start) for share in shares], axis=1)


def _joint(poses: PoseSequence, name: str) -> Array:
    return _keypoint(poses, BODY_NAMES.index(name))


def _keypoint(poses: PoseSequence, index: int) -> Array:
    """(F, 2); not a number where it is not seen."""
    seen = poses.scores[:, index, None] >= VISIBLE_SCORE
    return np.where(seen, poses.keypoints[:, index].astype(np.float64), np.nan)
