"""Takes the jitter out of detected poses: fills short gaps, then a one-Euro filter without lag.

The one-Euro filter (Casiez et al., CHI 2012) is a low-pass filter whose cut-off rises with speed: joints at rest
become still and fast ones stay sharp. A clip is known to its end, so the filter runs forwards and backwards
and the mean of both has no lag.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from animate_anyone.pose.select import person_size
from animate_anyone.pose.skeleton import VISIBLE_SCORE, PoseSequence

_SPEED_CUTOFF = 1.0
"""Hz; the fixed cut-off of the speed estimate, as in the paper."""


def smooth_poses(
    sequence: PoseSequence, *, min_cutoff: float = 2.0, beta: float = 20.0, max_gap: float = 0.25
) -> PoseSequence:
    """The sequence with short gaps filled and jitter removed.

    Args:
        sequence: Detected poses.
        min_cutoff: Cut-off frequency in Hz for a joint at rest; lower is calmer.
        beta: Rise of the cut-off in Hz for each body size a second; higher is sharper in motion.
        max_gap: Longest gap in seconds that is bridged by a straight line, for each keypoint on its own. Longer
            gaps stay, and the filter starts anew behind them.

    Returns:
        A sequence in which the same keypoints are visible, and those of the bridged gaps. Others are untouched.
    """
    filled = fill_gaps(sequence, max_gap=max_gap)
    sizes = [size for index in range(len(filled)) if (size := person_size(filled[index])) > 0]
    if not sizes:
        return filled
    visible = filled.scores >= VISIBLE_SCORE
    points = filled.keypoints.astype(np.float64) / float(np.median(sizes))
    forwards = _one_euro(points, visible, fps=sequence.fps, min_cutoff=min_cutoff, beta=beta)
    backwards = _one_euro(points[::-1], visible[::-1], fps=sequence.fps, min_cutoff=min_cutoff, beta=beta)[::-1]
    smooth = (forwards + backwards) / 2 * float(np.median(sizes))
    keypoints = np.where(visible[..., None], smooth, filled.keypoints).astype(np.float32)
    return replace(filled, keypoints=keypoints)


def fill_gaps(sequence: PoseSequence, *, max_gap: float) -> PoseSequence:
    """Bridges gaps of at most `max_gap` seconds in each keypoint's track by straight lines.

    A bridged keypoint takes the lower score of the two sides. Tracks are not prolonged at their ends.
    """
    keypoints, scores = sequence.keypoints.copy(), sequence.scores.copy()
    longest = int(max_gap * sequence.fps + 1e-6)
    for keypoint in range(scores.shape[1]):
        seen = np.flatnonzero(sequence.scores[:, keypoint] >= VISIBLE_SCORE)
        for before, after in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
            if not 1 < after - before <= longest + 1:
                continue
            way = np.linspace(0, 1, after - before + 1, dtype=np.float32)[1:-1, None]
            start, end = keypoints[before, keypoint], keypoints[after, keypoint]
            keypoints[before + 1 : after, keypoint] = start + way * (end - start)
            scores[before + 1 : after, keypoint] = min(scores[before, keypoint], scores[after, keypoint])
    return replace(sequence, keypoints=keypoints, scores=scores)


def _one_euro(
    points: npt.NDArray[np.float64],
    visible: npt.NDArray[np.bool_],
    *,
    fps: float,
    min_cutoff: float,
    beta: float,
) -> npt.NDArray[np.float64]:
    """One pass of the filter over (F, N, 2) points; each track starts anew where it becomes visible."""
    result = points.copy()
    speed = np.zeros_like(points[0])
    speed_weight = _weight(np.array(_SPEED_CUTOFF), fps)
    for frame in range(1, len(points)):
        going_on = (visible[frame] & visible[frame - 1])[:, None]
        step = (points[frame] - points[frame - 1]) * fps
        speed = np.where(going_on, speed + speed_weight * (step - speed), 0.0)
        weight = _weight(min_cutoff + beta * np.linalg.norm(speed, axis=1, keepdims=True), fps)
        calm = result[frame - 1] + weight * (points[frame] - result[frame - 1])
        result[frame] = np.where(going_on, calm, points[frame])
    return result


def _weight(cutoff: npt.NDArray[np.float64], fps: float) -> npt.NDArray[np.float64]:
    """Share of the new value in an exponential low-pass filter of this cut-off (paper, equations 5 and 6)."""
    return np.asarray(1.0 / (1.0 + fps / (2 * np.pi * cutoff)))
