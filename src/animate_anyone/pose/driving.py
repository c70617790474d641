"""What moves the character: a pose file, a video of ready-made skeletons, or a video of a person."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animate_anyone.media.info import VideoInfo
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.detect import PoseDetector, detect_poses
from animate_anyone.pose.file import is_pose_file, load_poses
from animate_anyone.pose.images import is_skeleton_video
from animate_anyone.pose.skeleton import PoseSequence
from animate_anyone.pose.smooth import smooth_poses


@dataclass(frozen=True, kw_only=True)
class SkeletonVideo:
    """A video that shows skeletons already."""

    path: Path
    info: VideoInfo
    max_frames: int | None = None
    """Take the first frames only; all if None."""


Driving = PoseSequence | SkeletonVideo


def rate_of(path: Path) -> float:
    """Frames a second of a driving motion of any kind, known before anything that takes long.

    Raises:
        MediaError: the video cannot be read.
        PoseError: the pose file is not valid.
    """
    return load_poses(path).fps if is_pose_file(path) else probe(path).fps


def open_driving(
    path: Path,
    make_detector: Callable[[], PoseDetector],
    *,
    max_frames: int | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> Driving:
    """Reads a driving motion of any kind.

    Args:
        path: a pose file by its suffix, otherwise a video.
        make_detector: called only if a person has to be found.
        max_frames: take the first frames only; all if None.
        on_frame: while a person is followed, called after every frame with the number done and the number in all.

    Raises:
        MediaError: the video cannot be read.
        PoseError: the pose file is not valid, or nobody was found.
        MissingExtraError: a person has to be found and no detector is installed.
    """
    if is_pose_file(path):
        return load_poses(path).frames(slice(max_frames))
    if is_skeleton_video(path):
        return SkeletonVideo(path=path, info=probe(path), max_frames=max_frames)
    detector = make_detector()
    try:
        return follow_video(path, detector, max_frames=max_frames, on_frame=on_frame)
    finally:
        detector.close()


def follow_video(
    path: Path,
    detector: PoseDetector,
    *,
    max_frames: int | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> PoseSequence:
    """Follows one person through a video and takes the jitter of detection out; arguments as in `open_driving`.

    Raises:
        MediaError: the video cannot be read.
        PoseError: nobody was found.
    """
    info = probe(path)
    num_frames = min(info.num_frames, max_frames or info.num_frames)

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        for done, frame in enumerate(read_frames(path), start=1):
            yield frame
            if on_frame is not None:
                on_frame(done, num_frames)
            if done == num_frames:
                return

    return smooth_poses(detect_poses(frames(), detector, size=info.size, fps=info.fps))
