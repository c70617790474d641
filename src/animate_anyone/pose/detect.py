"""Finds poses in pictures and videos; the backends are in files of their own."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from jaxtyping import UInt8

from animate_anyone.errors import PoseError
from animate_anyone.media.size import Size
from animate_anyone.pose.mediapipe_detector import MediaPipeDetector, missing_mediapipe
from animate_anyone.pose.onnx_detector import OnnxDetector, dwpose_files, import_runtime
from animate_anyone.pose.select import follow_person
from animate_anyone.pose.skeleton import NUM_KEYPOINTS, Pose, PoseSequence

DetectorName = Literal["auto", "mediapipe", "dwpose"]


class PoseDetector(Protocol):
    """What finds people in a picture."""

    provider: str
    """What computes, for the user and the run report: library, version and device."""
    weights: tuple[Path, ...]
    """Files of the networks; none where they belong to the version of the library."""

    def detect(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Pose]:
        """The people in an RGB picture, keypoints in its pixels."""
        ...

    def close(self) -> None:
        """Frees what the detector holds."""
        ...


def make_detector(name: DetectorName = "auto", *, video: bool = False, weights: Path | None = None) -> PoseDetector:
    """The detector of this name.

    Args:
        name: "mediapipe" needs no download; "dwpose" is better on hands, occluded limbs and several people, and
            takes weights of 350 MB. "auto" is "dwpose" if `weights` are given, else "mediapipe" if it is
            installed, else "dwpose" if its runtime is.
        video: The pictures will be the frames of one clip in order, so people can be followed.
        weights: Folder with DWPose's two ONNX files; they are taken from the hub if not given.

    Raises:
        MissingExtraError: The backend is not installed.
        PoseError: The weights are not in the folder and cannot be had.
    """
    name = resolve_detector(name, weights=weights)
    if name == "auto":
        raise missing_mediapipe()
    if name == "mediapipe":
        return MediaPipeDetector(video=video)
    import_runtime()  # before its weights are downloaded for nothing
    return OnnxDetector(dwpose_files(weights), video=video)


def resolve_detector(name: DetectorName, *, weights: Path | None = None) -> DetectorName:
    """The detector that `make_detector` takes for this name: "auto" stays only where none is installed."""
    if name != "auto" or weights is not None:
        return "dwpose" if name == "auto" else name
    if find_spec("mediapipe") is not None:
        return "mediapipe"
    return "dwpose" if find_spec("onnxruntime") is not None else "auto"


def detect_poses(
    frames: Iterable[UInt8[np.ndarray, "height width 3"]],
    detector: PoseDetector,
    *,
    size: Size,
    fps: float,
    allow_nobody: bool = False,
) -> PoseSequence:
    """Follows one person through the frames of a clip.

    Frames are taken one by one, so memory grows only by the poses. Nothing is smoothed.

    Args:
        frames: RGB frames of `size`, in order.
        detector: One made for video.
        size: Width and height of every frame.
        fps: Frames per second.
        allow_nobody: A clip without anybody in it is a result, not an error: all scores are zero.

    Raises:
        PoseError: Nobody was found in any frame and that is not allowed, or there are no frames.
        ValueError: A frame has another size.
    """
    nobody = Pose(
        keypoints=np.zeros((NUM_KEYPOINTS, 2), dtype=np.float32), scores=np.zeros(NUM_KEYPOINTS, dtype=np.float32)
    )

    def people(frame: UInt8[np.ndarray, "height width 3"]) -> list[Pose]:
        if frame.shape != (size.height, size.width, 3):
            raise ValueError(f"Frames must be {size.height}x{size.width}x3 (rows first); got {frame.shape}.")
        return detector.detect(frame)

    # A second of patience: long enough for a turn away from the camera, short enough for a cut.
    track = follow_person((people(frame) for frame in frames), patience=round(fps))
    poses = [pose if pose is not None else nobody for pose in track]
    if not poses or not (allow_nobody or any(pose.visible.any() for pose in poses)):
        raise PoseError(
            f"No person was found in any of {len(poses)} frames by {detector.provider}. Use a clip in which a person "
            "is seen whole and large, or give a pose file or a skeleton video."
        )
    return PoseSequence(
        keypoints=np.stack([pose.keypoints for pose in poses]),
        scores=np.stack([pose.scores for pose in poses]),
        width=size.width,
        height=size.height,
        fps=fps,
    )
