"""The skeleton pictures of a clip, window by window, as the sampler asks for them.

Memory does not grow with the clip: poses are drawn when they are asked for, and the frames of a ready-made
skeleton video wait in a temporary file.
"""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
from jaxtyping import UInt8
from PIL import Image

from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.draw import BODY_COLOURS, FACE_COLOUR, HAND_COLOURS, HAND_POINT_COLOUR, DrawStyle, draw_pose
from animate_anyone.pose.skeleton import PoseSequence


@runtime_checkable
class PosePictures(Protocol):
    """Skeleton pictures that are made when they are asked for, so that a long clip is never held whole."""

    def __len__(self) -> int: ...

    def window(self, indices: Sequence[int]) -> npt.NDArray[np.uint8]:
        """Returns the pictures of these frames, (f, height, width, 3)."""
        ...


def pictures_of(clip: Sequence[Image.Image] | PosePictures, frames: Sequence[int]) -> list[Image.Image]:
    """The skeleton pictures of some frames of a clip, which is held whole or makes them."""
    if isinstance(clip, Sequence):
        return [clip[index] for index in frames]
    return [Image.fromarray(picture) for picture in clip.window(frames)]


class PoseImages(ABC):
    """Skeleton pictures of the frames of a clip: `len()` of them, each of `size`, shown at `fps`.

    A context manager; leaving it frees what is held on disk.
    """

    size: Size
    fps: float

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def window(self, indices: Sequence[int]) -> UInt8[np.ndarray, "frames height width 3"]:
        """The pictures of these frames, RGB, in this order.

        Raises:
            IndexError: A number is not in 0 to len() - 1.
        """

    @abstractmethod
    def close(self) -> None:
        """Frees what is held; `window` may not be called any more."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, indices: Sequence[int]) -> None:
        for index in indices:
            if not 0 <= index < len(self):
                raise IndexError(f"There is no frame {index}; the clip has frames 0 to {len(self) - 1}.")


class DrawnPoseImages(PoseImages):
    """The poses of a sequence, drawn when asked for on a canvas of the sequence's size."""

    def __init__(self, poses: PoseSequence, *, style: DrawStyle):
        self.size = Size(poses.width, poses.height)
        self.fps = poses.fps
        self._poses = poses
        self._style = style

    def __len__(self) -> int:
        return len(self._poses)

    def window(self, indices: Sequence[int]) -> UInt8[np.ndarray, "frames height width 3"]:
        self._check(indices)
        pictures = np.empty((len(indices), self.size.height, self.size.width, 3), dtype=np.uint8)
        for place, index in enumerate(indices):
            pictures[place] = draw_pose(self._poses[index], size=self.size, style=self._style)
        return pictures

    def close(self) -> None:
        pass


class SkeletonVideoImages(PoseImages):
    """The frames of a video that shows skeletons already, placed on the canvas of a geometry.

    Args:
        path: The skeleton video.
        geometry: That of the reference picture; the video's picture is shown whole in the middle of it, on black.
        max_frames: Take the first frames only; all if None.

    Raises:
        MediaError: As for `read_frames`.
    """

    def __init__(self, path: Path | str, *, geometry: Geometry, max_frames: int | None = None):
        info = probe(path)
        self.size = geometry.canvas
        self.fps = info.fps
        self._shape = (self.size.height, self.size.width, 3)
        self._num_frames = 0
        # Read back by plain reads, not memory-mapped: mapped pages would count as this process's memory.
        self._file = tempfile.TemporaryFile(prefix="animate-anyone-")  # noqa: SIM115
        try:
            placed = geometry.placed(info.size)
            for frame in islice(read_frames(path), max_frames):
                picture = placed.to_canvas(Image.fromarray(frame), fill="black")
                self._file.write(np.asarray(picture).tobytes())
                self._num_frames += 1
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return self._num_frames

    def window(self, indices: Sequence[int]) -> UInt8[np.ndarray, "frames height width 3"]:
        self._check(indices)
        pictures = np.empty((len(indices), *self._shape), dtype=np.uint8)
        for picture, index in zip(pictures, indices, strict=True):
            self._file.seek(index * picture.nbytes)
            self._file.readinto(picture.data)
        return pictures

    def close(self) -> None:
        self._file.close()


MIN_BLACK = 0.75
"""Share of a skeleton picture that is black; a person seen whole leaves more, a close one less."""
MIN_PALETTE = 0.65
"""Share of the other pixels that have the hue of one of the skeleton's colours; compression blurs the rest. Skeletons
drawn on 96 x 96 pixels have 0.7."""
MIN_COLOURS = 8
"""Number of the skeleton's colours that occur: skeletons have a dozen; a drawn character may wear a few of them, not
the rainbow."""


def is_skeleton_video(path: Path | str) -> bool:
    """Whether a video shows skeletons on black, as `draw_pose` draws them, rather than people.

    Looks at the first five of the first three seconds that are not empty, 0.3 seconds apart.

    Raises:
        MediaError: As for `read_frames`.
    """
    step = max(1, round(probe(path).fps * 0.3))
    shown = (frame for frame in islice(read_frames(path), 0, 10 * step, step) if (frame > _DARK).any())
    votes = [_shows_skeleton(frame) for frame in islice(shown, 5)]
    return sum(votes) > len(votes) / 2


_DARK = 40
_PALETTE = np.array(
    [
        *BODY_COLOURS,
        *(tuple(int(0.6 * channel) for channel in colour) for colour in BODY_COLOURS),
        *HAND_COLOURS,
        HAND_POINT_COLOUR,
        FACE_COLOUR,
    ],
    dtype=np.float32,
)
_HUES = _PALETTE / _PALETTE.max(axis=1, keepdims=True)
_NEAR = 0.3


def _shows_skeleton(frame: UInt8[np.ndarray, "height width 3"]) -> bool:
    bright = frame.max(axis=2) > _DARK
    if bright.mean() > 1 - MIN_BLACK or not bright.any():
        return False
    pixels = frame[bright].astype(np.float32)
    pixels = pixels[:: max(1, len(pixels) // 4096)]
    # As bright as can be: lines thinner than a pixel are dark, but keep their hue.
    pixels /= pixels.max(axis=1, keepdims=True)
    distances: npt.NDArray[np.float32] = np.linalg.norm(pixels[:, None] - _HUES, axis=2)
    nearest = distances.argmin(axis=1)[distances.min(axis=1) < _NEAR]
    frequent = np.bincount(nearest, minlength=len(_PALETTE)) >= 0.01 * len(pixels)
    return len(nearest) >= MIN_PALETTE * len(pixels) and int(frequent.sum()) >= MIN_COLOURS
