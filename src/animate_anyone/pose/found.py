"""Poses out of a file that shows a person: a picture or a video."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from animate_anyone.errors import PoseError
from animate_anyone.media.image import DECODE_ERRORS, load_image
from animate_anyone.media.limits import check_file
from animate_anyone.media.timing import Timing
from animate_anyone.media.video import probe
from animate_anyone.pose.detect import PoseDetector
from animate_anyone.pose.driving import follow_video
from animate_anyone.pose.reference import find_pose
from animate_anyone.pose.skeleton import PoseSequence

PICTURE_FPS = 1.0
"""The rate of a pose file of one frame, which means nothing but must be there."""


@dataclass(frozen=True, kw_only=True)
class FoundPoses:
    """Poses, and what found them."""

    poses: PoseSequence
    provider: str


class MakeDetector(Protocol):
    """Makes a detector for the frames of one clip, or for single pictures."""

    def __call__(self, *, video: bool) -> PoseDetector: ...


def detect_file(
    path: Path,
    make_detector: MakeDetector,
    *,
    max_frames: int | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> FoundPoses:
    """Finds the poses of one person in a video, smoothed, or in a picture.

    Args:
        path: what shows a person.
        make_detector: called once.
        max_frames: take the first frames only; all if None.
        on_frame: called after every frame of a video with the number done and the number in all.

    Raises:
        MediaError: the file cannot be read.
        PoseError: nobody was found.
        MissingExtraError: the detector is not installed.
    """
    check_file(path, expected="a video or a picture")
    still = is_still(path)
    with closing(make_detector(video=not still)) as detector:
        if not still:
            poses = follow_video(path, detector, max_frames=max_frames, on_frame=on_frame)
            return FoundPoses(poses=poses, provider=detector.provider)
        image = load_image(path)
        pose = find_pose(image, detector)
        if pose is None:
            raise PoseError(
                f"No person was found in '{path}' by {detector.provider}. Use a picture in which a person is seen "
                "whole and large, or write the pose file by hand."
            )
    poses = PoseSequence(
        keypoints=pose.keypoints[None],
        scores=pose.scores[None],
        width=image.width,
        height=image.height,
        fps=PICTURE_FPS,
    )
    return FoundPoses(poses=poses, provider=detector.provider)


def timing_of(path: Path) -> Timing:
    """Rate and number of the frames in which `detect_file` would look for poses, before it does.

    Raises:
        MediaError: the file cannot be read.
    """
    check_file(path, expected="a video or a picture")
    if is_still(path):
        return Timing(start=0.0, fps=PICTURE_FPS, num_frames=1, constant=True)
    return probe(path).timing


def is_still(path: Path) -> bool:
    """Whether a file is a picture that does not move."""
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) == 1
    except DECODE_ERRORS:
        return False
