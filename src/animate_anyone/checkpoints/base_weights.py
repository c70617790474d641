"""Published weights that training starts from or that models are used with, known by name, and where they are."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from animate_anyone.checkpoints.download import fetch
from animate_anyone.checkpoints.registry import models_home
from animate_anyone.checkpoints.sources import (
    ANIMATEDIFF_V2,
    IMAGE_VARIATIONS_ENCODER,
    SD15_UNET,
    SD_VAE_FT_MSE,
    TAESD,
    Source,
)
from animate_anyone.errors import CheckpointError


@dataclass(frozen=True, kw_only=True)
class BaseWeights:
    """A part of a published model. `place` is the folder or file among those of its source that is to be loaded."""

    name: str
    source: Source
    place: str

    @property
    def path(self) -> Path:
        """Where it is once it is pulled."""
        return models_home() / self.name / self.place


BASE_WEIGHTS: Mapping[str, BaseWeights] = {
    weights.name: weights
    for weights in (
        BaseWeights(name="sd15", source=SD15_UNET, place="unet"),
        BaseWeights(name="sd-vae-ft-mse", source=SD_VAE_FT_MSE, place="sd-vae-ft-mse"),
        BaseWeights(name="sd-image-encoder", source=IMAGE_VARIATIONS_ENCODER, place="image_encoder"),
        BaseWeights(name="animatediff", source=ANIMATEDIFF_V2, place="mm_sd_v15_v2.ckpt"),
        BaseWeights(name="taesd", source=TAESD, place="taesd"),
    )
}


def pull_base_weights(name: str) -> Path:
    """Downloads weights at their pinned revision, checked; they stay in the hub's cache and are linked to.

    Raises:
        CheckpointError: the files cannot be had.
    """
    weights = BASE_WEIGHTS[name]
    if not weights.path.exists():
        home = models_home()
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=f".{name}-") as downloads:
            fetch([weights.source], downloads)
            shutil.copytree(downloads, home / name, symlinks=True, dirs_exist_ok=True)
    return weights.path


def locate_base_weights(name_or_path: str | Path) -> Path:
    """The file or folder of weights given by name or path; a known name comes before a folder of that name.

    Raises:
        CheckpointError: a known name that was not pulled yet.
    """
    weights = BASE_WEIGHTS.get(str(name_or_path))
    if weights is None:
        return Path(name_or_path)
    if not weights.path.exists():
        raise CheckpointError(
            f"The weights '{weights.name}' are not on this machine yet. "
            f"Get them with: animate-anyone weights pull {weights.name}"
        )
    return weights.path
