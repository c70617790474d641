"""Fetching pinned files from the hub or from other addresses, checked against their published hashes."""

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from torch.hub import download_url_to_file

from animate_anyone.checkpoints.sources import HubFile, Source
from animate_anyone.errors import CheckpointError
from animate_anyone.media.atomic import complete_file

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


def fetch_url(url: str, place: Path, *, sha256: str | None) -> None:
    """Downloads a file that is on no hub to a place, where it appears only when it is whole and checked.

    Raises:
        CheckpointError: the file cannot be had, or is not the one that was published.
    """
    with complete_file(place) as temporary:
        try:
            download_url_to_file(url, str(temporary))
        except (OSError, ValueError) as error:
            raise CheckpointError(
                f"{url} could not be downloaded ({error}). Check the network, or put the file at '{place}' yourself."
            ) from error
        if sha256 is not None and (found := sha256_of(temporary)) != sha256:
            raise CheckpointError(
                f"What {url} gave is not the published file: its SHA-256 is {found}, expected {sha256}. "
                "Try again later."
            )


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
