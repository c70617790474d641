"""Clips of a prepared set: frames and poses of chosen videos at one rate and size."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from animate_anyone.data.clip import Clip
from animate_anyone.data.footage import frames_at
from animate_anyone.data.manifest import Entry
from animate_anyone.data.shards import unpacked
from animate_anyone.errors import PoseError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.media.video import read_frames
from animate_anyone.pose.file import load_poses
from animate_anyone.pose.skeleton import PoseSequence


@dataclass(frozen=True, kw_only=True)
class PreparedClips:
    """Kept videos of a prepared `folder`, each shown whole in the middle of `size`, its edges repeated beside it.

    Clips are at `fps`, by leaving out or repeating frames, or at the video's own rate if that is None. A clip that has
    a place in a shard is read from there, others from their own files.
    """

    folder: Path
    entries: Sequence[Entry]
    size: Size
    fps: float | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def num_frames(self, index: int) -> int:
        """How many frames clip `index` has at the rate asked for."""
        return len(self._numbers(self.entries[index]))

    def clip(self, index: int, frames: Sequence[int] | None = None) -> Clip:
        """Clip `index`: all frames, or the chosen ones in the order given; only these are kept in memory.

        Raises:
            MediaError: The video cannot be read.
            PoseError: The poses cannot be read, or are not those of this video.
            ValueError: A chosen frame does not exist.
        """
        entry = self.entries[index]
        numbers = self._numbers(entry)
        if frames is not None:
            if len(frames) == 0 or not (min(frames) >= 0 and max(frames) < len(numbers)):
                raise ValueError(f"{entry.source} has frames 0 to {len(numbers) - 1}; got {list(frames)}.")
            numbers = [numbers[number] for number in frames]
        with self._files(entry) as (video, pose_file):
            poses = load_poses(pose_file)
            self._check(entry, poses, pose_file)
            source = Size(poses.width, poses.height)
            geometry = Geometry(source=self.size, canvas=self.size, output=self.size, left=0, top=0).placed(source)
            wanted = set(numbers)
            pictures = {
                number: torch.from_numpy(np.array(geometry.to_canvas(Image.fromarray(frame)))).permute(2, 0, 1)
                for number, frame in enumerate(islice(read_frames(video), max(wanted) + 1))
                if number in wanted
            }
        return Clip(
            frames=torch.stack([pictures[number] for number in numbers]),
            poses=replace(
                poses,
                keypoints=geometry.points_to_canvas(poses.keypoints[numbers]),
                scores=poses.scores[numbers],
                width=self.size.width,
                height=self.size.height,
                fps=self.fps or poses.fps,
            ),
        )

    @contextmanager
    def _files(self, entry: Entry) -> Generator[tuple[Path, Path]]:
        assert entry.video is not None and entry.poses is not None  # of entries that are kept
        if entry.shard is None:
            yield self.folder / entry.video, self.folder / entry.poses
            return
        with unpacked(self.folder, entry.shard, suffix=Path(entry.video).suffix) as files:
            yield files

    def _check(self, entry: Entry, poses: PoseSequence, path: Path) -> None:
        got = (len(poses), poses.width, poses.height)
        assert entry.measured is not None
        expected = (entry.measured.frames, entry.measured.width, entry.measured.height)
        if got != expected:
            raise PoseError(
                f"{path}: holds {got[0]} frames of {got[1]}x{got[2]}, but {entry.source} was prepared with "
                f"{expected[0]} frames of {expected[1]}x{expected[2]}. Prepare the videos again."
            )

    def _numbers(self, entry: Entry) -> list[int]:
        assert entry.measured is not None
        return frames_at(entry.measured.frames, fps=entry.measured.fps, wanted=self.fps)
