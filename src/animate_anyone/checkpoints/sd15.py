"""Both UNets from Stable Diffusion 1.5 (or its image variations): where training starts."""

from pathlib import Path

from animate_anyone.checkpoints.keymap import Drop, KeyMap, load_into
from animate_anyone.checkpoints.readers import find_weights, read_weights
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_net import ReferenceNet

REFERENCE_NET_KEYS = KeyMap(
    drops=(
        Drop(r"conv_norm_out\.(weight|bias)", "the ReferenceNet hands out tokens and has no head"),
        Drop(r"conv_out\.(weight|bias)", "the ReferenceNet hands out tokens and has no head"),
    )
)
MOTION_MODULES = r"\.motion_modules\."


def init_from_sd15(unet_folder: str | Path, *, denoising_unet: DenoisingUNet, reference_net: ReferenceNet) -> None:
    """Loads a diffusers SD 1.5 `unet/` folder into both networks; motion modules keep their initial values.

    The networks get tensors of their own, so that training one does not change the other.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite.
    """
    file = find_weights(Path(unet_folder), "diffusion_pytorch_model")
    tensors = read_weights(file)
    load_into(denoising_unet, tensors, source=str(file), keep=MOTION_MODULES)
    own = {key: tensor.clone() for key, tensor in tensors.items()}
    load_into(reference_net, own, source=str(file), keymap=REFERENCE_NET_KEYS)
