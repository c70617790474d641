"""What is filmed: the frames of a video file, or of a folder of pictures, as one kind of value; and their rate."""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from animate_anyone.data.layouts import PICTURE_SUFFIXES
from animate_anyone.errors import MediaError
from animate_anyone.media.image import load_image
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe, read_frames

REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Footage:
    """Frames of one size at a constant rate; `path` is a video file or a folder of numbered pictures."""

    path: Path
    size: Size
    fps: float
    num_frames: int

    def frames(self) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        """The frames in order, decoded as they are asked for.

        Raises:
            MediaError: One cannot be read, or pictures differ in size.
        """
        if not self.path.is_dir():
            yield from read_frames(self.path)
            return
        for picture in pictures(self.path):
            image = load_image(picture)
            if image.size != (self.size.width, self.size.height):
                raise MediaError(f"{picture}: is {image.width}x{image.height}, but the first picture is {self.size}.")
            yield np.asarray(image)


def open_footage(path: Path, *, fps: float | None = None) -> Footage:
    """What there is at a path.

    Args:
        path: A video file, or a folder of pictures.
        fps: Frames a second of a folder of pictures.

    Raises:
        MediaError: It cannot be read, or holds nothing.
    """
    if not path.is_dir():
        info = probe(path)
        return Footage(path=path, size=info.size, fps=info.fps, num_frames=info.num_frames)
    if fps is None:
        raise ValueError("A folder of pictures has no rate of its own; give one.")
    numbered = pictures(path)
    if not numbered:
        raise MediaError(f"{path}: holds no pictures. Expected files that end in {', '.join(PICTURE_SUFFIXES)}.")
    first = load_image(numbered[0])
    return Footage(path=path, size=Size(first.width, first.height), fps=fps, num_frames=len(numbered))


def pictures(folder: Path) -> list[Path]:
    """The pictures of a folder by the numbers in their names, whatever zeros these begin with: `f2` before `f10`.

    One called `reference` is no frame: it is the character's, as in a clip of ProcChar-100.
    """
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.stem != REFERENCE]
    return sorted(found, key=lambda path: (_natural(path.stem), path.name))


def _natural(name: str) -> list[str | int]:
    """What is between numbers and the numbers, in turn, so that like is compared with like."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", name))]


def fingerprint(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a video file, or of all pictures of a folder.

    Raises:
        MediaError: It cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        for file in pictures(path) if path.is_dir() else [path]:
            with file.open("rb") as stream:
                while part := stream.read(2**20):
                    digest.update(part)
                    size += len(part)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}).") from error
    return size, digest.hexdigest()


def frames_at(num_frames: int, *, fps: float, wanted: float | None) -> list[int]:
    """For each frame at the rate `wanted`, the number of the frame that is shown at that time at the rate `fps`."""
    step = fps / (wanted or fps)
    count = max(1, math.floor(num_frames / step + 1e-6))
    return [min(math.floor(number * step + 1e-6), num_frames - 1) for number in range(count)]
