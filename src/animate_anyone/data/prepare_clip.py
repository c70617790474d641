"""Prepares one video: finds its poses, measures what is in it, and brings it to the rate and size asked for.

A clip's files lie side by side: `KEY.json` (what was found, written last), `KEY.poses.json.gz`, and `KEY.mp4` if the
video itself is not fit for use as it is. Preparing again does only what is not done yet.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from pydantic import ValidationError

from animate_anyone.data.footage import Footage, fingerprint, frames_at, open_footage
from animate_anyone.data.layouts import Item
from animate_anyone.data.manifest import Limits, Making, Measured, Values
from animate_anyone.data.measure import HeadCount, judge, nobody_share, person_share
from animate_anyone.errors import AnimateAnyoneError, MissingExtraError, PoseError
from animate_anyone.media.atomic import write_file
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.detect import PoseDetector, detect_poses
from animate_anyone.pose.file import check_room, load_poses, save_poses
from animate_anyone.pose.skeleton import PoseSequence
from animate_anyone.pose.smooth import smooth_poses

POSE_SUFFIX = ".poses.json.gz"
"""How the poses of `NAME.mp4` are called, beside the video that was given and among the clips made."""


class Record(Values):
    """What is kept of a video between two runs: everything that takes long to find out."""

    bytes: int
    sha256: str
    making: Making
    measured: Measured | None = None
    problem: str | None = None
    failed: bool = False
    """The problem may be the machine's, not the video's: it is tried again."""
    poses_sha256: str | None = None
    converted: bool = False
    """The clip is to be read from `KEY.mp4`, not from the video itself."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a clip is to become: frames `numbers` of the footage at `fps`, scaled to `size` if `converted`."""

    size: Size
    fps: float
    numbers: list[int]
    converted: bool


@dataclass(frozen=True, kw_only=True)
class Task:
    """How videos are prepared. `make_detector` makes one for the frames of one clip.

    Values of it are sent to other processes.
    """

    folder: Path
    clips: Path
    making: Making
    limits: Limits
    make_detector: Callable[[], PoseDetector]

    def __call__(self, item: Item) -> Record:
        """Prepares one video. What is wrong with the video is said in the record, and no error.

        Raises:
            MissingExtraError: The detector is not installed.
            MediaError: Results cannot be written.
        """
        record, poses = self.examine(item)
        if poses is not None:
            save_poses(poses, self.poses_of(item))
            record = record.model_copy(update={"poses_sha256": fingerprint(self.poses_of(item))[1]})
            # A video of before is not to be taken for this one.
            self.video_of(item).unlink(missing_ok=True)
        if record.converted and reason_against(record, self.limits) is None and not self.video_of(item).exists():
            self.convert(item, record.making)
        write_file(self.record_of(item), (record.model_dump_json(indent=1) + "\n").encode())
        return record

    def examine(self, item: Item) -> tuple[Record, PoseSequence | None]:
        """What there is to know of a video, and its poses if they are new."""
        source = self.folder / item.source
        blank = Record(bytes=0, sha256="", making=self.making)
        try:
            size, sha256 = fingerprint(source)
            blank = Record(bytes=size, sha256=sha256, making=self.making_of(source))
            old = self.old_record(item)
            if old is not None and self.still_holds(old, blank):
                return old, None
            footage = open_footage(source, fps=item.fps)
            target = target_of(footage, blank.making)
            measured, poses = self.look_at(footage, target)
            return blank.model_copy(update={"measured": measured, "converted": target.converted}), poses
        except MissingExtraError:
            raise
        except AnimateAnyoneError as error:
            # The results may be moved elsewhere, where this machine's folders mean nothing.
            problem, failed = str(error).replace(f"{self.folder}/", ""), not blank.sha256
        except Exception as error:  # whatever a decoder or a detector raises on one file, the others are not to suffer
            problem, failed = f"{type(error).__name__}: {error}", True
        return blank.model_copy(update={"problem": problem, "failed": failed}), None

    def look_at(self, footage: Footage, target: Target) -> tuple[Measured, PoseSequence | None]:
        """Finds the person in all frames, unless there are too few of them."""
        measured = Measured(
            frames=len(target.numbers), fps=target.fps, width=target.size.width, height=target.size.height
        )
        if measured.frames < self.limits.min_frames:
            return measured, None
        given = given_poses(footage.path)
        if given.exists():
            poses = load_poses(given)
            check_belongs(poses, footage, path=given)
            for _ in footage.frames():  # what cannot be read is to show now
                pass
            several = None
        else:
            check_room(measured.frames)
            with closing(self.make_detector()) as detector:
                counter = HeadCount(detector)
                poses = detect_poses(footage.frames(), counter, size=footage.size, fps=footage.fps)
            poses = smooth_poses(poses)
            several = counter.several / len(poses)
        shares = {
            "person_share": round(person_share(poses), 4),
            "nobody_share": round(nobody_share(poses), 4),
            "several_share": several if several is None else round(several, 4),
        }
        poses = poses.frames(target.numbers)
        if target.converted:
            poses = replace(
                poses,
                keypoints=geometry_of(footage.size, target.size).points_to_canvas(poses.keypoints),
                width=target.size.width,
                height=target.size.height,
                fps=target.fps,
            )
        return measured.model_copy(update=shares), poses

    def convert(self, item: Item, making: Making) -> None:
        """Writes the video of a clip."""
        footage = open_footage(self.folder / item.source, fps=item.fps)
        target = target_of(footage, making)
        write_video(converted_frames(footage, target), self.video_of(item), fps=target.fps)

    def still_holds(self, old: Record, new: Record) -> bool:
        """Whether nothing has to be looked for again."""
        if old.failed or (old.bytes, old.sha256, old.making) != (new.bytes, new.sha256, new.making):
            return False
        if old.measured is None:
            return True
        return old.poses_sha256 is not None or old.measured.frames < self.limits.min_frames

    def making_of(self, source: Path) -> Making:
        """As asked for, with given poses in the place of a detector's."""
        given = given_poses(source)
        if not given.exists():
            return self.making
        return self.making.model_copy(update={"detector": f"given {fingerprint(given)[1]}"})

    def old_record(self, item: Item) -> Record | None:
        """What an earlier run found, if its files are all there."""
        try:
            record = Record.model_validate_json(self.record_of(item).read_bytes())
        except (OSError, ValidationError):
            return None
        if record.poses_sha256 is None:
            return record
        poses = self.poses_of(item)
        return record if poses.exists() and fingerprint(poses)[1] == record.poses_sha256 else None

    def record_of(self, item: Item) -> Path:
        return self.clips / f"{item.key}.json"

    def poses_of(self, item: Item) -> Path:
        return self.clips / f"{item.key}{POSE_SUFFIX}"

    def video_of(self, item: Item) -> Path:
        return self.clips / f"{item.key}.mp4"


def reason_against(record: Record, limits: Limits) -> str | None:
    """Why a video is left out; None if it is kept."""
    return record.problem if record.measured is None else judge(record.measured, limits)


def given_poses(source: Path) -> Path:
    """Where poses of a video may lie that are to be used in place of a detector's."""
    return source.with_name(source.stem + POSE_SUFFIX)


def check_belongs(poses: PoseSequence, footage: Footage, *, path: Path) -> None:
    """Refuses poses of another video.

    Raises:
        PoseError: Number or size of the frames differ.
    """
    got, expected = (len(poses), Size(poses.width, poses.height)), (footage.num_frames, footage.size)
    if got != expected:
        raise PoseError(
            f"{path}: holds {got[0]} frames of {got[1]}, but the video has {expected[0]} frames of {expected[1]}. "
            "Remove the pose file to have the poses found."
        )


def target_of(footage: Footage, making: Making) -> Target:
    """What a clip is to become. Frames are never scaled up, and keep their aspect."""
    numbers = frames_at(footage.num_frames, fps=footage.fps, wanted=making.fps)
    scale = 1.0
    if making.size is not None:
        scale = min(1.0, making.size[0] / footage.size.width, making.size[1] / footage.size.height)
    if not (footage.path.is_dir() or scale < 1 or numbers != list(range(footage.num_frames))):
        return Target(size=footage.size, fps=footage.fps, numbers=numbers, converted=False)
    # H.264 has even sides; rounding down stays inside the box.
    width, height = (max(2, int(side * scale + 1e-6) // 2 * 2) for side in (footage.size.width, footage.size.height))
    return Target(size=Size(width, height), fps=making.fps or footage.fps, numbers=numbers, converted=True)


def geometry_of(source: Size, output: Size) -> Geometry:
    """The geometry that scales a picture, and adds nothing around it."""
    return Geometry(source=source, canvas=output, output=output, left=0, top=0)


def converted_frames(footage: Footage, target: Target) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """The frames of the clip: chosen, repeated where the rate is higher, and scaled."""
    geometry, times = geometry_of(footage.size, target.size), Counter(target.numbers)
    for number, frame in enumerate(footage.frames()):
        if times[number]:
            picture = np.asarray(geometry.to_canvas(Image.fromarray(frame)))
            for _ in range(times[number]):
                yield picture
