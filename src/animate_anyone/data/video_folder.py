"""A folder of videos as clips, with the poses of each video cached in a file beside it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from animate_anyone.data.clip import Clip
from animate_anyone.errors import MediaError, PoseError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.detect import PoseDetector, detect_poses
from animate_anyone.pose.file import load_poses, save_poses
from animate_anyone.pose.skeleton import PoseSequence

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif", ".webp")


@dataclass(frozen=True, kw_only=True)
class VideoFolder:
    """Videos of people in `folder`, each shown whole in the middle of `size`, its edges repeated beside it.

    Clips are at `fps`, by leaving out or repeating frames, or at the video's own rate if that is `None`. Poses are read
    from `NAME.poses.json.gz` beside the video `NAME.mp4`. If the file is missing, `detector` makes it on first use.

    Raises:
        MediaError: The folder does not exist, holds no video, or holds two of one name.
    """

    folder: Path
    size: Size
    fps: float | None = None
    detector: PoseDetector | None = None

    def __post_init__(self):
        if not self.folder.is_dir():
            raise MediaError(f"{self.folder}: not a folder. Give a folder that holds videos ({', '.join(SUFFIXES)}).")
        if not self.videos:
            raise MediaError(f"{self.folder}: holds no video. Expected files that end in {', '.join(SUFFIXES)}.")
        for first, second in pairwise(self.videos):
            if pose_path(first) == pose_path(second):
                raise MediaError(
                    f"{self.folder}: {first.name} and {second.name} would share the poses in {pose_path(first).name}. "
                    "Rename one of the videos."
                )
        if self.fps is not None and self.fps <= 0:
            raise ValueError(f"The rate must be positive; got {self.fps} fps.")

    @cached_property
    def videos(self) -> tuple[Path, ...]:
        """The videos in alphabetical order, so that number i is the same one on every machine."""
        return tuple(sorted(path for path in self.folder.iterdir() if path.suffix.lower() in SUFFIXES))

    def __len__(self) -> int:
        return len(self.videos)

    def __iter__(self) -> Iterator[Clip]:
        return (self.clip(index) for index in range(len(self)))

    def num_frames(self, index: int) -> int:
        """How many frames clip `index` has at the folder's rate."""
        return len(self._sources(self.poses(index)))

    def clip(self, index: int, frames: Sequence[int] | None = None) -> Clip:
        """Clip `index`: all frames, or the chosen ones in the order given; only these are kept in memory.

        Raises:
            MediaError: The video cannot be read.
            PoseError: The poses are missing and there is no detector, are not those of this video, or nobody is found.
            ValueError: A chosen frame does not exist.
        """
        video, poses = self.videos[index], self.poses(index)
        sources = self._sources(poses)
        if frames is not None:
            if len(frames) == 0 or not (min(frames) >= 0 and max(frames) < len(sources)):
                raise ValueError(f"{video.name} has frames 0 to {len(sources) - 1}; got {list(frames)}.")
            sources = [sources[number] for number in frames]
        geometry = self._geometry(Size(poses.width, poses.height))
        wanted = set(sources)
        pictures = {
            number: torch.from_numpy(np.array(geometry.to_canvas(Image.fromarray(frame)))).permute(2, 0, 1)
            for number, frame in enumerate(islice(read_frames(video), max(wanted) + 1))
            if number in wanted
        }
        return Clip(
            frames=torch.stack([pictures[number] for number in sources]),
            poses=replace(
                poses,
                keypoints=geometry.points_to_canvas(poses.keypoints[sources]),
                scores=poses.scores[sources],
                width=self.size.width,
                height=self.size.height,
                fps=self.fps or poses.fps,
            ),
        )

    def poses(self, index: int) -> PoseSequence:
        """The poses of video `index` in its own pixels, detected and written beside it if they are not there yet.

        Raises:
            MediaError: The video cannot be read, or the poses cannot be written.
            PoseError: The poses are missing and there is no detector, are not those of this video, or nobody is found.
        """
        video = self.videos[index]
        path = pose_path(video)
        info = probe(video)
        if path.exists():
            poses = load_poses(path)
            got = (len(poses), Size(poses.width, poses.height))
            if got != (info.num_frames, info.size):
                raise PoseError(
                    f"{path}: holds {got[0]} frames of {got[1]}, but {video.name} has {info.num_frames} frames of "
                    f"{info.size}. Delete the pose file to have it made again."
                )
            return poses
        if self.detector is None:
            raise PoseError(f"{path}: there are no poses for {video.name}. Make them first, or give a detector.")
        poses = detect_poses(read_frames(video), self.detector, size=info.size, fps=info.fps)
        save_poses(poses, path)
        return poses

    def _sources(self, poses: PoseSequence) -> list[int]:
        """For each frame at the folder's rate, the number of the video's frame that is shown at that time."""
        step = poses.fps / (self.fps or poses.fps)
        count = max(1, math.floor(len(poses) / step + 1e-6))
        return [min(math.floor(i * step + 1e-6), len(poses) - 1) for i in range(count)]

    def _geometry(self, source: Size) -> Geometry:
        canvas = Geometry(source=self.size, canvas=self.size, output=self.size, left=0, top=0)
        return canvas.placed(source)


def pose_path(video: Path) -> Path:
    """Where the poses of a video are kept."""
    return video.with_name(f"{video.stem}.poses.json.gz")
