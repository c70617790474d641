"""Videos out: H.264 MP4 with sound, animated GIF and WebP, or a folder of PNG files, by the name's suffix."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from jaxtyping import UInt8
from PIL import Image

from animate_anyone.errors import MediaError
from animate_anyone.media.atomic import check_free_folder, complete_file, complete_folder, reported
from animate_anyone.media.audio import Audio, soundtrack
from animate_anyone.media.limits import MAX_FPS, MIN_FPS
from animate_anyone.media.size import Size
from animate_anyone.media.timing import exact_rate

MAX_GIF_FPS = 50.0
"""A GIF counts in hundredths of a second, and players show a frame of one hundredth or less for ten."""
MAX_WEBP_FPS = 90.0
"""A WebP counts in milliseconds, and players show a frame of ten or less for a hundred: 1000/11 is 90.9."""


@dataclass(frozen=True, kw_only=True)
class WrittenVideo:
    """What `write_video` wrote. `audio` says whether sound was copied, encoded again, or is not there."""

    path: Path
    size: Size
    num_frames: int
    fps: float
    audio: Audio


@dataclass(frozen=True, kw_only=True)
class _Encoding:
    """How one kind of file is encoded: FFmpeg's names and options, and the picture its encoder takes."""

    container: str
    codec: str
    pixel_format: str
    picture: Callable[[UInt8[np.ndarray, "height width 3"]], VideoFrame]
    container_options: dict[str, str] = field(default_factory=dict[str, str])
    codec_options: dict[str, str] = field(default_factory=dict[str, str])
    max_fps: float = MAX_FPS
    carries_sound: bool = False
    needs_even_sides: bool = False


def write_video(
    frames: Iterable[UInt8[np.ndarray, "height width 3"]],
    path: Path | str,
    *,
    fps: float | int,
    audio_from: Path | str | None = None,
) -> WrittenVideo:
    """Write frames as they come, under the final name only when all are there.

    The suffix decides the kind: .mp4 (H.264, BT.709), .gif, .webp, or none for a folder of PNG files named
    000000.png and up. Number of frames and rate come out exactly; a GIF's times are rounded to hundredths of a
    second, without drift.

    Args:
        frames: RGB, all of one size; even sides for MP4 (as `Geometry.crop` gives them).
        path: Where to write; missing folders are made, a file of that name is replaced.
        fps: Frames a second.
        audio_from: A video whose sound is carried over, from its first frame to the output's end, copied where MP4
            takes it as it is. Only MP4 carries sound; the result's `audio` tells what became of it.

    Raises:
        MediaError: Unknown suffix or a rate that this kind of file cannot have (before any frame is asked for), no
            frames, or the place cannot be written to.
        ValueError: The rate is beyond the limits, frames differ in size, or a side is odd for MP4.
    """
    path = Path(path)
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(f"Videos are written at {MIN_FPS:g} to {MAX_FPS:g} frames a second; got {fps}.")
    check_output(path, fps=fps)
    rate = exact_rate(fps)
    source = Path(audio_from) if audio_from is not None else None
    if path.suffix == "":
        with complete_folder(path) as folder:
            size, checked = _one_size(frames, path=path)
            num_frames = _write_pictures(checked, folder, named=path)
        audio: Audio = "none"
    else:
        encoding = _ENCODINGS[path.suffix.lower()]
        with complete_file(path) as temporary:
            size, checked = _one_size(frames, path=path)
            if encoding.needs_even_sides and (size.width % 2 or size.height % 2):
                raise ValueError(f"H.264 video needs even sides; got frames of {size}.")
            num_frames, audio = _encode(
                checked, temporary, encoding=encoding, size=size, rate=rate, audio_from=source, named=path
            )
    return WrittenVideo(path=path, size=size, num_frames=num_frames, fps=float(rate), audio=audio)


def check_output(path: Path | str, *, fps: float | None = None) -> None:
    """Refuse a name that `write_video` could not write to, so that it shows before any work.

    Args:
        path: As for `write_video`.
        fps: Frames a second, where they are known already: animated pictures cannot have as many as videos.

    Raises:
        MediaError: Unknown suffix, a folder for PNG files that has something in it, or a rate that is too high.
    """
    path = Path(path)
    if path.suffix == "":
        check_free_folder(path)
    elif path.suffix.lower() not in _ENCODINGS:
        raise MediaError(
            f"{path}: videos are written as {', '.join(_ENCODINGS)}, or as a folder of PNG files if the name has no "
            f"suffix; got '{path.suffix}'. Change the suffix."
        )
    elif path.is_dir():
        raise MediaError(f"{path}: is a folder. Give the name of a file in it.")
    elif fps is not None and exact_rate(fps) > (max_fps := _ENCODINGS[path.suffix.lower()].max_fps):
        raise MediaError(
            f"{path}: a file of this kind shows at most {max_fps:g} frames a second, and this video has {fps:.6g}. "
            "Choose a name that ends in .mp4."
        )


def _one_size(
    frames: Iterable[UInt8[np.ndarray, "height width 3"]], *, path: Path
) -> tuple[Size, Iterator[UInt8[np.ndarray, "height width 3"]]]:
    """The size of the first frame, and all frames with a check that they share it."""
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise MediaError(f"{path}: not written, since there are no frames. Expected at least one.")

    def checked() -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        for frame in chain([first], iterator):
            if frame.shape != first.shape:
                raise ValueError(f"All frames of a video have one shape; got {frame.shape} after {first.shape}.")
            yield frame

    return Size(first.shape[1], first.shape[0]), checked()


def _write_pictures(frames: Iterator[UInt8[np.ndarray, "height width 3"]], folder: Path, *, named: Path) -> int:
    num_frames = 0
    for frame in frames:
        with reported(named):
            Image.fromarray(frame).save(folder / f"{num_frames:06d}.png")
        num_frames += 1
    return num_frames


def _encode(
    frames: Iterator[UInt8[np.ndarray, "height width 3"]],
    temporary: Path,
    *,
    encoding: _Encoding,
    size: Size,
    rate: Fraction,
    audio_from: Path | None,
    named: Path,
) -> tuple[int, Audio]:
    """Encode into `temporary`; `named` is the final path, for messages. Returns number of frames and kind of sound."""
    num_frames = 0
    try:
        with av.open(f"file:{temporary}", "w", format=encoding.container, options=encoding.container_options) as output:
            stream = output.add_stream(encoding.codec, rate=rate, options=encoding.codec_options)
            assert isinstance(stream, VideoStream)  # the codecs named below are for video
            stream.width, stream.height = size.width, size.height
            stream.pix_fmt = encoding.pixel_format
            stream.codec_context.time_base = 1 / rate
            if encoding.pixel_format == "yuv420p":
                stream.codec_context.color_primaries = ColorPrimaries.BT709
                stream.codec_context.color_trc = ColorTrc.BT709
                stream.codec_context.colorspace = Colorspace.ITU709
                stream.codec_context.color_range = ColorRange.MPEG
            with soundtrack(audio_from if encoding.carries_sound else None, output) as sound:
                for frame in frames:
                    picture = encoding.picture(frame)
                    picture.pts = num_frames
                    picture.time_base = 1 / rate
                    output.mux(stream.encode(picture))
                    num_frames += 1
                    if sound is not None:
                        sound.write_until(float(num_frames / rate))
                output.mux(stream.encode(None))
                return num_frames, "none" if sound is None else sound.kind
    except av.FFmpegError as error:
        raise MediaError(
            f"{named}: cannot be encoded ({error.strerror}). Check the free space, or write another kind of file."
        ) from error


def _bt709(frame: UInt8[np.ndarray, "height width 3"]) -> VideoFrame:
    return VideoFrame.from_ndarray(frame, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )


def _palette(frame: UInt8[np.ndarray, "height width 3"]) -> VideoFrame:
    """256 colours chosen for this frame alone, so that no frame has to wait for the others."""
    # Pillow's default, median cut, takes seconds for a frame with many colours; this takes milliseconds.
    indexed = Image.fromarray(frame).quantize(256, method=Image.Quantize.FASTOCTREE)
    colours = np.asarray(indexed.getpalette(), dtype=np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), dtype=np.uint8)
    palette[:, 0] = 255
    palette[: len(colours), 1:] = colours
    # PyAV takes a pair for this one pixel format, which its type stubs leave out.
    return VideoFrame.from_ndarray((np.asarray(indexed), palette), format="pal8")  # pyright: ignore[reportArgumentType]


def _with_alpha(frame: UInt8[np.ndarray, "height width 3"]) -> VideoFrame:
    return VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="bgra")


_ENCODINGS = {
    ".mp4": _Encoding(
        container="mp4",
        codec="libx264",
        pixel_format="yuv420p",
        picture=_bt709,
        # The index at the front lets players start before they have the whole file.
        container_options={"movflags": "+faststart"},
        codec_options={"crf": "18", "preset": "medium"},
        carries_sound=True,
        needs_even_sides=True,
    ),
    ".gif": _Encoding(container="gif", codec="gif", pixel_format="pal8", picture=_palette, max_fps=MAX_GIF_FPS),
    ".webp": _Encoding(
        container="webp",
        codec="libwebp_anim",
        pixel_format="bgra",
        picture=_with_alpha,
        container_options={"loop": "0"},
        codec_options={"quality": "85"},
        max_fps=MAX_WEBP_FPS,
    ),
}
