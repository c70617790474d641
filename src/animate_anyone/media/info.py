"""What is known of a video before its frames are decoded."""

from dataclasses import dataclass

from animate_anyone.media.size import Size
from animate_anyone.media.timing import Timing


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """A video as `read_frames` yields it: upright, with square pixels, at a constant rate.

    `num_frames` and `fps` are found from the frames' timestamps, never taken from the file's header alone.
    """

    size: Size
    timing: Timing
    has_audio: bool

    @property
    def fps(self) -> float:
        return self.timing.fps

    @property
    def num_frames(self) -> int:
        return self.timing.num_frames

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.num_frames / self.fps
