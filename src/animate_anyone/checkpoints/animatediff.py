"""Motion modules from AnimateDiff: where stage 2 of training starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from animate_anyone.checkpoints.architecture import temporal_options
from animate_anyone.checkpoints.keymap import Drop, KeyMap, Rename, load_into
from animate_anyone.checkpoints.readers import read_weights
from animate_anyone.errors import CheckpointError
from animate_anyone.models.denoising_unet import DenoisingUNet

MOTION_MODULE_KEYS = KeyMap(
    renames=(Rename(r"^module\.", ""),),
    drops=(Drop(r"(module\.)?animatediff_config", "a description, not a weight"),),
)
NOT_MOTION_MODULES = r"^(?!.*\.motion_modules\.)"
POSITION_TABLE = ".pos_encoder.pe"

MOTION_SETTINGS: Mapping[str, Any] = {
    "use_motion_module": True,
    "num_attention_heads": 8,
}
"""What the weights of the motion modules do not tell by their names and shapes."""


def motion_settings(motion: Mapping[str, Tensor], *, source: str) -> dict[str, Any]:
    """The motion settings, in the words of a published configuration, of weights under our keys.

    Raises:
        CheckpointError: the weights are no motion modules.
    """
    tables = [tensor for key, tensor in motion.items() if key.endswith(POSITION_TABLE)]
    if not tables:
        raise CheckpointError(f"'{source}' holds no motion modules: no key ends in '{POSITION_TABLE}'.")
    return {
        **MOTION_SETTINGS,
        "motion_module_mid_block": any(key.startswith("mid_block.") for key in motion),
        "temporal_position_encoding_max_len": tables[0].shape[-2],
    }


def motion_options(file: str | Path, *, num_stages: int) -> dict[str, Any]:
    """Constructor options of a `DenoisingUNet` whose temporal attention a motion file fits.

    Raises:
        CheckpointError: the file cannot be read, or holds no motion modules.
    """
    tensors = MOTION_MODULE_KEYS.apply(_read(file), source=str(file))
    settings = motion_settings(tensors, source=str(file))
    options = temporal_options(settings, num_stages=num_stages, source=str(file))
    return options | {"temporal_norm_num_groups": 32}  # as in every release, whatever the width


def load_motion_modules(file: str | Path, denoising_unet: DenoisingUNet) -> None:
    """Loads `mm_sd_v15_v2.ckpt` (or a file of the same keys) into the motion modules; all else keeps its values.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite.
        ValueError: the network has no temporal attention to load into.
    """
    if not denoising_unet.config["temporal"]:
        raise ValueError("The denoising UNet was built with temporal=False: it has no motion modules to load.")
    load_into(denoising_unet, _read(file), source=str(file), keymap=MOTION_MODULE_KEYS, keep=NOT_MOTION_MODULES)


def _read(file: str | Path) -> dict[str, Tensor]:
    return read_weights(file, ignore=("animatediff_config",))
