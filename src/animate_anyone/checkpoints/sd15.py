"""Both UNets from Stable Diffusion 1.5 (or its image variations): where training starts."""

import json
from pathlib import Path
from typing import Any

import torch

from animate_anyone.checkpoints.architecture import SD15_UNET_CONFIG, unet_options
from animate_anyone.checkpoints.keymap import Drop, KeyMap, load_into
from animate_anyone.checkpoints.readers import find_weights, read_weights
from animate_anyone.errors import CheckpointError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_net import ReferenceNet

REFERENCE_NET_KEYS = KeyMap(
    drops=(
        Drop(r"conv_norm_out\.(weight|bias)", "the ReferenceNet hands out tokens and has no head"),
        Drop(r"conv_out\.(weight|bias)", "the ReferenceNet hands out tokens and has no head"),
    )
)
MOTION_MODULES = r"\.motion_modules\."


def open_sd15(unet: str | Path) -> tuple[ReferenceNet, DenoisingUNet]:
    """Both networks of the size of a published UNet and with its weights; the second without temporal attention.

    Args:
        unet: a diffusers `unet/` folder, or a weight file. A file without `config.json` beside it is taken for one of
            Stable Diffusion 1.5's size.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite, or the network is of another
            kind.
    """
    unet = Path(unet)
    config: Any = SD15_UNET_CONFIG
    config_file = (unet if unet.is_dir() else unet.parent) / "config.json"
    if config_file.is_file():
        try:
            config = json.loads(config_file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CheckpointError(f"'{config_file}' is not valid JSON: {error}.") from error
    options = unet_options(config, source=str(config_file))
    with torch.device("meta"):
        denoising_unet = DenoisingUNet(**options, temporal=False)
        options.pop("out_channels", None)
        reference_net = ReferenceNet(**options)
    init_from_sd15(unet, denoising_unet=denoising_unet, reference_net=reference_net)
    return reference_net, denoising_unet


def init_from_sd15(unet: str | Path, *, denoising_unet: DenoisingUNet, reference_net: ReferenceNet) -> None:
    """Loads a diffusers SD 1.5 `unet/` folder, or its weight file, into both networks.

    Motion modules keep their initial values. The networks get tensors of their own, so that training one does not
    change the other.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite.
    """
    unet = Path(unet)
    file = find_weights(unet, "diffusion_pytorch_model") if unet.is_dir() else unet
    tensors = read_weights(file)
    load_into(denoising_unet, tensors, source=str(file), keep=MOTION_MODULES)
    own = {key: tensor.clone() for key, tensor in tensors.items()}
    load_into(reference_net, own, source=str(file), keymap=REFERENCE_NET_KEYS)
