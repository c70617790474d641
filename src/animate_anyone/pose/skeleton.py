"""The pose of one person as a value: 134 whole-body keypoints with scores, and sequences of them.

The layout is DWPose's: COCO-WholeBody with a neck inserted, in OpenPose order. "Left" and "right" are the
person's own. Coordinates are pixels of a stated canvas, x to the right, y down, pixel centres at integers.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from animate_anyone.errors import PoseError

FloatArray = npt.NDArray[np.float32]

LAYOUT = "wholebody-134"
NUM_KEYPOINTS = 134

BODY_NAMES = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
BODY = slice(0, 18)
FEET = slice(18, 24)  # left big toe, left small toe, left heel, then the right foot
FACE = slice(24, 92)  # the 68 points of the iBUG annotation
LEFT_HAND = slice(92, 113)  # wrist, then four points each for thumb, index, middle, ring, little finger
RIGHT_HAND = slice(113, 134)

VISIBLE_SCORE = 0.3
"""A keypoint with a lower score is treated as not seen, as DWPose's own drawing does."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """One person in one frame: `keypoints` (134, 2) in pixels, `scores` (134,) in [0, 1]."""

    keypoints: FloatArray
    scores: FloatArray

    def __post_init__(self):
        if self.keypoints.shape != (NUM_KEYPOINTS, 2) or self.scores.shape != (NUM_KEYPOINTS,):
            raise PoseError(
                f"A pose of layout '{LAYOUT}' needs keypoints of shape ({NUM_KEYPOINTS}, 2) and scores "
                f"of shape ({NUM_KEYPOINTS},); got {self.keypoints.shape} and {self.scores.shape}."
            )

    @property
    def visible(self) -> npt.NDArray[np.bool_]:
        """(134,) True where the score reaches `VISIBLE_SCORE`."""
        return self.scores >= VISIBLE_SCORE


@dataclass(frozen=True, kw_only=True)
class PoseSequence:
    """One person over time: `keypoints` (F, 134, 2) in pixels of a `width` x `height` canvas.

    `scores` is (F, 134). A frame without a person has all scores zero. `fps` is the rate at which the frames
    are to be shown.
    """

    keypoints: FloatArray
    scores: FloatArray
    width: int
    height: int
    fps: float

    def __post_init__(self):
        num_frames = self.keypoints.shape[0]
        if self.keypoints.shape[1:] != (NUM_KEYPOINTS, 2) or self.scores.shape != (num_frames, NUM_KEYPOINTS):
            raise PoseError(
                f"A pose sequence of layout '{LAYOUT}' needs keypoints of shape (F, {NUM_KEYPOINTS}, 2) and "
                f"scores of shape (F, {NUM_KEYPOINTS}); got {self.keypoints.shape} and {self.scores.shape}."
            )
        if self.width <= 0 or self.height <= 0 or self.fps <= 0:
            raise PoseError(
                "Canvas and rate of a pose sequence must be positive; "
                f"got {self.width}x{self.height} at {self.fps} fps."
            )

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, index: int) -> Pose:
        return Pose(keypoints=self.keypoints[index], scores=self.scores[index])

    def frames(self, indices: slice | list[int]) -> "PoseSequence":
        """The sequence of the chosen frames, in the chosen order."""
        return replace(self, keypoints=self.keypoints[indices], scores=self.scores[indices])
