"""Where clips come from: drawn characters, or prepared videos. Clips are numbered, a set always in the same way."""

import ast
import hashlib
from collections.abc import Sequence
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any, Protocol

from jaxtyping import UInt8
from torch import Tensor

from animate_anyone.data import procedural
from animate_anyone.data.clip import Clip
from animate_anyone.data.manifest import Entry, load_manifest
from animate_anyone.data.prepared import PreparedClips
from animate_anyone.data.procedural import SPLITS, Split, render_clip, render_frames
from animate_anyone.errors import ConfigError
from animate_anyone.train.config import PreparedData, ProceduralData


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

    def same_video(self, index: int) -> Sequence[int]:
        """The clips of the video that a clip is of, itself among them."""
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

    def same_video(self, index: int) -> Sequence[int]:
        return [index]

    def spec(self, index: int) -> dict[str, Any]:
        return {
            "character": self.identity(index),
            "motion": self.seeds[index],
            "num_frames": self.data.num_frames,
            "size": self.data.size,
            "fps": self.data.fps,
            "drawing": drawing_hash(),
        }


@cache
def drawing_hash() -> str:
    """A hash of the code that draws and moves characters, comments aside: other code may give other pictures."""
    digest = hashlib.sha256()
    for path in sorted(Path(procedural.__path__[0]).glob("*.py")):
        digest.update(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()


class PreparedSource:
    """Prepared videos cut into clips of `num_frames`; those of the test side are for validation."""

    def __init__(self, data: PreparedData, *, split: Split):
        manifest = load_manifest(data.folder)
        cuts = {side: cut_clips(data, manifest.kept(side)) for side in ("train", "test")}
        for side, clips in cuts.items():
            if not clips:
                raise ConfigError(
                    f"{data.folder} has no clip of {data.num_frames} frames at {data.fps:g} fps on the side '{side}' "
                    "of its split; training needs clips to learn from ('train') and to look at ('test'). Lower "
                    "data.num_frames, or prepare the videos with another --test-share."
                )
        side = "train" if split == "train" else "test"
        self.data = data
        self.entries = manifest.kept(side)
        self.clips = cuts[side]
        self.videos = PreparedClips(folder=data.folder, entries=self.entries, size=data.frame_size, fps=data.fps)
        groups = sorted({entry.group for entry in self.entries})
        self.identities = {group: number for number, group in enumerate(groups)}
        self.of_video: dict[int, list[int]] = {}
        for number, (video, _) in enumerate(self.clips):
            self.of_video.setdefault(video, []).append(number)

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
        return self.identities[self.entries[self.clips[index][0]].group]

    def same_video(self, index: int) -> Sequence[int]:
        return self.of_video[self.clips[index][0]]

    def spec(self, index: int) -> dict[str, Any]:
        video, start = self.clips[index]
        entry = self.entries[video]
        assert entry.measured is not None  # of entries that are kept
        return {
            "video": entry.sha256,
            "poses": entry.poses_sha256,
            "prepared": [entry.measured.width, entry.measured.height, entry.measured.fps],
            "start": start,
            "num_frames": self.data.num_frames,
            "size": [self.data.width, self.data.height],
            "fps": self.data.fps,
        }


def cut_clips(data: PreparedData, entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """The clips of each video: its number, first frame. Spread evenly, they overlap until no frame is left out."""
    videos = PreparedClips(folder=data.folder, entries=entries, size=data.frame_size, fps=data.fps)
    cuts: list[tuple[int, int]] = []
    for video in range(len(videos)):
        length = videos.num_frames(video)
        if length >= data.num_frames:
            count, last = ceil(length / data.num_frames), length - data.num_frames
            cuts += [(video, last * number // max(1, count - 1)) for number in range(count)]
    return cuts


def make_source(data: ProceduralData | PreparedData, *, split: Split) -> Source:
    """The clips that a configuration asks for."""
    match data:
        case ProceduralData():
            return ProceduralSource(data, split=split)
        case PreparedData():
            return PreparedSource(data, split=split)
