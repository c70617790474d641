"""Shards: kept clips in a few large tar files, which the library webdataset reads, with an index in the manifest.

A large set is hundreds of thousands of small files, which network disks and object stores are slow to list and copy. In
shards it is some dozens of large ones. A sample is the video as it is, its poses and its entry: `KEY.mp4`,
`KEY.poses.json.gz`, `KEY.json`, the order of samples shuffled by the seed.

Training here asks for clips by number, since a batch has to be a function of the step for a run to resume exactly; a
stream with a shuffle buffer cannot give that. So the manifest says where in which tar each clip lies, and a clip is
read from there: one seek, wherever the shard is mounted. Other programs may stream the same files by webdataset.
"""

import hashlib
import re
import tarfile
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from animate_anyone.data.layouts import Side
from animate_anyone.data.manifest import Entry, Manifest, Place, save_manifest
from animate_anyone.errors import MediaError, MissingExtraError
from animate_anyone.media.atomic import complete_file, reported

SHARDS = "shards"
DEFAULT_BYTES = 10**9
SHARD = re.compile(r"(train|test)-\d{6,}\.tar")
"""Names of shards as they are written here; other archives are left alone."""


def write_shards(manifest: Manifest, folder: Path, *, shard_bytes: int = DEFAULT_BYTES) -> Manifest:
    """Writes the kept clips of a folder as shards, in the place of earlier ones, with an index in the manifest.

    Args:
        manifest: Of the prepared folder.
        folder: The prepared folder.
        shard_bytes: A shard ends with the sample that brings it to this size.

    Raises:
        MissingExtraError: webdataset is not installed.
        MediaError: A clip's file is missing, or the shards cannot be written.
    """
    check_webdataset()
    places: dict[str, Place] = {}
    written: set[Path] = set()
    for side in ("train", "test"):
        for path, entries in _parts(manifest, folder, side, shard_bytes=shard_bytes):
            places |= _write(path, entries, folder)
            written.add(path)
    videos = tuple(entry.model_copy(update={"shard": places.get(entry.key)}) for entry in manifest.videos)
    indexed = manifest.model_copy(update={"videos": videos})
    save_manifest(indexed, folder)
    for old in set((folder / SHARDS).glob("*.tar")) - written:
        if SHARD.fullmatch(old.name):
            old.unlink()
    return indexed


def check_webdataset() -> Any:
    """The module webdataset.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import webdataset
    except ImportError as error:
        raise MissingExtraError("webdataset", extra="shards", purpose="Writing shards") from error
    return webdataset


@contextmanager
def unpacked(folder: Path, place: Place, *, suffix: str) -> Generator[tuple[Path, Path]]:
    """Video and poses of a clip in a shard, as files that are there within the block.

    Raises:
        MediaError: The shard is not there or was cut off.
    """
    with tempfile.TemporaryDirectory(prefix="animate-anyone-") as temporary:
        video, poses = Path(temporary) / f"clip{suffix}", Path(temporary) / "clip.poses.json.gz"
        try:
            with (folder / place.file).open("rb") as shard:
                for path, (offset, length) in ((video, place.video), (poses, place.poses)):
                    shard.seek(offset)
                    content = shard.read(length)
                    if len(content) < length:
                        raise MediaError(
                            f"{folder / place.file}: ends before byte {offset + length}; it is cut off. Copy it again."
                        )
                    path.write_bytes(content)
        except OSError as error:
            raise MediaError(
                f"{folder / place.file}: cannot be read ({error.strerror}). Copy the folder {SHARDS} with it."
            ) from error
        yield video, poses


def _parts(manifest: Manifest, folder: Path, side: Side, *, shard_bytes: int) -> Iterator[tuple[Path, list[Entry]]]:
    """The clips of a side as one list for each shard."""

    def place(entry: Entry) -> str:
        return hashlib.sha256(f"{manifest.settings.seed} {entry.key}".encode()).hexdigest()

    part: list[Entry] = []
    size = number = 0
    for entry in sorted(manifest.kept(side), key=place):
        part.append(entry)
        size += len(_read(folder, entry.poses)) + _path(folder, entry.video).stat().st_size
        if size >= shard_bytes:
            yield folder / SHARDS / f"{side}-{number:06d}.tar", part
            part, size, number = [], 0, number + 1
    if part:
        yield folder / SHARDS / f"{side}-{number:06d}.tar", part


def _write(path: Path, entries: list[Entry], folder: Path) -> dict[str, Place]:
    """Writes a shard; returns where each clip lies in it."""
    with complete_file(path) as temporary:
        # A fixed time of change: the same clips give the same bytes. The default format has no long names.
        with (
            reported(path),
            temporary.open("wb") as file,
            check_webdataset().TarWriter(file, encoder=False, mtime=0.0, format="PAX_FORMAT") as tar,
        ):
            for entry in entries:
                assert entry.video is not None  # as it is kept
                plain = entry.model_copy(update={"shard": None})
                tar.write(
                    {
                        "__key__": entry.key,
                        Path(entry.video).suffix[1:].lower(): _read(folder, entry.video),
                        "poses.json.gz": _read(folder, entry.poses),
                        "json": plain.model_dump_json().encode(),
                    }
                )
        with tarfile.open(temporary) as tar:
            members = {member.name: (member.offset_data, member.size) for member in tar}
    return {
        entry.key: Place(
            file=f"{SHARDS}/{path.name}",
            video=members[f"{entry.key}{Path(entry.video or '').suffix.lower()}"],
            poses=members[f"{entry.key}.poses.json.gz"],
        )
        for entry in entries
    }


def _path(folder: Path, name: str | None) -> Path:
    assert name is not None  # for entries that are kept
    if not (folder / name).is_file():
        raise MediaError(f"{folder / name}: is not there any more. Prepare the videos again.")
    return folder / name


def _read(folder: Path, name: str | None) -> bytes:
    return _path(folder, name).read_bytes()
