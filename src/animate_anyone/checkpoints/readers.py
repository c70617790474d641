"""Reading weight files: safetensors, and PyTorch files without ever running code from them."""

import pickle
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from animate_anyone.errors import CheckpointError

SAFETENSORS_SUFFIX = ".safetensors"
PICKLE_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt")


def read_weights(path: str | Path, *, ignore: Collection[str] = ()) -> dict[str, Tensor]:
    """Reads a file of named tensors. They are mapped into memory, not copied, where the format allows it.

    PyTorch's pickled files are read with the loader that builds tensors and plain containers and nothing else. A file
    that asks for more is refused; there is no way to load it all the same.

    Args:
        path: a `.safetensors` file, or a PyTorch file (`.pth`, `.pt`, `.bin`, `.ckpt`).
        ignore: names of entries that are known to be no tensors, such as a training configuration.

    Raises:
        CheckpointError: the file is absent, of another kind, damaged, not to be trusted, or not a table of tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no weight file '{path}'.")
    if path.suffix == SAFETENSORS_SUFFIX:
        return _read_safetensors(path)
    if path.suffix in PICKLE_SUFFIXES:
        return _as_tensors(_read_pickle(path), path, ignore)
    raise CheckpointError(
        f"'{path.name}' is not a weight file that can be read: expected {SAFETENSORS_SUFFIX} or one of "
        f"{', '.join(PICKLE_SUFFIXES)}, got '{path.suffix or 'no suffix'}'."
    )


def find_weights(folder: Path, stem: str, *, other_stems: Collection[str] = ()) -> Path:
    """The weight file called `stem` in a folder, safetensors before PyTorch's own formats.

    Raises:
        CheckpointError: no such file, with the names that were looked for.
    """
    for suffix in (SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES):
        for name in (stem, *other_stems):
            if (folder / f"{name}{suffix}").is_file():
                return folder / f"{name}{suffix}"
    names = " or ".join(f"'{name}.*'" for name in (stem, *other_stems))
    suffixes = ", ".join((SAFETENSORS_SUFFIX, *PICKLE_SUFFIXES))
    raise CheckpointError(f"No weights in '{folder}': expected {names} with one of the suffixes {suffixes}.")


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"'{path}' is not a whole safetensors file ({error}). It is probably cut short: download it again."
        ) from error


def _read_pickle(path: Path) -> Any:
    # Files from before PyTorch 1.6 are no zip archives and cannot be memory-mapped.
    mmap = zipfile.is_zipfile(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"'{path}' was refused: it holds more than tensors and plain containers, so reading it could run code, or "
            f"it is damaged ({_first_line(error)}). Use a safetensors version of these weights."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"'{path}' is not a whole PyTorch weight file ({_first_line(error)}). Download it again."
        ) from error


def _as_tensors(content: Any, path: Path, ignore: Collection[str]) -> dict[str, Tensor]:
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"'{path}' holds no table of named tensors but {type(content).__name__}.")
    entries = {str(name): value for name, value in content.items() if name not in ignore}
    strange = [name for name, value in entries.items() if not isinstance(value, Tensor)]
    if strange:
        raise CheckpointError(
            f"'{path}' holds {len(strange)} entries that are no tensors: {strange[0]!r} is of type "
            f"{type(entries[strange[0]]).__name__}. Expected a state dict of the model alone."
        )
    return entries


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
