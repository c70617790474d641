"""Time to find the poses of a clip: by a detector that follows people from pose to pose, and by one that searches.

Both are the package's DWPose, with networks of its layout (`two_lights.py`). Taken is the time of a clock, as
onnxruntime has threads of its own.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from animate_anyone.media.size import Size
from animate_anyone.pose.detect import detect_poses
from animate_anyone.pose.onnx_detector import OnnxDetector
from animate_anyone.pose.skeleton import PoseSequence
from benchmarks.two_lights import two_lights, write_networks

SIZE = Size(480, 720)
SPAN = (110.0, 300.0)
"""Pixels from one light to the other: the person's size."""
STEP = (6.0, 4.0)
"""Pixels that the person moves from frame to frame."""
SHARE = 0.1
"""Of the published networks' work: with all of it, one frame took seconds on one core."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How the two compare; each time is the least of all rounds."""

    num_frames: int
    rounds: int
    share: float
    searching_seconds: float
    following_seconds: float
    difference: float
    """Largest distance in pixels between keypoints of one and of the other."""

    @property
    def ratio(self) -> float:
        """Times as fast by following."""
        return self.searching_seconds / self.following_seconds


def measure_tracking(num_frames: int = 48, *, rounds: int, share: float = SHARE) -> Tracking:
    """Finds the poses of the same clip by turns, `rounds` times each."""
    frames = [two_lights((30 + i * STEP[0], 40 + i * STEP[1]), SPAN, SIZE) for i in range(num_frames)]
    found: dict[bool, PoseSequence] = {}
    least: dict[bool, float] = {}
    with TemporaryDirectory() as folder:
        files = write_networks(Path(folder), share=share)
        detectors = {video: OnnxDetector(files, video=video) for video in (False, True)}
        for _ in range(rounds):
            for video, detector in detectors.items():
                start = time.perf_counter()
                found[video] = detect_poses(frames, detector, size=SIZE, fps=24.0)
                seconds = time.perf_counter() - start
                least[video] = min(seconds, least.get(video, seconds))
                detector.close()
    apart = np.linalg.norm(found[True].keypoints - found[False].keypoints, axis=-1)
    return Tracking(
        num_frames=num_frames,
        rounds=rounds,
        share=share,
        searching_seconds=least[False],
        following_seconds=least[True],
        difference=float(apart.max()),
    )
