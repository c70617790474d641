"""Animated pictures (GIF, WebP, PNG) as videos, through Pillow, which alone reads all three."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from animate_anyone.errors import MediaError
from animate_anyone.media.image import BACKGROUND, DECODE_ERRORS, to_rgb
from animate_anyone.media.info import VideoInfo
from animate_anyone.media.limits import MAX_FRAME_PIXELS, MAX_FRAMES, check_length, check_size
from animate_anyone.media.size import Size
from animate_anyone.media.timing import fit_timing

FORMATS = ("GIF", "WEBP", "PNG")
RESOLUTION = 0.01
"""Seconds. GIF counts in hundredths; writers of the others often keep to that."""
SHORTEST_DURATION = 0.011
DEFAULT_DURATION = 0.1
"""Browsers show frames that claim a hundredth of a second or less for a tenth, and files rely on it."""


def is_picture(path: Path) -> bool:
    """Whether the file's first bytes are those of a picture in one of `FORMATS`, animated or not."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error
    is_webp = head[:4] == b"RIFF" and head[8:] == b"WEBP"
    return is_webp or head.startswith((b"GIF87a", b"GIF89a", b"\x89PNG\r\n\x1a\n"))


def scan_animation(path: Path) -> VideoInfo:
    """Decode all frames once, since durations are known only then.

    Raises:
        MediaError: A still picture, damaged, or beyond the limits.
    """
    times = [0.0]
    with _opened(path) as image:
        size = Size(*image.size)
        num_frames = _num_frames(path, image)
        for duration in _durations(path, image, num_frames):
            times.append(times[-1] + duration)
    timing = fit_timing(times[:-1], last_duration=times[-1] - times[-2], resolution=RESOLUTION)
    check_length(path, num_frames=timing.num_frames, fps=timing.fps)
    return VideoInfo(size=size, timing=timing, has_audio=False)


def decode_animation(path: Path) -> Iterator[tuple[float, UInt8[np.ndarray, "height width 3"]]]:
    """The frames with the seconds at which they are shown, RGB, transparent pixels on mid-grey.

    Raises:
        MediaError: Damaged or cut off.
    """
    seconds = 0.0
    with _opened(path) as image:
        for duration in _durations(path, image, _num_frames(path, image)):
            yield seconds, np.asarray(to_rgb(path, image.copy(), background=BACKGROUND))
            seconds += duration


@contextmanager
def _opened(path: Path) -> Generator[Image.Image, None, None]:
    try:
        image = Image.open(path, formats=FORMATS)
    except DECODE_ERRORS as error:
        raise MediaError(
            f"{path}: the animated picture cannot be read ({error}). Export it again or convert it to MP4."
        ) from error
    with image:
        check_size(path, *image.size, max_pixels=MAX_FRAME_PIXELS)
        yield image


def _num_frames(path: Path, image: Image.Image) -> int:
    try:
        num_frames = int(getattr(image, "n_frames", 1))
    except DECODE_ERRORS as error:
        raise _damaged(path, 0, error) from error
    if num_frames == 1:
        raise MediaError(
            f"{path}: is a still picture. Expected a video, or an animated GIF, WebP or PNG with several frames."
        )
    if num_frames > MAX_FRAMES:
        check_length(path, num_frames=num_frames, fps=1 / DEFAULT_DURATION)
    return num_frames


def _durations(path: Path, image: Image.Image, num_frames: int) -> Iterator[float]:
    """Step the picture through its frames, giving the seconds for which each is shown."""
    size = image.size
    for index in range(num_frames):
        try:
            image.seek(index)
            image.load()
            duration = float(image.info.get("duration", 0)) / 1000
        except DECODE_ERRORS as error:
            raise _damaged(path, index, error) from error
        if image.size != size:
            raise MediaError(
                f"{path}: changes its size from {size[0]}x{size[1]} to {image.width}x{image.height} at frame {index}. "
                "Export it again with frames of one size."
            )
        yield duration if duration >= SHORTEST_DURATION else DEFAULT_DURATION


def _damaged(path: Path, index: int, error: Exception) -> MediaError:
    return MediaError(
        f"{path}: the animated picture is damaged or cut off at frame {index} ({error}). Export it again."
    )
