"""Does the result move as it was driven: the driving poses against those that a detector finds in the result."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animate_anyone.media.size import Size
from animate_anyone.metrics.frames import Frames, check_frames
from animate_anyone.pose.detect import PoseDetector, detect_poses
from animate_anyone.pose.skeleton import BODY, VISIBLE_SCORE, PoseSequence

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PCK_SHARE = 0.1
"""Of the longer side of the body's box: how far off a keypoint may be found and still count as right."""


@dataclass(frozen=True, kw_only=True)
class PoseFollowing:
    """How well a result follows its driving poses. What there is nothing to compare for is not a number."""

    distance_pixels: float
    """Average keypoint distance (AKD, Siarohin et al. 2019): the mean distance in pixels between a body keypoint as
    driven and as found, over all frames and keypoints seen in both. A straight distance; the published program averages
    the absolute differences of the two coordinates instead."""
    distance: float
    """The same, as a share of the picture's height."""
    missing: float
    """Missing keypoint rate (MKR, Siarohin et al. 2019): the share, over all frames, of the body keypoints seen in the
    driving poses that were not found."""
    pck: float
    """Percentage of correct keypoints as a share (PCK at 0.1, Yang and Ramanan 2013): of the body keypoints seen in the
    driving poses, those that were found within 0.1 of the longer side of the box around the frame's driven body
    keypoints. What was not found is not correct; frames whose box is a point are left out."""
    found: float
    """Share of the frames with a driven body keypoint in which any body keypoint was found."""


def pose_following(driving: PoseSequence, detected: PoseSequence) -> PoseFollowing:
    """Compares the 18 body keypoints frame by frame; those with a score below `VISIBLE_SCORE` count as not seen.

    Args:
        driving: The poses that the result was to take, aligned to the character and on the result's canvas.
        detected: The poses found in the result, frame by frame, not smoothed; see `detect_in_frames`.

    Raises:
        ValueError: Not as many frames, or not of one canvas.
    """
    for name, theirs, ours in (
        ("frames", len(driving), len(detected)),
        ("canvas", (driving.width, driving.height), (detected.width, detected.height)),
    ):
        if theirs != ours:
            raise ValueError(f"Driving and detected poses must agree in {name}; got {theirs} and {ours}.")
    wanted, seen = _seen(driving), _seen(detected)
    places = driving.keypoints[:, BODY].astype(np.float64)
    distances: Array = np.linalg.norm(places - detected.keypoints[:, BODY], axis=-1)
    both = wanted & seen
    pixels = _mean(distances[both])
    limits = PCK_SHARE * _longer_sides(places, wanted)[:, None]
    judged = wanted & (limits > 0)
    correct: Flags = both & (distances <= limits)
    return PoseFollowing(
        distance_pixels=pixels,
        distance=pixels / driving.height,
        missing=_mean(~seen[wanted]),
        pck=_mean(correct[judged]),
        found=_mean(np.any(seen[np.any(wanted, axis=1)], axis=1)),
    )


def detect_in_frames(frames: Frames, detector: PoseDetector, *, fps: float) -> PoseSequence:
    """The poses of one person in a result, as they are found; all scores are zero where nobody is.

    Args:
        frames: What was made.
        detector: One made for video (`pose.detect.make_detector`).
        fps: Frames per second.

    Raises:
        ValueError: The frames are none.
    """
    check_frames(frames, frames)
    size = Size(frames.shape[2], frames.shape[1])
    return detect_poses(frames, detector, size=size, fps=fps, allow_nobody=True)


def _seen(poses: PoseSequence) -> Flags:
    return poses.scores[:, BODY] >= VISIBLE_SCORE


def _longer_sides(places: Array, seen: Flags) -> Array:
    """Of the boxes around what is seen of points (F, N, 2), in pixels (F,); 0 where nothing is."""
    low = np.where(seen[..., None], places, np.inf).min(axis=1)
    high = np.where(seen[..., None], places, -np.inf).max(axis=1)
    return (high - low).max(axis=-1).clip(min=0)


def _mean(values: Array | Flags) -> float:
    return float(values.mean()) if values.size else float("nan")
