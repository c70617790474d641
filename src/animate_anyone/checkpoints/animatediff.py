"""Motion modules from AnimateDiff: where stage 2 of training starts."""

from pathlib import Path

from animate_anyone.checkpoints.keymap import Drop, KeyMap, Rename, load_into
from animate_anyone.checkpoints.readers import read_weights
from animate_anyone.models.denoising_unet import DenoisingUNet

MOTION_MODULE_KEYS = KeyMap(
    renames=(Rename(r"^module\.", ""),),
    drops=(Drop(r"(module\.)?animatediff_config", "a description, not a weight"),),
)
NOT_MOTION_MODULES = r"^(?!.*\.motion_modules\.)"


def load_motion_modules(file: str | Path, denoising_unet: DenoisingUNet) -> None:
    """Loads `mm_sd_v15_v2.ckpt` (or a file of the same keys) into the motion modules; all else keeps its values.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite.
        ValueError: the network has no temporal attention to load into.
    """
    if not denoising_unet.config["temporal"]:
        raise ValueError("The denoising UNet was built with temporal=False: it has no motion modules to load.")
    tensors = read_weights(file, ignore=("animatediff_config",))
    load_into(denoising_unet, tensors, source=str(file), keymap=MOTION_MODULE_KEYS, keep=NOT_MOTION_MODULES)
