"""Protocols: what is tested on, at which size, rate and length, and with which measures. Data, one file each."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from animate_anyone.config_file import Values, parse, read_values
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.document import ProtocolRecord
from animate_anyone.media.size import Size

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class FrameRule(Values):
    """How frames are: RGB of 8 bits, values 0 to 255, `width` x `height`, at `fps` (None: each video's own).

    `num_frames` is what every clip has; None: all that its video has.
    """

    width: Annotated[int, Field(ge=16)]
    height: Annotated[int, Field(ge=16)]
    fps: Positive | None = None
    num_frames: Count | None = None

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


class VideoSamples(Values):
    """What networks that look at videos are shown of a clip: `length` frames at `fps`, from every `step`th frame on."""

    length: Annotated[int, Field(ge=9)]  # I3D cannot look at less
    step: Count
    fps: Positive | None = None
    """None: that of the clip."""


class Protocol(Values):
    """A protocol, as in `protocols/*.toml`."""

    name: str
    version: Count
    title: str
    clips: str
    """Which clips, in words."""
    source: Literal["procchar", "prepared"]
    """Drawn anew, or the test side of a folder that `data prepare` wrote."""
    num_clips: Count | None = None
    """How many the test list has; None where it is not laid down."""
    reference: str
    """Which picture the character is taken from, in words."""
    frames: FrameRule
    videos: VideoSamples
    measures: Annotated[tuple[str, ...], Field(min_length=1)]
    published: tuple[str, ...] = ()
    """Tables of published numbers that are taken on the same set."""

    def record(self) -> ProtocolRecord:
        """What a report says of it."""
        frames, videos = self.frames, self.videos
        own = "each video's own"
        facts = {
            "clips": self.clips + ("" if self.num_clips is None else f" ({self.num_clips})"),
            "reference": self.reference,
            "frame size": str(frames.size),
            "frame rate": own if frames.fps is None else f"{frames.fps:g} a second",
            "frames of a clip": "all" if frames.num_frames is None else str(frames.num_frames),
            "colours": "RGB, 8 bits, 0 to 255",
            "samples of video networks": f"{videos.length} frames "
            + ("at the clip's rate" if videos.fps is None else f"at {videos.fps:g} a second")
            + f", starting at every {_ordinal(videos.step)}frame",
        }
        return ProtocolRecord(name=self.name, version=self.version, title=self.title, facts=facts)


def _ordinal(step: int) -> str:
    return "" if step == 1 else f"{step}th "


def known_protocols() -> tuple[str, ...]:
    """The names of the protocols in this package."""
    folder = files("animate_anyone.evaluation").joinpath("protocols")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_protocol(name: str) -> Protocol:
    """A protocol of this package by its name, or any by the path of its file.

    Raises:
        ConfigError: There is none of that name, or the file is not a protocol, or has the name of another.
    """
    if name in known_protocols():
        return _read(Path(str(files("animate_anyone.evaluation").joinpath("protocols", f"{name}.toml"))))
    if not name.endswith(".toml"):
        raise ConfigError(
            f"There is no protocol '{name}'. Give the path of a .toml file, or one of {', '.join(known_protocols())}."
        )
    protocol = _read(Path(name))
    # Reports and tables tell protocols apart by their names.
    if protocol.name in known_protocols() and protocol != load_protocol(protocol.name):
        raise ConfigError(
            f"The protocol {name} is called '{protocol.name}', and is not the known one of that name. Give it a name "
            "of its own."
        )
    return protocol


def _read(path: Path) -> Protocol:
    return parse(Protocol, read_values(path), title=f"protocol {path}")
