"""How published sets of videos lie on disk: which videos there are, and on which side of the split each of them is."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from animate_anyone.errors import MediaError

Layout = Literal["ubc", "tiktok", "free"]
Side = Literal["train", "test"]

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif", ".webp")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")

UBC_LISTS: dict[str, Side] = {"fashion_train.txt": "train", "fashion_test.txt": "test"}
"""Lists that come with UBC Fashion: an address or a name a line, the last part of which is the video's name."""

TIKTOK_FPS = 30.0
"""The TikTok dataset holds frames, taken at this rate."""
TIKTOK_TEST = frozenset(range(335, 341))
"""Sequences of the TikTok dataset that MagicAnimate (arXiv 2311.16498) and later papers test on."""

PART = re.compile(r"[-_ .](clip|part|scene|shot)[-_ .]?\d+$", re.IGNORECASE)
"""The end of a name that says which part of a longer video this is."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One video of a set.

    Attributes:
        source: Path of the video file, or of a folder of pictures, relative to the set's folder, with slashes.
        group: What it has in common with other videos of the same source or person. A group is never split.
        side: The side of the split.
        fps: Frames a second of a folder of pictures; None for a video file, which knows its own.
    """

    source: str
    group: str
    side: Side
    fps: float | None = None

    @property
    def key(self) -> str:
        """The name under which its files are kept: of letters, digits, `_`, `-` and slashes, one for each source.

        Nothing but the source decides it, and no dot is in it: in shards a name ends at its first dot.
        """
        name = self.source.removesuffix(".mp4").removesuffix("/images")
        plain = re.sub(r"[^A-Za-z0-9_/-]", "_", name)
        if self.source in (f"{plain}.mp4", f"{plain}/images"):
            return plain
        return f"{plain}-{_hash(self.source)[:8]}"


@dataclass(frozen=True, kw_only=True)
class Split:
    """How videos are shared out where the set does not say.

    Attributes:
        seed: Another seed gives another split.
        test_share: Part of the groups of a free layout that is kept for the test, about.
        tiktok_test: Sequences of the TikTok dataset that are kept for the test.
    """

    seed: int = 0
    test_share: float = 0.1
    tiktok_test: frozenset[int] = TIKTOK_TEST

    def side_of(self, group: str) -> Side:
        """The side of a group, whatever other groups there are: new videos never move old ones."""
        place = int(_hash(f"{self.seed}/{group}")[:13], 16) / 16**13
        return "test" if place < self.test_share else "train"


def recognise(folder: Path) -> Layout:
    """The layout of a folder, by the names in it."""
    if any(True for _ in _tiktok_sequences(folder)):
        return "tiktok"
    if all((folder / name).is_file() for name in UBC_LISTS) or all(
        any((folder / side).glob("*.mp4")) for side in ("train", "test")
    ):
        return "ubc"
    return "free"


def list_items(folder: Path, layout: Layout, split: Split, *, skip: Path) -> list[Item]:
    """The videos of a set, in alphabetical order.

    Args:
        folder: Where the set lies.
        layout: How.
        split: For what the layout leaves open.
        skip: A folder that is not looked into: where the results go.

    Raises:
        MediaError: No such folder, no videos in it, or it is not of this layout.
    """
    if not folder.is_dir():
        raise MediaError(f"{folder}: not a folder. Give a folder that holds videos ({', '.join(SUFFIXES)}).")
    match layout:
        case "ubc":
            items = _ubc(folder, skip=skip)
        case "tiktok":
            items = _tiktok(folder, split)
        case "free":
            items = [
                Item(source=source, group=group_of(source), side=split.side_of(group_of(source)))
                for source in _videos(folder, skip=skip)
            ]
    if not items:
        expected = "folders NUMBER/images" if layout == "tiktok" else f"files that end in {', '.join(SUFFIXES)}"
        raise MediaError(f"{folder}: holds no video. Expected {expected} for the layout '{layout}'.")
    return items


def group_of(source: str) -> str:
    """What tells a video's origin in a free layout: its folder, or at the top its name without the part's number."""
    path = PurePosixPath(source)
    return PART.sub("", path.stem) if str(path.parent) == "." else f"{path.parent}/"


def _ubc(folder: Path, *, skip: Path) -> list[Item]:
    listed: dict[str, Side] = {}
    for name, side in UBC_LISTS.items():
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").split()
            listed |= {PurePosixPath(line).stem: side for line in lines}
    items: list[Item] = []
    for source in _videos(folder, skip=skip):
        path = PurePosixPath(source)
        first = path.parts[0]
        side = first if first in ("train", "test") else listed.get(path.stem)
        if side is None:
            raise MediaError(
                f"{folder}: {source} is neither in train/ or test/ nor in {' or '.join(UBC_LISTS)}, as UBC Fashion's "
                "videos are. Use the layout 'free' to share out the videos anew."
            )
        items.append(Item(source=source, group=path.stem, side=side))
    return items


def _tiktok(folder: Path, split: Split) -> list[Item]:
    return [
        Item(
            source=f"{sequence.relative_to(folder).as_posix()}/images",
            group=sequence.name,
            side="test" if int(sequence.name) in split.tiktok_test else "train",
            fps=TIKTOK_FPS,
        )
        for sequence in sorted(_tiktok_sequences(folder))
    ]


def _tiktok_sequences(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / "TikTok_dataset"):
        if place.is_dir():
            yield from (path for path in place.iterdir() if path.name.isdigit() and (path / "images").is_dir())


def _videos(folder: Path, *, skip: Path) -> list[str]:
    found: list[str] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [
            name for name in folders if not name.startswith(".") and (here / name).resolve() != skip.resolve()
        ]
        found += [
            (here / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".") and name.lower().endswith(SUFFIXES)
        ]
    return sorted(found)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
