"""The sound of a driving video, carried into an output while its frames are written."""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from animate_anyone.media.animated import is_picture
from animate_anyone.media.container import open_container
from animate_anyone.media.limits import check_file
from animate_anyone.media.video import probe

logger = logging.getLogger(__name__)

COPIED_CODECS = ("aac", "mp3", "ac3", "eac3", "alac")
"""What players expect in an MP4; sound of another kind is encoded again as AAC."""
ENCODED_RATE = 48_000

TimedPacket = tuple[float, Packet]  # pyright: ignore[reportMissingTypeArgument]  (generic in the stubs only)
"""Seconds in the output at which the packet begins, and the packet."""
Audio = Literal["copied", "encoded", "none"]


class Soundtrack:
    """The sound of a source, from the source's first video frame on, muxed piece by piece into an output."""

    def __init__(
        self, source: InputContainer, stream: AudioStream, output: OutputContainer, *, path: Path, start: float
    ):
        """Add the stream to the output; `start` is the time of the first video frame in the source."""
        self.kind: Audio = "copied" if stream.codec_context.name in COPIED_CODECS else "encoded"
        self._output = output
        if self.kind == "copied":
            packets = _copied(source, stream, output.add_stream_from_template(stream), start=start)
        else:
            target = output.add_stream("aac", rate=ENCODED_RATE, layout="stereo")
            packets = _encoded(source, stream, target, start=start)
        self._packets = _until_damaged(packets, path=path)
        self._next = next(self._packets, None)

    def write_until(self, seconds: float) -> None:
        """Mux the packets that begin before this time of the output."""
        while self._next is not None and self._next[0] < seconds:
            self._output.mux(self._next[1])
            self._next = next(self._packets, None)


@contextmanager
def soundtrack(path: Path | None, output: OutputContainer) -> Generator[Soundtrack | None, None, None]:
    """The sound of the video at `path`, for an output without packets yet; None where there is none that can be read.

    Raises:
        MediaError: The video cannot be read.
    """
    if path is None:
        yield None
        return
    check_file(path, expected="the video with the sound")
    if is_picture(path):
        yield None
        return
    info = probe(path)
    if not info.has_audio:
        yield None
        return
    with open_container(path) as source:
        stream = _readable_stream(source, path=path)
        yield None if stream is None else Soundtrack(source, stream, output, path=path, start=info.timing.start)


def _readable_stream(source: InputContainer, *, path: Path) -> AudioStream | None:
    """The first sound of a kind that FFmpeg knows, with a warning where that is not the first there is."""
    for number, stream in enumerate(source.streams.audio, start=1):
        if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]  (so for unknown codecs)
            continue
        if number > 1:
            logger.warning("%s: has sound of a kind unknown to FFmpeg; track %d of its sound is taken.", path, number)
        return stream
    logger.warning(
        "%s: its sound is of a kind unknown to FFmpeg and is left out. To have it, convert the sound to AAC.", path
    )
    return None


def _copied(source: InputContainer, stream: AudioStream, target: AudioStream, *, start: float) -> Iterator[TimedPacket]:
    """The packets as they are, moved in time."""
    for packet in source.demux(stream):
        if packet.pts is None or packet.dts is None:
            continue
        shift = round(start / packet.time_base)
        packet.pts -= shift
        packet.dts -= shift
        # One packet before the start stays: decoders need it to get going, and do not play it.
        if packet.pts + (packet.duration or 0) >= 0:
            seconds = float(packet.pts * packet.time_base)
            packet.stream = target
            yield seconds, packet


def _encoded(
    source: InputContainer, stream: AudioStream, target: AudioStream, *, start: float
) -> Iterator[TimedPacket]:
    """The sound decoded and encoded again."""
    for frame in chain(source.decode(stream), [None]):  # None empties the encoder
        if frame is not None:
            if frame.pts is None or frame.time_base is None:
                continue
            frame.pts -= round(start / frame.time_base)
            if frame.pts < 0:
                continue
        for packet in target.encode(frame):
            if packet.pts is not None:
                yield float(packet.pts * packet.time_base), packet


def _until_damaged(packets: Iterator[TimedPacket], *, path: Path) -> Iterator[TimedPacket]:
    """The packets up to damage in the sound, which is no reason to lose the frames already made."""
    try:
        yield from packets
    except av.FFmpegError as error:
        logger.warning("%s: the sound is damaged and ends early in the output (%s).", path, error.strerror)
