"""The manifest of a prepared set: what is known of every video, on which side it is, and why it was left out."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from animate_anyone.data.layouts import Layout, Side
from animate_anyone.errors import MediaError
from animate_anyone.media.atomic import write_file

MANIFEST = "manifest.json"
VERSION = 1


class Values(BaseModel):
    """Base of all parts: unknown fields are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Making(Values):
    """What decides how a clip's files look: with other values they are made anew."""

    detector: str
    fps: float | None
    """None: the video's own."""
    size: tuple[int, int] | None
    """Width and height of the box that frames are scaled down into; None: as they are."""


class Limits(Values):
    """What a clip must be like to be learnt from."""

    min_frames: int = 24
    min_person: float = 0.25
    """Least height of the person as a part of the picture's height (or width of its width, if that is more)."""
    tolerance: float = 0.1
    """Largest part of the frames that may show nobody, and that may show several people."""


class Measured(Values):
    """What was found in a clip. The shares are None where nobody was looked for, since the clip is too short."""

    frames: int
    fps: float
    width: int
    height: int
    person_share: float | None = None
    """Median over the frames, as in `Limits.min_person`."""
    nobody_share: float | None = None
    """Part of the frames without a person."""
    several_share: float | None = None
    """Part of the frames with several people; None also where the poses were given."""


class Place(Values):
    """Where a clip lies in a shard: the file, and offset and length in bytes of its two parts."""

    file: str
    video: tuple[int, int]
    poses: tuple[int, int]


class Entry(Values):
    """One video of the set. Paths are relative to the manifest's folder, except `source`, to the set's."""

    key: str
    source: str
    bytes: int
    sha256: str
    group: str
    split: Side
    kept: bool
    reason: str | None
    """Why it was left out."""
    measured: Measured | None
    """None: it cannot be read."""
    video: str | None = None
    poses: str | None = None
    poses_sha256: str | None = None
    shard: Place | None = None


class Settings(Values):
    """What the set was prepared with."""

    making: Making
    limits: Limits
    seed: int
    test_share: float
    tiktok_test: tuple[int, ...]


class Manifest(Values):
    """A prepared set."""

    format: Literal["animate-anyone/prepared"] = "animate-anyone/prepared"
    version: Literal[1] = VERSION
    package: str
    """Version of this package."""
    layout: Layout
    folder: str
    """Where the set lies, relative to the manifest's folder."""
    settings: Settings
    videos: tuple[Entry, ...]

    def kept(self, side: Side) -> list[Entry]:
        """The clips of a side to learn from or to test on."""
        return [entry for entry in self.videos if entry.kept and entry.split == side]


def save_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes the manifest, and the kept videos of each side as `train.txt` and `test.txt`.

    Raises:
        MediaError: The place cannot be written to.
    """
    for side in ("train", "test"):
        write_file(folder / f"{side}.txt", "".join(f"{entry.video}\n" for entry in manifest.kept(side)).encode())
    write_file(folder / MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())


def load_manifest(folder: Path) -> Manifest:
    """Reads and checks the manifest of a folder.

    Raises:
        MediaError: There is none, or it is not of this format; the first wrong field is named.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise MediaError(
            f"{path}: cannot be read ({error.strerror}). Prepare a folder of videos first: "
            f"animate-anyone data prepare VIDEOS -o {folder}"
        ) from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "the document"
        raise MediaError(
            f"{path}: is wrong at {field}: {problem['msg']}. Prepare the videos again with this version."
        ) from error
