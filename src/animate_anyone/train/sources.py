"""Where clips come from: drawn characters, or a folder of videos. Clips are numbered; number i is always the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

from jaxtyping import UInt8
from torch import Tensor

from animate_anyone.data.clip import Clip
from animate_anyone.data.procedural import SPLITS, Split, render_clip, render_frames
from animate_anyone.data.video_folder import VideoFolder, pose_path
from animate_anyone.errors import ConfigError
from animate_anyone.media.size import Size
from animate_anyone.pose.detect import make_detector
from animate_anyone.train.config import ProceduralData, VideoData

VIDEOS_PER_HELD_OUT = 10


class Source(Protocol):
    """Numbered clips of one character each, all of `num_frames` frames."""

    @property
    def num_frames(self) -> int: ...

    def __len__(self) -> int: ...

    def clip(self, index: int) -> Clip:
        """Clip `index`, whole."""
        ...

    def frames(self, index: int, numbers: Sequence[int]) -> UInt8[Tensor, "n 3 h w"]:
        """Some frames of a clip, in the order asked for."""
        ...

    def identity(self, index: int) -> int:
        """Clips of one character have the same number."""
        ...

    def spec(self, index: int) -> dict[str, Any]:
        """Plain values that say all there is to say about a clip: equal for equal clips only."""
        ...


class ProceduralSource:
    """Clips of drawn characters; consecutive clips share a character, no two share a motion."""

    def __init__(self, data: ProceduralData, *, split: Split):
        seeds = SPLITS[split]
        if data.num_clips > len(seeds) and split == "train":
            raise ConfigError(f"data.num_clips is {data.num_clips}; there are only {len(seeds)} motions to train on.")
        self.data = data
        self.seeds = seeds[: data.num_clips]

    @property
    def num_frames(self) -> int:
        return self.data.num_frames

    def __len__(self) -> int:
        return len(self.seeds)

    def clip(self, index: int) -> Clip:
        return render_clip(
            character=self.identity(index),
            motion=self.seeds[index],
            num_frames=self.data.num_frames,
            size=self.data.size,
            fps=self.data.fps,
        )

    def frames(self, index: int, numbers: Sequence[int]) -> UInt8[Tensor, "n 3 h w"]:
        return render_frames(
            self.identity(index), self.seeds[index], numbers, size=self.data.size, fps=self.data.fps
        ).frames

    def identity(self, index: int) -> int:
        return self.seeds[index // self.data.motions_per_character]

    def spec(self, index: int) -> dict[str, Any]:
        return {
            "character": self.identity(index),
            "motion": self.seeds[index],
            "num_frames": self.data.num_frames,
            "size": self.data.size,
            "fps": self.data.fps,
            "drawing": self.drawing,
        }

    @cached_property
    def drawing(self) -> str:
        """A hash of sample pictures, which is another one when characters are drawn or moved in another way."""
        digest = hashlib.sha256()
        for index in range(min(4, len(self))):
            digest.update(self.frames(index, [0, self.num_frames - 1]).numpy().tobytes())
        return digest.hexdigest()


class VideoSource:
    """Videos cut into clips of `num_frames`; every tenth video, the first among them, is kept for validation.

    Poses that are not beside their video yet are detected first, which takes a while.
    """

    def __init__(self, data: VideoData, *, split: Split):
        self.data = data
        self.videos = VideoFolder(folder=data.folder, size=Size(data.size, data.size), fps=data.fps)
        if not all(pose_path(video).exists() for video in self.videos.videos):
            self.videos = replace(self.videos, detector=make_detector())
        held_out = range(0, len(self.videos), VIDEOS_PER_HELD_OUT)
        numbers = [number for number in range(len(self.videos)) if (number in held_out) == (split != "train")]
        self.clips = [
            (number, start)
            for number in numbers
            for start in range(0, self.videos.num_frames(number) - data.num_frames + 1, data.num_frames)
        ]
        if not self.clips:
            raise ConfigError(
                f"{data.folder} has no clip of {data.num_frames} frames at {data.fps} fps for {split}. It needs at "
                "least two videos of that length, the first of which is kept for validation."
            )

    @property
    def num_frames(self) -> int:
        return self.data.num_frames

    def __len__(self) -> int:
        return len(self.clips)

    def clip(self, index: int) -> Clip:
        return self.part(index, range(self.num_frames))

    def frames(self, index: int, numbers: Sequence[int]) -> UInt8[Tensor, "n 3 h w"]:
        return self.part(index, numbers).frames

    def part(self, index: int, numbers: Sequence[int]) -> Clip:
        """Some frames of a clip with their poses."""
        video, start = self.clips[index]
        return self.videos.clip(video, [start + number for number in numbers])

    def identity(self, index: int) -> int:
        return self.clips[index][0]

    def spec(self, index: int) -> dict[str, Any]:
        video, start = self.clips[index]
        path = self.videos.videos[video]
        return {
            "video": path.name,
            "bytes": path.stat().st_size,
            "modified": path.stat().st_mtime_ns,
            "start": start,
            "num_frames": self.data.num_frames,
            "size": self.data.size,
            "fps": self.data.fps,
        }


def make_source(data: ProceduralData | VideoData, *, split: Split) -> Source:
    """The clips that a configuration asks for."""
    match data:
        case ProceduralData():
            return ProceduralSource(data, split=split)
        case VideoData():
            return VideoSource(data, split=split)
