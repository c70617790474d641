"""What media files may be: limits that keep a hostile or mistaken file from using up the machine."""

import stat
from pathlib import Path

from animate_anyone.errors import MediaError

MIN_SIDE = 16
"""Shortest side of a picture in pixels."""
MAX_ASPECT = 8
"""Longest side over shortest side."""
MAX_IMAGE_PIXELS = 64_000_000
"""Pixels of a still picture; its decoded form takes three to four bytes for each."""
MAX_FRAME_PIXELS = 36_000_000
"""Pixels of one frame of a video: a little more than 8K."""
MAX_SECONDS = 3600.0
"""Length of a video."""
MIN_FPS, MAX_FPS = 0.001, 240.0
"""Frames a second of a video. Rates are written as fractions with a denominator of at most 1001."""
MAX_FRAMES = 216_000
"""Frames of a video: an hour at 60 frames a second."""


def check_file(path: Path, *, expected: str) -> None:
    """Refuse what is not an ordinary file with something in it.

    Args:
        path: What the user named.
        expected: What should have been there, for the message: "a picture", "a video".

    Raises:
        MediaError: Missing, a folder, a device or pipe, unreadable, or empty.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise MediaError(
            f"{path}: there is no such file that can be read ({error}). Give the path of {expected}."
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise MediaError(f"{path}: is a folder. Give the path of {expected}.")
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path}: is a device or pipe, not a file. Copy it to a file and give the path of that.")
    if status.st_size == 0:
        raise MediaError(f"{path}: is empty (0 bytes). Download or export {expected} again.")


def check_size(path: Path, width: int, height: int, *, max_pixels: int) -> None:
    """Refuse pictures that are too small, too large or too elongated to work on.

    Raises:
        MediaError: With the size found and the limit it breaks.
    """
    if min(width, height) < MIN_SIDE:
        raise MediaError(
            f"{path}: is {width}x{height} pixels; each side needs at least {MIN_SIDE}. Use a larger picture."
        )
    if width * height > max_pixels:
        raise MediaError(
            f"{path}: is {width}x{height} pixels, {width * height / 1e6:.0f} million; at most "
            f"{max_pixels / 1e6:.0f} million can be read. Scale it down first."
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise MediaError(
            f"{path}: is {width}x{height} pixels; the long side may be at most {MAX_ASPECT} times the short one. "
            "Crop it first."
        )


def check_length(path: Path, *, num_frames: int, fps: float) -> None:
    """Refuse videos that are too long, too fast or too slow.

    Raises:
        MediaError: With the length found and the limit it breaks.
    """
    if fps < MIN_FPS:
        raise MediaError(
            f"{path}: has {fps:.3g} frames a second; expected at least {MIN_FPS:g}. Convert it to a higher rate."
        )
    if fps > MAX_FPS:
        raise MediaError(
            f"{path}: has {fps:.6g} frames a second; at most {MAX_FPS:g} can be read. Convert it to a lower rate first."
        )
    if num_frames > MAX_FRAMES or num_frames / fps > MAX_SECONDS:
        raise MediaError(
            f"{path}: has {num_frames} frames, {num_frames / fps:.0f} seconds; at most {MAX_FRAMES} frames and "
            f"{MAX_SECONDS:.0f} seconds can be read. Cut it into parts first."
        )
