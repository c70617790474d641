"""What should stand still: the pixels that do in the true video, and how far the result is from them."""

import numpy as np
import numpy.typing as npt

from animate_anyone.metrics.frames import Frames, check_frames

STILL = 2
"""Levels of 0 to 255 that a pixel may change by and still count as still."""


def still_pixels(truth: Frames, reference: Frames) -> npt.NDArray[np.bool_]:
    """The pixels (H, W) that nothing moves over: in no channel do truth and reference together span more than 2 levels.

    Args:
        truth: The true video.
        reference: The reference picture (H, W, 3), in the framing of the video.

    Raises:
        ValueError: The shapes do not fit.
    """
    if reference.shape != truth.shape[1:]:
        raise ValueError(
            f"The reference must have the shape of a true frame, {truth.shape[1:]}; got {reference.shape}."
        )
    return np.all(np.ptp(np.concatenate([truth, reference[None]]), axis=0) <= STILL, axis=-1)


def background_error(result: Frames, truth: Frames, reference: Frames) -> float:
    """Mean absolute difference on the still pixels, over frames, pixels and channels, in levels of 0 to 255.

    Not a number if no pixel is still.

    Raises:
        ValueError: The shapes do not fit.
    """
    check_frames(result, truth)
    still = still_pixels(truth, reference)
    if not still.any():
        return float("nan")
    return float(np.abs(result[:, still].astype(np.int16) - truth[:, still]).mean())
