"""Video files through FFmpeg's libraries (PyAV): what is in them, and their frames with times."""

import logging
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from jaxtyping import UInt8

from animate_anyone.errors import MediaError
from animate_anyone.media.info import VideoInfo
from animate_anyone.media.limits import MAX_FRAME_PIXELS, MAX_FRAMES, check_length, check_size
from animate_anyone.media.size import Size
from animate_anyone.media.timing import fit_timing

logger = logging.getLogger(__name__)

CONTAINERS = ("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg")
HEADER_TELLS_LENGTH = ("mov", "matroska")
"""Containers whose stated length is a promise, not an estimate from the bit rate."""
TRUNCATED_BELOW = 0.95
"""A file with less than this part of the length or of the frames that it promises counts as cut off."""

UNSPECIFIED_MATRIX = 2
HD_HEIGHT = 720
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}


@contextmanager
def open_container(path: Path) -> Generator[InputContainer, None, None]:
    """Open a media file for reading, in such a way that nothing but this file can be opened through it.

    Playlists and scripts, which name other files and addresses, are refused by the list of containers.

    Raises:
        MediaError: Not a container that is read here; also when reading fails within the block.
    """
    options = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
    try:
        # Without the prefix a name with a colon would be taken for an address.
        with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(
            f"{path}: cannot be read as a video ({error.strerror}). Expected an undamaged MP4, MOV, MKV, WebM or AVI "
            "file, or an animated GIF or WebP; download it again or convert it to MP4."
        ) from error


def scan_container(path: Path) -> VideoInfo:
    """Read all timestamps and decode the first frame.

    Memory: eight bytes a frame.

    Raises:
        MediaError: No video in it, nothing to decode, cut off, or beyond the limits.
    """
    with open_container(path) as container:
        stream = _video_stream(path, container)
        check_size(path, stream.width, stream.height, max_pixels=MAX_FRAME_PIXELS)
        assert stream.time_base is not None  # a stream that has been opened for reading has one
        ticks = array("q")
        end_tick = 0
        end = 0.0
        first: VideoFrame | None = None
        for packet in container.demux(stream, *container.streams.audio):
            tick = packet.dts if packet.pts is None else packet.pts
            if tick is not None:
                end = max(end, float((tick + (packet.duration or 0)) * packet.time_base))
            if packet.stream is not stream:
                continue
            if first is None:
                first = next((frame for frame in packet.decode() if isinstance(frame, VideoFrame)), None)
            if tick is None or packet.is_corrupt or packet.is_discard:
                continue
            if len(ticks) == MAX_FRAMES:
                check_length(path, num_frames=MAX_FRAMES + 1, fps=float(stream.average_rate or 1))
            ticks.append(tick)
            end_tick = max(end_tick, tick + (packet.duration or 0))
        if first is None or not ticks:
            raise MediaError(f"{path}: has no frame that can be decoded. Expected a video; export it again.")
        _check_complete(path, container, end=end)
        if stream.codec_context.color_trc in HDR_TRANSFERS:
            transfer = HDR_TRANSFERS[stream.codec_context.color_trc]
            logger.warning("%s: is HDR (%s); it is not tone-mapped, so colours will look flat.", path, transfer)

        ordered = np.sort(np.frombuffer(ticks, dtype=np.int64))
        tick_seconds = float(stream.time_base)
        timing = fit_timing(
            (ordered * tick_seconds).tolist(),
            last_duration=(end_tick - int(ordered[-1])) * tick_seconds,
            resolution=tick_seconds,
            declared_fps=float(stream.average_rate) if stream.average_rate else None,
        )
        check_length(path, num_frames=timing.num_frames, fps=timing.fps)
        width, height = _square_size(stream)
        check_size(path, width, height, max_pixels=MAX_FRAME_PIXELS)
        size = Size(height, width) if _quarter_turns(first) % 2 else Size(width, height)
        return VideoInfo(size=size, timing=timing, has_audio=bool(container.streams.audio))


def decode_container(path: Path, info: VideoInfo) -> Iterator[tuple[float, UInt8[np.ndarray, "height width 3"]]]:
    """The frames with the seconds at which they are shown, upright and with square pixels, RGB.

    Raises:
        MediaError: Damaged or cut off, or the size changes on the way.
    """
    num_decoded = 0
    with open_container(path) as container:
        stream = _video_stream(path, container)
        stream.thread_type = "AUTO"
        coded_size = (stream.width, stream.height)
        width, height = _square_size(stream)
        for frame in container.decode(stream):
            if (frame.width, frame.height) != coded_size:
                raise MediaError(
                    f"{path}: changes its size from {coded_size[0]}x{coded_size[1]} to {frame.width}x{frame.height} "
                    f"at frame {num_decoded}. Convert it to one size first."
                )
            # Some containers (AVI) store no times; their frames follow each other at the stated rate.
            seconds = info.timing.start + num_decoded / info.fps if frame.pts is None else frame.time
            yield seconds, _upright(frame, width=width, height=height)
            num_decoded += 1
    if info.timing.constant and num_decoded < TRUNCATED_BELOW * info.num_frames:
        raise MediaError(
            f"{path}: only {num_decoded} of {info.num_frames} frames can be decoded; the file is damaged. "
            "Download or export it again."
        )


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:  # the cover of a music file
            continue
        if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]  (so for unknown codecs)
            raise MediaError(f"{path}: its video is of a kind unknown to FFmpeg. Convert it to H.264 MP4 first.")
        return stream
    raise MediaError(f"{path}: has no video in it, only sound or other data. Give a file with a video.")


def _check_complete(path: Path, container: InputContainer, *, end: float) -> None:
    if container.duration is None or container.format.name.split(",")[0] not in HEADER_TELLS_LENGTH:
        return
    promised = container.duration / av.time_base
    found = end - (container.start_time or 0) / av.time_base
    if found < TRUNCATED_BELOW * promised:
        raise MediaError(
            f"{path}: is cut off: {found:.1f} of {promised:.1f} seconds are there. Download or copy it again."
        )


def _square_size(stream: VideoStream) -> tuple[int, int]:
    return round(stream.width * float(stream.sample_aspect_ratio or 1)), stream.height


def _upright(frame: VideoFrame, *, width: int, height: int) -> UInt8[np.ndarray, "height width 3"]:
    matrix: int | None = None  # as tagged
    if frame.colorspace == UNSPECIFIED_MATRIX:
        # What players assume of untagged video.
        matrix = Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    picture = frame.reformat(width=width, height=height, format="rgb24", src_colorspace=matrix)
    pixels = picture.to_ndarray()
    if _is_mirrored(frame):
        pixels = pixels[::-1]
    return np.ascontiguousarray(np.rot90(pixels, k=_quarter_turns(frame)))


def _is_mirrored(frame: VideoFrame) -> bool:
    """Whether the stored picture is to be turned upside down, as in a mirror below it, before `_quarter_turns`.

    The turn goes by where the display matrix takes the stored rows; a matrix that mirrors takes the stored columns
    the other way than a turn would, which shows in the sign of its determinant.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return False
    (a, b, _), (c, d, _), _ = np.frombuffer(data, dtype=np.int32).reshape(3, 3).tolist()
    return a * d < b * c


def _quarter_turns(frame: VideoFrame) -> int:
    """Counter-clockwise, to turn the stored picture upright."""
    return round(frame.rotation / 90) % 4
