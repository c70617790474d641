"""Flicker: how much changes from frame to frame where nothing should."""

import numpy as np

from animate_anyone.metrics.background import still_pixels
from animate_anyone.metrics.frames import Frames, check_frames
from animate_anyone.metrics.limbs import LIMBS, check_poses, colours_at, part_points
from animate_anyone.pose.skeleton import PoseSequence


def background_flicker(result: Frames, truth: Frames, reference: Frames) -> float:
    """Mean absolute change from frame to frame on the still pixels (`still_pixels`), in levels of 0 to 255.

    Of a true video it is at most 2 and mostly 0. Not a number if no pixel is still or there is one frame only.

    Raises:
        ValueError: The shapes do not fit.
    """
    check_frames(result, truth)
    still = still_pixels(truth, reference)
    if len(result) < 2 or not still.any():
        return float("nan")
    return float(np.abs(np.diff(result[:, still].astype(np.int16), axis=0)).mean())


def limb_flicker(frames: Frames, poses: PoseSequence) -> float:
    """Mean absolute change from frame to frame of the colour at points that move along with arms and legs.

    In levels of 0 to 255, over the points of `part_points` that are in the picture in both frames. A true video has
    some too, from patterns and from limbs that pass in front of each other. Not a number if there is no such point.

    Raises:
        ValueError: Frames and poses do not belong together.
    """
    check_frames(frames, frames)
    check_poses(frames, poses)
    lines = [line for limb in LIMBS for line in part_points(poses, limb)]
    changes = np.abs(np.diff(colours_at(frames, np.concatenate(lines, axis=1)), axis=0))
    seen = changes[~np.isnan(changes)]
    return float(seen.mean()) if seen.size else float("nan")
