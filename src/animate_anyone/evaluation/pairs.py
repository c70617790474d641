"""Results and true videos from anywhere, clip by clip: found, checked against each other, and brought together.

What does not fit is refused, with both numbers, unless an option says how to align it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from animate_anyone.data.footage import REFERENCE, Footage, fingerprint, frames_at, open_footage, pictures
from animate_anyone.data.layouts import SUFFIXES
from animate_anyone.errors import ConfigError, MediaError
from animate_anyone.evaluation.clip_sets import Known, Picture, TrueClip
from animate_anyone.media.image import load_image
from animate_anyone.media.size import Size
from animate_anyone.metrics.frames import Frames
from animate_anyone.pose.file import POSE_FILE_SUFFIXES, load_poses
from animate_anyone.pose.skeleton import PoseSequence

RESULT = "result"
REFERENCE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
FOLDER_RATE = 30.0
"""Frames a second that folders of pictures count as, where neither side has a rate of its own."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """What is done where the sides differ; nothing by default, and they are refused.

    Attributes:
        length: "shortest": both are cut after the frames of the shorter one.
        size: "truth": results are scaled to the size of the true video (Lanczos).
        rate: "truth": results are shown at the true video's rate, by leaving out or repeating frames.
        names: "common": clips that are on one side only are left out.
    """

    length: Literal["refuse", "shortest"] = "refuse"
    size: Literal["refuse", "truth"] = "refuse"
    rate: Literal["refuse", "truth"] = "refuse"
    names: Literal["refuse", "common"] = "refuse"


REFUSE = Alignment()
"""Whatever differs is refused."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A clip on both sides."""

    name: str
    result: Footage
    truth: Footage
    reference: Path | None = None
    poses: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Clips on both sides, at least one, and what is done where the sides differ.

    Attributes:
        clips: In the order of their names.
        alignment: What is done.
        left_out: Names of clips that are on one side only.
        assumed_fps: The rate that pictures count as, where neither side says one; None if it is known.
    """

    clips: tuple[Pair, ...]
    alignment: Alignment = REFUSE
    left_out: tuple[str, ...] = ()
    assumed_fps: float | None = None

    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers must know; an option that had nothing to do is named as well."""
        cut = sum(len(_numbers(pair, self.alignment)) != pair.truth.num_frames for pair in self.clips)
        scaled = sum(pair.result.size != pair.truth.size for pair in self.clips)
        shown = sum(not _same_rate(pair) for pair in self.clips)
        total = len(self.clips)
        notes: list[str] = []
        if self.alignment.length == "shortest":
            notes.append(f"--length shortest: {cut} of {total} clips were cut to the shorter of the two videos.")
        if self.alignment.size == "truth":
            notes.append(f"--size truth: {scaled} of {total} results were scaled to the size of their truth (Lanczos).")
        if self.alignment.rate == "truth":
            notes.append(f"--rate truth: {shown} of {total} results were brought to the rate of their truth.")
        if self.alignment.names == "common":
            names = ", ".join(self.left_out) or "none"
            notes.append(f"--names common: clips left out, since they are on one side only: {names}.")
        if self.assumed_fps is not None:
            notes.append(f"Pictures count as {self.assumed_fps:g} frames a second, since no rate was given (--fps).")
        return tuple(notes)


@dataclass(frozen=True)
class PairSet:
    """Pairs as a test set; `PairVideos` has their results."""

    pairs: Pairs

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(pair.name for pair in self.pairs.clips)

    @property
    def known(self) -> frozenset[Known]:
        first = self.pairs.clips[0]
        found: dict[Known, Path | None] = {"reference": first.reference, "poses": first.poses}
        return frozenset(name for name, path in found.items() if path is not None)

    def clip(self, index: int) -> TrueClip:
        pair = self.pairs.clips[index]
        length = min(len(_numbers(pair, self.pairs.alignment)), pair.truth.num_frames)
        frames = np.stack(list(islice(pair.truth.frames(), length)))
        return TrueClip(
            name=pair.name,
            frames=frames,
            fps=pair.truth.fps,
            reference=None if pair.reference is None else _reference(pair.reference, frames),
            poses=None if pair.poses is None else _poses(pair.poses, pair.truth).frames(slice(length)),
        )

    def hashes(self) -> dict[str, str]:
        clips = self.pairs.clips
        hashes = {"true videos": _hash((pair.name, pair.truth) for pair in clips)}
        if "reference" in self.known:
            hashes["references"] = _hash((pair.name, pair.reference) for pair in clips)
        if "poses" in self.known:
            hashes["poses"] = _hash((pair.name, pair.poses) for pair in clips)
        return hashes


@dataclass(frozen=True)
class PairVideos:
    """The results of pairs; the table has one row of them."""

    pairs: Pairs
    title: str

    @property
    def rows(self) -> Mapping[str, str]:
        return {RESULT: self.title}

    @cached_property
    def _by_name(self) -> dict[str, Pair]:
        return {pair.name: pair for pair in self.pairs.clips}

    def video(self, row: str, clip: TrueClip) -> Frames:
        pair = self._by_name[clip.name]
        numbers = _numbers(pair, self.pairs.alignment)[: len(clip.frames)]
        kept: dict[int, Picture] = {}
        wanted = set(numbers)
        for number, frame in enumerate(islice(pair.result.frames(), max(wanted) + 1)):
            if number in wanted:
                kept[number] = _scaled(frame, clip.frames.shape[1:3])
        return np.stack([kept[number] for number in numbers])

    def hashes(self) -> dict[str, str]:
        """SHA-256 of all results."""
        return {"results": _hash((pair.name, pair.result) for pair in self.pairs.clips)}


def find_pairs(
    results: Path,
    truths: Path,
    *,
    alignment: Alignment = REFUSE,
    references: Path | None = None,
    poses: Path | None = None,
    fps: float | None = None,
) -> Pairs:
    """The clips of two videos, of two folders of pictures, or of two folders of those, paired by name.

    Args:
        results: What a system made.
        truths: The true videos.
        alignment: What is done where they differ.
        references: Picture of the character; for several clips a folder with a picture for each, by name. By default
            the picture called `reference` in the true clips' folders, if all have one.
        poses: Pose file of the true video; for several clips a folder with a file for each. By default those called
            `poses` in the true clips' folders.
        fps: Frames a second of folders of pictures; by default those of the other side.

    Raises:
        MediaError: Something cannot be read.
        ConfigError: The sides do not fit, and `alignment` does not say what to do.
    """
    ours, theirs = _clips(results), _clips(truths)
    # Of two clips that are named one by one, no name says whether they belong together.
    if len(ours) == len(theirs) == 1 and (results in ours.values() or truths in theirs.values()):
        single: set[str] = set()
        names = {next(iter(theirs)): (next(iter(ours.values())), next(iter(theirs.values())))}
    else:
        single = ours.keys() ^ theirs.keys()
        if single and (alignment.names == "refuse" or not ours.keys() & theirs.keys()):
            raise ConfigError(
                f"{results} holds {len(ours)} clips and {truths} holds {len(theirs)}; on one side only: "
                f"{_some(sorted(single))}. Name results like their true videos, or leave those out (--names common)."
            )
        names = {name: (ours[name], theirs[name]) for name in sorted(ours.keys() & theirs.keys())}
    folders = [path.is_dir() for paths in names.values() for path in paths]
    if fps is not None and not any(folders):
        raise ConfigError(f"--fps {fps:g} is the rate of folders of pictures, and there are none here. Leave it out.")
    several = len(names) > 1
    with_reference = _within(names, REFERENCE, REFERENCE_SUFFIXES)
    with_poses = _within(names, "poses", POSE_FILE_SUFFIXES)
    clips = tuple(
        Pair(
            name=name,
            result=footage[0],
            truth=footage[1],
            reference=_beside(references, name, REFERENCE_SUFFIXES, several=several) or with_reference.get(name),
            poses=_beside(poses, name, POSE_FILE_SUFFIXES, several=several) or with_poses.get(name),
        )
        for name, paths in names.items()
        for footage in [_both(*paths, fps=fps)]
    )
    problems = [f"  {pair.name}: {problem}" for pair in clips for problem in _problems(pair, alignment)]
    if problems:
        raise ConfigError("Results and true videos do not fit:\n" + _lines(problems))
    assumed = fps is None and any(result.is_dir() and truth.is_dir() for result, truth in names.values())
    return Pairs(
        clips=clips,
        alignment=alignment,
        left_out=tuple(sorted(single)),
        assumed_fps=FOLDER_RATE if assumed else None,
    )


def _clips(place: Path) -> dict[str, Path]:
    """The clips at a place by name: a video, a folder of pictures, or a folder of videos and such folders."""
    if not place.is_dir():
        return {place.stem: place}
    inside = [path for path in sorted(place.iterdir()) if not path.name.startswith(".") and _is_clip(path)]
    if pictures(place):
        if inside:
            raise ConfigError(
                f"{place} holds pictures, such as {pictures(place)[0].name}, beside clips, such as {inside[0].name}. "
                "Give a folder of the one or of the other."
            )
        return {place.resolve().name: place}
    found: dict[str, Path] = {}
    for path in inside:
        name = path.name if path.is_dir() else path.stem
        if name in found:
            raise ConfigError(f"{place} holds two clips named '{name}': {found[name].name} and {path.name}.")
        found[name] = path
    if not found:
        raise MediaError(f"{place}: holds no videos and no folders of pictures.")
    return found


def _is_clip(path: Path) -> bool:
    return bool(pictures(path)) if path.is_dir() else path.suffix.lower() in SUFFIXES


def _both(result: Path, truth: Path, *, fps: float | None) -> tuple[Footage, Footage]:
    """Both sides. A folder of pictures has the rate that is given, or that of the other side."""
    ours, theirs = (open_footage(path, fps=fps or FOLDER_RATE) for path in (result, truth))
    if fps is None and result.is_dir() != truth.is_dir():
        if result.is_dir():
            ours = replace(ours, fps=theirs.fps)
        else:
            theirs = replace(theirs, fps=ours.fps)
    return ours, theirs


def _problems(pair: Pair, alignment: Alignment) -> Sequence[str]:
    ours, theirs = pair.result, pair.truth
    problems: list[str] = []
    if ours.size != theirs.size and alignment.size == "refuse":
        problems.append(f"the result is {ours.size}, the true video {theirs.size} (--size truth scales the result)")
    if not _same_rate(pair) and alignment.rate == "refuse":
        problems.append(
            f"the result has {ours.fps:g} frames a second, the true video {theirs.fps:g} (--rate truth brings the "
            "result to that of the truth)"
        )
    else:
        length = len(_numbers(pair, alignment))
        if length != theirs.num_frames and alignment.length == "refuse":
            problems.append(
                f"the result has {length} frames, the true video {theirs.num_frames} (--length shortest cuts the other)"
            )
    return problems


def _same_rate(pair: Pair) -> bool:
    return abs(pair.result.fps - pair.truth.fps) <= 1e-3


def _numbers(pair: Pair, alignment: Alignment) -> list[int]:
    """The frames of the result that are shown, in order."""
    wanted = pair.truth.fps if alignment.rate == "truth" else None
    return frames_at(pair.result.num_frames, fps=pair.result.fps, wanted=wanted)


def _scaled(frame: Picture, shape: tuple[int, ...]) -> Picture:
    if frame.shape[:2] == shape:
        return frame
    size = (shape[1], shape[0])
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def _beside(place: Path | None, name: str, suffixes: tuple[str, ...], *, several: bool) -> Path | None:
    """What belongs to a clip: the file that was given, or the one of its name in the folder that was."""
    if place is None:
        return None
    if not place.is_dir():
        if several:
            raise ConfigError(f"{place} is one file, but there are several clips. Give a folder with a file for each.")
        return place
    for suffix in suffixes:
        if (path := place / f"{name}{suffix}").is_file():
            return path
    raise ConfigError(f"{place} holds no file for the clip {name}: expected {name} with {' or '.join(suffixes)}.")


def _within(names: Mapping[str, tuple[Path, Path]], stem: str, suffixes: tuple[str, ...]) -> Mapping[str, Path]:
    """A file of each true clip that lies in its folder, as in ProcChar-100; nothing if one has none."""
    places = {name: [truth / f"{stem}{suffix}" for suffix in suffixes] for name, (_, truth) in names.items()}
    found = {name: next((path for path in paths if path.is_file()), None) for name, paths in places.items()}
    return {name: path for name, path in found.items() if path is not None and None not in found.values()}


def _reference(path: Path, frames: Frames) -> Picture:
    image = load_image(path)
    if (image.height, image.width) != frames.shape[1:3]:
        raise ConfigError(
            f"{path}: the reference is {image.width}x{image.height}, and the frames are "
            f"{frames.shape[2]}x{frames.shape[1]}. Bring it into their framing and size first."
        )
    return np.asarray(image)


def _poses(path: Path, truth: Footage) -> PoseSequence:
    poses = load_poses(path)
    if len(poses) != truth.num_frames or Size(poses.width, poses.height) != truth.size:
        raise ConfigError(
            f"{path}: holds {len(poses)} poses on {poses.width}x{poses.height}; the true video has "
            f"{truth.num_frames} frames of {truth.size}. Give the poses of that video."
        )
    return poses


def _hash(files: Iterable[tuple[str, Footage | Path | None]]) -> str:
    """SHA-256 of files and folders of pictures, with the clips they are of."""
    digest = hashlib.sha256()
    for name, file in files:
        path = file.path if isinstance(file, Footage) else file
        assert path is not None  # of what is known of the first clip, all have one
        rate = f" at {file.fps:g}" if isinstance(file, Footage) else ""
        digest.update(f"{name} {fingerprint(path)[1]}{rate}\n".encode())
    return digest.hexdigest()


def _some(names: Sequence[str], *, most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _lines(lines: Sequence[str], *, most: int = 10) -> str:
    return "\n".join([*lines[:most], *([f"  and {len(lines) - most} more"] if len(lines) > most else [])])
