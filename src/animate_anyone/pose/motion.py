"""Everything about bodies that an animation needs: the driving motion, and the pose of the reference character."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from animate_anyone.errors import MissingExtraError, PoseError
from animate_anyone.media.size import Size
from animate_anyone.pose.detect import DetectorName, PoseDetector, make_detector
from animate_anyone.pose.driving import Driving, SkeletonVideo, open_driving
from animate_anyone.pose.file import is_pose_file
from animate_anyone.pose.reference import find_pose, load_reference_pose
from animate_anyone.pose.skeleton import Pose

MotionKind = Literal["pose file", "skeleton video", "video of a person"]


@dataclass(frozen=True, kw_only=True)
class UseOfPoses:
    """What a checkpoint does with poses."""

    sees_reference_pose: bool = False
    """It was trained to see the pose in the reference picture."""
    reads_keypoints: bool = False
    """Skeleton videos are read back into keypoints, from which its pose pictures are drawn; others get the frames."""

    def fits(self, kind: MotionKind, *, align: bool) -> bool:
        """Whether a motion is fitted to the character, if its pose is known."""
        return align and (kind != "skeleton video" or self.reads_keypoints)


@dataclass(frozen=True, kw_only=True)
class MotionOptions:
    """What a user can choose about the motion."""

    max_frames: int | None = None
    """Take the first frames only."""
    align: bool = True
    """Fit the motion to the proportions and the place of the reference character."""
    reference_pose: Path | None = None
    """Pose file of the reference picture, for characters that no detector finds."""
    detector: DetectorName = "auto"
    detector_weights: Path | None = None
    """Folder with DWPose's files, for machines without network."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """A driving motion and, where it is known, the pose of the reference character."""

    driving: Driving
    kind: MotionKind
    reference_pose: Pose | None
    reference_pose_from: Literal["file", "detected"] | None
    provider: str | None
    """What found poses, if anything had to."""
    detector_weights: tuple[Path, ...]
    """Files of the networks that found them."""

    @property
    def is_video(self) -> bool:
        """Whether the motion came from a video, which may have sound."""
        return self.kind != "pose file"

    @property
    def size(self) -> Size:
        """Canvas of the motion."""
        driving = self.driving
        return driving.info.size if isinstance(driving, SkeletonVideo) else Size(driving.width, driving.height)

    @property
    def fps(self) -> float:
        return self.driving.info.fps if isinstance(self.driving, SkeletonVideo) else self.driving.fps


def find_motion(
    path: Path,
    reference: Image.Image,
    *,
    options: MotionOptions = MotionOptions(),
    use: UseOfPoses = UseOfPoses(),
    on_frame: Callable[[int, int], None],
    note: Callable[[str], None],
) -> Motion:
    """Reads a driving motion and the reference character's pose, which is looked for if anything is done with it.

    Args:
        path: a video of a person, a skeleton video, or a pose file.
        reference: the picture of the character.
        options: choices of the user.
        use: what the checkpoint does with poses.
        on_frame: while a person is followed, called after every frame with the number done and the number in all.
        note: told in a sentence what is not done since the pose is not known.

    Raises:
        MediaError: the video cannot be read.
        PoseError: a pose file is not valid, or nobody was found in the video.
        MissingExtraError: a person has to be found in a video and no detector is installed.
    """
    detectors: list[PoseDetector] = []

    def detector(*, video: bool) -> PoseDetector:
        made = make_detector(options.detector, video=video, weights=options.detector_weights)
        detectors.append(made)
        return made

    pose, pose_from = None, None
    if options.reference_pose is not None:
        pose, pose_from = load_reference_pose(options.reference_pose, size=Size(*reference.size)), "file"
    driving = open_driving(path, lambda: detector(video=True), max_frames=options.max_frames, on_frame=on_frame)
    kind = _kind(path, driving)

    fits = use.fits(kind, align=options.align)
    if pose is None and (fits or use.sees_reference_pose):
        without = "The motion is shown as it is, not fitted to the character"
        if not fits:
            without = "The character is animated with nothing known of its pose, and keeps less of its looks"
        try:
            with closing(detector(video=False)) as found_by:
                pose = find_pose(reference, found_by)
            pose_from = "detected" if pose is not None else None
            if pose is None:
                note(f"{without}: nobody was found in the reference picture by {detectors[-1].provider}.")
        except (MissingExtraError, PoseError) as error:
            # Motion other than a person's needs no detector, so the lack of one does not end all, unless it was named.
            if kind == "video of a person" or options.detector != "auto" or options.detector_weights is not None:
                raise
            note(f"{without}: give its pose in a file (--reference-pose), or have it found. {error}")
    return Motion(
        driving=driving,
        kind=kind,
        reference_pose=pose,
        reference_pose_from=pose_from,
        provider=detectors[0].provider if detectors else None,
        detector_weights=detectors[0].weights if detectors else (),
    )


def _kind(path: Path, driving: Driving) -> MotionKind:
    if isinstance(driving, SkeletonVideo):
        return "skeleton video"
    return "pose file" if is_pose_file(path) else "video of a person"
