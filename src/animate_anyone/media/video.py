"""Videos in: what a file holds, and its frames one by one at a constant rate."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from animate_anyone.media.animated import decode_animation, is_picture, scan_animation
from animate_anyone.media.container import decode_container, scan_container
from animate_anyone.media.info import VideoInfo
from animate_anyone.media.limits import check_file, check_length
from animate_anyone.media.timing import resample


def probe(path: Path | str) -> VideoInfo:
    """What `read_frames` will yield from a file: size, rate, number of frames; and whether there is sound.

    Args:
        path: A video (MP4, MOV, MKV, WebM, AVI, ...) or an animated GIF, WebP or PNG.

    Raises:
        MediaError: Not a video, damaged or cut off, without frames, or beyond the limits of `media.limits`.
    """
    path = Path(path)
    check_file(path, expected="a video")
    return scan_animation(path) if is_picture(path) else scan_container(path)


def read_frames(path: Path | str, *, fps: float | None = None) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
    """The frames of a video, upright, RGB, at a constant rate, decoded as they are asked for.

    A clip of near-constant rate gives each of its frames exactly once. One of variable rate is resampled by its
    timestamps. The number of frames is that of `probe`, or its duration times `fps` where a rate is asked for.

    Args:
        path: As for `probe`.
        fps: Frames a second to resample to; the file's own rate if None.

    Raises:
        MediaError: As for `probe`, at once; and while reading, where damage shows only then.
        ValueError: The rate is not positive.
    """
    if fps is not None and not fps > 0:
        raise ValueError(f"Frames cannot be read at {fps} frames a second.")
    path = Path(path)
    info = probe(path)
    num_frames = info.num_frames if fps is None else max(1, round(info.duration * fps))
    rate = info.fps if fps is None else fps
    check_length(path, num_frames=num_frames, fps=rate)
    frames = decode_animation(path) if is_picture(path) else decode_container(path, info)
    return resample(frames, start=info.timing.start, fps=rate, num_frames=num_frames)
