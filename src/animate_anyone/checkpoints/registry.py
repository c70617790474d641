"""Models that are known by name: where they are, how to get them, and how to open any model folder."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from huggingface_hub.utils import validate_repo_id

from animate_anyone.checkpoints.download import fetch
from animate_anyone.checkpoints.notices import Notice, notice_of, save_notices
from animate_anyone.checkpoints.sources import MOORE_SOURCES, Source
from animate_anyone.errors import CheckpointError

if TYPE_CHECKING:
    from animate_anyone.pipeline import AnimateAnyonePipeline

PIPELINE_FILE = "model_index.json"
"""Every model folder has one: diffusers' own."""
MODEL_FILES = ("*.json", "*.safetensors")
"""What a model folder is made of. Nothing else is downloaded of a repository, and no code in particular."""
HOME_VARIABLE = "ANIMATE_ANYONE_HOME"


@dataclass(frozen=True, kw_only=True)
class KnownModel:
    """A model that can be asked for by name: bundled with the package, or put together from hub sources."""

    name: str
    summary: str
    bundled: str | None = None
    """Folder inside the package."""
    sources: tuple[Source, ...] = ()
    caution: str = ""
    """What a user should know before expecting much."""


REGISTRY: Mapping[str, KnownModel] = {
    model.name: model
    for model in (
        KnownModel(
            name="mini",
            summary="a few million parameters, trained on procedural characters; bundled, needs no download",
            bundled="bundled/mini",
            caution=(
                "The model 'mini' was trained on drawn procedural characters only and has seen no photographs; "
                "for photographs use --model moore."
            ),
        ),
        KnownModel(
            name="moore",
            summary="Moore-AnimateAnyone at Stable Diffusion 1.5 size; downloads 10 GB once",
            sources=MOORE_SOURCES,
        ),
    )
}


def pull(name: str) -> Path:
    """Makes a known model available on this machine and returns its folder, ready for `from_pretrained`.

    A model made of published files is downloaded at pinned revisions, checked, converted to safetensors in one folder,
    and kept there. The originals stay in the hub's cache and can be deleted.

    Raises:
        CheckpointError: no such model, or its files cannot be had or loaded.
    """
    model = _known(name)
    folder = model_folder(model)
    if (folder / PIPELINE_FILE).is_file():
        return folder
    if model.bundled is not None:
        raise CheckpointError(f"The model '{name}' is not in this installation ('{folder}'): reinstall the package.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as downloads:
        fetch(model.sources, downloads)
        convert_moore(downloads, folder, notices=[notice_of(source) for source in model.sources])
    return folder


def convert_moore(
    folder: str | Path,
    out: str | Path,
    *,
    stills_only: bool = False,
    dtype: torch.dtype = torch.float32,
    notices: Sequence[Notice] = tuple(notice_of(source) for source in MOORE_SOURCES),
) -> list[Notice]:
    """Imports Moore-AnimateAnyone from a folder and saves it as one folder of safetensors.

    The folder appears under its name only when it is complete.

    Args:
        folder: as `import_moore` takes it.
        out: must not exist, or be an empty folder.
        stills_only: without motion modules, for single pictures.
        dtype: of the saved weights.
        notices: licences to store with the model.

    Returns:
        The notices, to be shown to the user.

    Raises:
        CheckpointError: `out` is in use, or the files cannot be loaded.
    """
    from animate_anyone.checkpoints.moore import import_moore

    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"'{out}' exists already; choose another place for the converted model.")
    pipeline = import_moore(folder, stills_only=stills_only, dtype=dtype)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-"))
    try:
        pipeline.save_pretrained(unfinished, safe_serialization=True)
        save_notices(notices, unfinished)
        unfinished.chmod(0o755)
        if out.exists():
            out.rmdir()
        unfinished.rename(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return list(notices)


def open_pipeline(name_or_path: str | Path, *, dtype: torch.dtype = torch.float32) -> "AnimateAnyonePipeline":
    """Opens a model: a known name that is on this machine, a model folder, or a hub repository of that layout.

    Raises:
        CheckpointError: the model is not there, or is not a whole model folder.
    """
    from animate_anyone.checkpoints.model_folder import check_model_folder
    from animate_anyone.pipeline import AnimateAnyonePipeline

    folder = folder_of(locate(name_or_path))
    check_model_folder(folder)
    try:
        # Without the option diffusers falls back to pickled weights, which were not checked.
        pipeline = AnimateAnyonePipeline.from_pretrained(folder, use_safetensors=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CheckpointError(f"The model '{folder}' could not be opened: {reason}") from error
    return pipeline.to(dtype)


def folder_of(place: Path | str) -> Path:
    """Where a model lies, as `locate` names it: a folder, or a hub repository, which is downloaded if it is not here.

    Raises:
        CheckpointError: the repository cannot be had, or holds no model.
    """
    if isinstance(place, Path):
        return place
    try:
        folder = Path(snapshot_download(place, allow_patterns=list(MODEL_FILES)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise CheckpointError(
            f"There is no folder '{place}', and a hub repository of that name could not be downloaded "
            f"({type(error).__name__}). Check the name and the network."
        ) from error
    if not (folder / PIPELINE_FILE).is_file():
        raise CheckpointError(f"The hub repository '{place}' is no model of ours: it has no {PIPELINE_FILE}.")
    return folder


def locate(name_or_path: str | Path) -> Path | str:
    """The folder of a model by name or path; a hub repository's name is returned as it is.

    Raises:
        CheckpointError: a known model that was not pulled yet, or a folder without a model.
    """
    if isinstance(name_or_path, str) and name_or_path in REGISTRY:
        folder = model_folder(REGISTRY[name_or_path])
        if not (folder / PIPELINE_FILE).is_file():
            raise CheckpointError(
                f"The model '{name_or_path}' is not on this machine yet. "
                f"Get it with: animate-anyone weights pull {name_or_path}"
            )
        return folder
    path = Path(name_or_path)
    if path.is_dir():
        if not (path / PIPELINE_FILE).is_file():
            raise CheckpointError(
                f"'{path}' is no model folder: it has no {PIPELINE_FILE}. "
                "Weights of Moore-AnimateAnyone are imported with: animate-anyone weights import"
            )
        return path
    if isinstance(name_or_path, str) and _names_repository(name_or_path):
        return name_or_path
    raise CheckpointError(
        f"There is no model '{name_or_path}': give a folder, a hub repository ('owner/name') or one of "
        f"{', '.join(REGISTRY)}."
    )


def _names_repository(name: str) -> bool:
    """Whether this could be the name of a hub repository with its owner."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return "/" in name


def model_folder(model: KnownModel) -> Path:
    """Where a known model is, or will be once it is pulled."""
    if model.bundled is not None:
        return Path(__file__).parents[1] / model.bundled
    return models_home() / model.name


def models_home() -> Path:
    """The folder that pulled models and weights are kept in."""
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home) if home else Path.home() / ".cache" / "animate-anyone") / "models"


def _known(name: str) -> KnownModel:
    if name not in REGISTRY:
        raise CheckpointError(f"There is no known model '{name}'; choose one of {', '.join(REGISTRY)}.")
    return REGISTRY[name]
