"""The pose of the reference character: found in its picture, or read from a file made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from animate_anyone.errors import PoseError
from animate_anyone.media.size import Size
from animate_anyone.pose.detect import PoseDetector
from animate_anyone.pose.file import load_poses
from animate_anyone.pose.select import follow_person
from animate_anyone.pose.skeleton import Pose

SAME_ASPECT = 0.02
"""How far the aspect ratios of a pose file and a picture may differ, relatively; rounding to pixels stays below."""


def find_pose(image: Image.Image, detector: PoseDetector) -> Pose | None:
    """The most prominent person of a picture, in its pixels, or None where nobody is found."""
    return next(follow_person([detector.detect(np.asarray(image.convert("RGB")))], patience=0))


def load_reference_pose(path: Path, *, size: Size) -> Pose:
    """Reads the pose of a picture of `size` from a pose file of one frame, whose canvas may be larger or smaller.

    Raises:
        PoseError: the file is not valid, has several frames, or has a canvas of another aspect ratio.
    """
    poses = load_poses(path)
    if len(poses) != 1:
        raise PoseError(f"The pose file '{path}' has {len(poses)} frames; the pose of a picture is exactly one.")
    scale_x, scale_y = size.width / poses.width, size.height / poses.height
    if abs(scale_x / scale_y - 1) > SAME_ASPECT:
        raise PoseError(
            f"The pose file '{path}' is for a picture of {poses.width}x{poses.height}, the picture is {size}. "
            "Give a pose of this picture, in its proportions."
        )
    scale = np.array([scale_x, scale_y], dtype=np.float32)
    # A pixel covers half a unit on each side of its centre, and it is the covered areas that are scaled.
    return replace(poses[0], keypoints=(poses[0].keypoints + np.float32(0.5)) * scale - np.float32(0.5))
