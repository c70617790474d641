"""Files and folders that appear under their final name only when they are complete."""

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from animate_anyone.errors import MediaError


@contextmanager
def complete_file(path: Path) -> Generator[Path, None, None]:
    """A temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    Missing parent folders are made. An existing file is replaced.

    Raises:
        MediaError: The place cannot be written to.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        with reported(path):
            _flush(temporary)
            os.replace(temporary, path)
        _flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_file(path: Path, content: bytes) -> None:
    """Writes a file so that readers see the old content or the new, never a part.

    Raises:
        MediaError: The place cannot be written to.
    """
    with complete_file(path) as temporary, reported(path):
        temporary.write_bytes(content)


@contextmanager
def complete_folder(path: Path) -> Generator[Path, None, None]:
    """A new temporary folder beside `path`, renamed to it when the block ends well and removed when it does not.

    Raises:
        MediaError: The place cannot be written to, or `path` exists and is not an empty folder.
    """
    check_free_folder(path)
    temporary = _temporary(path)
    with reported(path):
        temporary.mkdir()
    try:
        yield temporary
        with reported(path):
            if path.exists():
                path.rmdir()
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def replaced_folder(path: Path) -> Generator[Path, None, None]:
    """As `complete_folder`, but in the place of any old one, and flushed before: for what took long to make.

    Raises:
        MediaError: The place cannot be written to.
    """
    temporary, aside = _temporary(path), _temporary(path)
    with reported(path):
        temporary.mkdir()
    try:
        yield temporary
        with reported(path):
            for file in temporary.rglob("*"):
                if file.is_file():
                    _flush(file)
            # A folder cannot be renamed onto one that is not empty; the old one is moved aside first.
            if path.exists():
                path.rename(aside)
            temporary.rename(path)
        for folder in (*(inside for inside in path.rglob("*") if inside.is_dir()), path, path.parent):
            _flush_folder(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(aside, ignore_errors=True)


def check_free_folder(path: Path) -> None:
    """Refuse a folder that has something in it, since replacing it would delete that.

    Raises:
        MediaError: `path` is a file or a folder that is not empty.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise MediaError(f"{path}: exists already. Give the name of a new or empty folder, or remove this one.")


@contextmanager
def reported(path: Path) -> Generator[None, None, None]:
    """Turn the operating system's refusals within the block into a `MediaError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise MediaError(
            f"{path}: cannot be written ({error.strerror or error}). Check the folder's permissions and the free space."
        ) from error


def _flush(path: Path) -> None:
    """Has the system write a file's content to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """The same for a folder's entries, where the system can: what is in its place is not to fail any more."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _temporary(path: Path) -> Path:
    with reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays, since libraries choose the format by it; the dot hides unfinished work from listings.
    return path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
