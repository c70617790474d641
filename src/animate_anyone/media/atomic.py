"""Files and folders that appear under their final name only when they are complete."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from animate_anyone.errors import MediaError


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    Missing parent folders are made. An existing file is replaced.

    Raises:
        MediaError: The place cannot be written to, or writing failed, for instance because the disk is full.
    """
    with _renamed(path) as temporary:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())


@contextmanager
def complete_folder(path: Path) -> Iterator[Path]:
    """A new temporary folder beside `path`, renamed to it when the block ends well and removed when it does not.

    Raises:
        MediaError: As for `complete_file`, or `path` exists and is not an empty folder.
    """
    check_free_folder(path)
    with _renamed(path) as temporary:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rmdir()


def check_free_folder(path: Path) -> None:
    """Refuse a folder that has something in it, since replacing it would delete that.

    Raises:
        MediaError: `path` is a file or a folder that is not empty.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise MediaError(f"{path}: exists already. Give the name of a new or empty folder, or remove this one.")


@contextmanager
def _renamed(path: Path) -> Iterator[Path]:
    # The suffix stays, since libraries choose the format by it; the dot hides unfinished work from listings.
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise MediaError(
            f"{path}: cannot be written ({error.strerror or error}). Check the folder's permissions and the free space."
        ) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)
