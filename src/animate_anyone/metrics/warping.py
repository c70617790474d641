"""Consistency over time against the true video: the warping error, and differences of frame-to-frame changes."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from animate_anyone.errors import MissingExtraError
from animate_anyone.metrics.frames import Frames, check_frames

Array = npt.NDArray[np.float32]

WARPS, ITERATIONS = 2, 3
"""Of the estimate of flow (TV-L1, Zach et al. 2007) on each scale. Five warps of ten iterations take six times as long
and leave an error of drawn characters that is an eighth to a fifth lower."""
SMALLEST_SIDE = 16
"""Pixels: flow is estimated from coarse to fine, and smaller pictures have nothing coarser."""
GREY = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
"""Weights of red, green and blue in the picture whose flow is estimated (as in scikit-image, Rec. 709)."""


@dataclass(frozen=True, kw_only=True)
class WarpingError:
    """The warping error of a result, and of the true video itself: what the measure gives where nothing is wrong."""

    result: float
    truth: float
    visible: float
    """Share of the pixels that were compared."""


@dataclass(frozen=True, eq=False)
class TrueMotion:
    """The motion of a true video, estimated when it is first asked for: results of one clip share it."""

    truth: Frames

    @cached_property
    def flows(self) -> tuple[tuple[Array, npt.NDArray[np.bool_]], ...]:
        """For each frame but the last, the flow (2, H, W) to the next one, and where it is visible (H, W).

        Raises:
            MissingExtraError: scikit-image is not installed.
        """
        greys = (self.truth / np.float32(255)) @ GREY
        return tuple(self._pair(*pair) for pair in pairwise(greys))

    @staticmethod
    def _pair(first: Array, second: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        forward, backward = _flow(first, second), _flow(second, first)
        return forward, visible_pixels(forward, backward)


def warping_error(result: Frames, truth: Frames, motion: TrueMotion | None = None) -> WarpingError:
    """How far each frame is from the next one brought back along the true motion (Lai et al. 2018, section 4.2).

    For each pair of neighbouring frames of the truth, the flow w from frame t to t + 1 is estimated in grey by
    scikit-image's TV-L1. Frame t + 1 is sampled at x + w(x), bilinearly, and compared with frame t: the mean squared
    difference of values in 0 to 1, over the visible pixels (`visible_pixels`) and channels. Then the mean over the
    pairs that have visible pixels; not a number if there is none. The result is warped by the flow of the truth, so it
    must move as the truth does, not only smoothly. Values compare only with others of the same estimate of flow.

    Args:
        result: What was made.
        truth: The true video.
        motion: That of the truth, if it is at hand.

    Raises:
        MissingExtraError: scikit-image is not installed.
        ValueError: The videos cannot be compared, or are smaller than 16 pixels.
    """
    check_frames(result, truth)
    if min(truth.shape[1:3]) < SMALLEST_SIDE:
        raise ValueError(f"Flow needs sides of at least {SMALLEST_SIDE} pixels; got frames of shape {truth.shape}.")
    errors: list[tuple[float, float]] = []
    visible: list[float] = []
    for index, (forward, seen) in enumerate((motion or TrueMotion(truth)).flows):
        visible.append(float(seen.mean()))
        if seen.any():
            ours, theirs = (_error(frames[index : index + 2], forward, seen) for frames in (result, truth))
            errors.append((ours, theirs))
    ours, theirs = np.mean(errors, axis=0).tolist() if errors else (float("nan"), float("nan"))
    return WarpingError(result=ours, truth=theirs, visible=float(np.mean(visible)) if visible else float("nan"))


def visible_pixels(forward: Array, backward: Array) -> npt.NDArray[np.bool_]:
    """The pixels (H, W) of a frame that are seen in the next one as well, and whose flow is to be trusted.

    The criteria of Lai et al. (2018), which are those of Ruder et al. (2016). With w the flow from this frame to the
    next and v the flow back, sampled where w leads: not occluded, |w + v|² <= 0.01 (|w|² + |v|²) + 0.5; and not on an
    edge of the motion, the sum of the squared differences of w to the pixels right and below <= 0.01 |w|² + 0.002.
    Besides, w must not lead out of the picture.

    Args:
        forward: Flow (2, H, W) to the next frame: rows, columns, in pixels.
        backward: Flow (2, H, W) from the next frame to this one.
    """
    back = np.stack([_sample(part, forward) for part in backward])
    length = np.square(forward).sum(axis=0)
    seen = np.square(forward + back).sum(axis=0) <= 0.01 * (length + np.square(back).sum(axis=0)) + 0.5
    below, right = (np.diff(forward, axis=axis, append=forward.take([-1], axis=axis)) for axis in (1, 2))
    smooth = np.square(below).sum(axis=0) + np.square(right).sum(axis=0) <= 0.01 * length + 0.002
    rows, columns = _targets(forward)
    height, width = length.shape
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    return seen & smooth & inside


def temporal_difference(result: Frames, truth: Frames) -> float:
    """Mean absolute difference between the changes from frame to frame of result and truth, in levels of 0 to 255.

    |(r[t+1] - r[t]) - (g[t+1] - g[t])| over frames, pixels and channels: flicker, and motion that lags, but not an
    error that stays the same. Not a number if there is one frame only.

    Raises:
        ValueError: The videos cannot be compared.
    """
    check_frames(result, truth)
    if len(truth) < 2:
        return float("nan")
    return float(np.abs(np.diff(result.astype(np.int16) - truth, axis=0)).mean())


def _flow(start: Array, end: Array) -> Array:
    """Where the pixels of `start` are in `end`: (2, H, W), rows and columns."""
    try:
        from skimage.registration import optical_flow_tvl1
    except ImportError as error:
        raise MissingExtraError("scikit-image", extra="evaluate", purpose="The warping error") from error
    estimate: Any = optical_flow_tvl1
    return estimate(start, end, num_warp=WARPS, num_iter=ITERATIONS, dtype=np.float32)


def _error(pair: Frames, flow: Array, seen: npt.NDArray[np.bool_]) -> float:
    """Mean squared difference, values in 0 to 1, of the first frame and the warped second one, where seen."""
    first, second = pair / np.float32(255)
    warped = np.stack([_sample(second[..., channel], flow)[seen] for channel in range(3)], axis=-1)
    return float(np.square(first[seen] - warped).mean())


def _targets(flow: Array) -> tuple[Array, Array]:
    rows, columns = np.indices(flow.shape[1:], dtype=np.float32) + flow
    return rows, columns


def _sample(values: Array, flow: Array) -> Array:
    """Values (H, W) where the flow leads, bilinearly; the nearest one of the picture beyond its edge."""
    height, width = values.shape
    rows, columns = _targets(flow)
    rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    top, left = rows.astype(np.intp).clip(max=height - 2), columns.astype(np.intp).clip(max=width - 2)
    down, across = rows - top, columns - left
    upper = (1 - across) * values[top, left] + across * values[top, left + 1]
    lower = (1 - across) * values[top + 1, left] + across * values[top + 1, left + 1]
    return ((1 - down) * upper + down * lower).astype(np.float32)
