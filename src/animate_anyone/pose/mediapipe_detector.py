"""Pose detection by MediaPipe 0.10.21, the last release whose wheel carries its models: nothing is downloaded.

The holistic graph finds one person: 33 body points, 478 face points and 21 points for each hand, mapped here to
the 134 keypoints of `pose.skeleton`.
"""

import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from animate_anyone.errors import MissingExtraError
from animate_anyone.pose.skeleton import FACE, FEET, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND, FloatArray, Pose

CONFIDENCES = (0.5, 0.2)
"""Detection thresholds, tried in this order: drawn characters are often found only by the lower one."""

# Body keypoints 0 to 17 in MediaPipe's numbers. The neck has none; it is the middle of the shoulders.
_NECK, _SHOULDERS = 1, (2, 5)
_BODY_POINTS = (0, -1, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
# Big toe and heel, left then right; MediaPipe has no small toe.
_FEET_POINTS = {0: 31, 2: 29, 3: 32, 5: 30}
# The points of the face mesh nearest to the 68 points of the iBUG annotation.
_FACE_POINTS = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip


class MediaPipeDetector:
    """Finds the most prominent person of a picture.

    Args:
        video: Follow the person from picture to picture, which is faster and steadier; the pictures must then be
            the frames of one clip in order.

    Raises:
        MissingExtraError: MediaPipe is not installed.
    """

    def __init__(self, *, video: bool = False):
        try:
            with _quiet():
                self._holistic: Any = import_module("mediapipe.python.solutions.holistic").Holistic
        except ModuleNotFoundError as error:
            raise missing_mediapipe() from error
        self.provider = f"mediapipe {version('mediapipe')} (CPU, XNNPACK)"
        self.weights: tuple[Path, ...] = ()
        self._video = video
        self._graphs: dict[float, Any] = {}
        self._preferred = CONFIDENCES[0]

    def detect(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Pose]:
        """The person in an RGB picture, as a list of one or none."""
        height, width = image.shape[:2]
        # Once a clip has needed the lower threshold, it is tried first: each threshold keeps its own track.
        for confidence in sorted(CONFIDENCES, key=lambda value: value != self._preferred):
            found = self._process(image, confidence)
            if found.pose_landmarks is not None:
                self._preferred = confidence if self._video else self._preferred
                return [_to_pose(found, width, height)]
        return []

    def close(self) -> None:
        """Frees the graphs."""
        with _quiet():
            for graph in self._graphs.values():
                graph.close()
        self._graphs.clear()

    def _process(self, image: UInt8[np.ndarray, "height width 3"], confidence: float) -> Any:
        with _quiet():
            if confidence not in self._graphs:
                # Only the models of complexity 1 are inside the wheel; others would be downloaded.
                self._graphs[confidence] = self._holistic(
                    static_image_mode=not self._video,
                    model_complexity=1,
                    refine_face_landmarks=True,
                    min_detection_confidence=confidence,
                )
            return self._graphs[confidence].process(np.ascontiguousarray(image))


def missing_mediapipe() -> MissingExtraError:
    """The error that says how to get MediaPipe, or that this Python has no build of it."""
    if sys.version_info >= (3, 13):
        return MissingExtraError(
            "onnxruntime",
            extra="pose-onnx",
            purpose=(
                "MediaPipe 0.10.21, which finds poses in pictures, has no build for Python 3.13. Use Python 3.11 or "
                "3.12, or give a pose file or a skeleton video, or use the detector 'dwpose'. That"
            ),
        )
    return MissingExtraError("mediapipe==0.10.21", extra="pose", purpose="Finding poses in pictures")


def _to_pose(found: Any, width: int, height: int) -> Pose:
    keypoints = np.zeros((NUM_KEYPOINTS, 2), dtype=np.float32)
    scores = np.zeros(NUM_KEYPOINTS, dtype=np.float32)

    body, visibility = _points(found.pose_landmarks, width, height), _visibility(found.pose_landmarks)
    for keypoint, point in enumerate(_BODY_POINTS):
        if keypoint != _NECK:
            keypoints[keypoint], scores[keypoint] = body[point], visibility[point]
    keypoints[_NECK] = keypoints[list(_SHOULDERS)].mean(axis=0)
    scores[_NECK] = scores[list(_SHOULDERS)].min()
    for offset, point in _FEET_POINTS.items():
        keypoints[FEET.start + offset], scores[FEET.start + offset] = body[point], visibility[point]

    # Face and hands come without scores: they are found whole or not at all.
    if found.face_landmarks is not None:
        keypoints[FACE], scores[FACE] = _points(found.face_landmarks, width, height)[list(_FACE_POINTS)], 1
    if found.left_hand_landmarks is not None:
        keypoints[LEFT_HAND], scores[LEFT_HAND] = _points(found.left_hand_landmarks, width, height), 1
    if found.right_hand_landmarks is not None:
        keypoints[RIGHT_HAND], scores[RIGHT_HAND] = _points(found.right_hand_landmarks, width, height), 1

    # MediaPipe also places joints beyond the picture's edges; what cannot be seen has no score.
    outside = np.any((keypoints < -0.5) | (keypoints > [width - 0.5, height - 0.5]), axis=1)
    return Pose(keypoints=keypoints, scores=np.where(outside, np.float32(0), scores))


def _points(landmarks: Any, width: int, height: int) -> FloatArray:
    points = np.array([(point.x, point.y) for point in landmarks.landmark], dtype=np.float32)
    return points * np.array([width, height], dtype=np.float32) - np.float32(0.5)


def _visibility(landmarks: Any) -> FloatArray:
    return np.array([point.visibility for point in landmarks.landmark], dtype=np.float32).clip(0, 1)


@contextmanager
def _quiet() -> Generator[None]:
    """Keeps MediaPipe's native log lines and its protobuf deprecation warnings away from the user's terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
