"""Frames compared in the levels that files hold."""

import numpy as np


def levels_apart(frames: np.ndarray, others: np.ndarray) -> int:
    """The largest difference of two clips of the range [0, 1], in whole levels of 255.

    Counted in whole numbers: the difference of two neighbouring levels in single precision may exceed 1/255.
    """
    levels, other_levels = (np.rint(np.asarray(clip) * 255).astype(np.int64) for clip in (frames, others))
    return int(np.abs(levels - other_levels).max())
