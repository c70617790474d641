"""Fetching pinned files from the hub, checked against their published hashes."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from animate_anyone.checkpoints.sources import HubFile, Source
from animate_anyone.errors import CheckpointError

CHUNK = 1 << 24


def fetch(sources: Iterable[Source], folder: str | Path) -> None:
    """Puts the files of the sources into a folder. Downloads are kept in, and taken from, the hub's own cache.

    Raises:
        CheckpointError: a file cannot be had, or is not the one that was published.
    """
    for source in sources:
        for file in source.files:
            place = Path(folder) / file.saved_as
            place.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(_download(source, file), place)


def _download(source: Source, file: HubFile) -> Path:
    try:
        path = Path(hf_hub_download(source.repo, file.path, revision=source.revision))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"'{file.path}' of {source.repo} could not be downloaded ({type(error).__name__}). Check the network, or "
            f"put the files of {source.url} into a folder yourself and import that."
        ) from error
    if file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        raise CheckpointError(
            f"'{path}' is not the published '{file.path}' of {source.repo}: its SHA-256 is {found}, expected "
            f"{file.sha256}. Delete it and try again."
        )
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _link_or_copy(path: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    try:
        place.symlink_to(path.resolve())
    except OSError:  # a file system without links
        shutil.copyfile(path, place)
