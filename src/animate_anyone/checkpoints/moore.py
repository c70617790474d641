"""The Moore-AnimateAnyone family: four files of our own networks' weights beside published base models.

The folder is the one its authors describe: the four files at the top, and `image_encoder/`, `sd-vae-ft-mse/` and
`stable-diffusion-v1-5/` beside them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import AutoencoderKL
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from animate_anyone.checkpoints.animatediff import motion_settings
from animate_anyone.checkpoints.architecture import SD15_UNET_CONFIG, temporal_options, unet_options
from animate_anyone.checkpoints.keymap import Drop, KeyMap, Rename, load_into, shown
from animate_anyone.checkpoints.readers import find_weights, read_weights
from animate_anyone.errors import CheckpointError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import vision_config
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.sampling.schedule import animate_anyone_schedule

MOTION_KEY = "motion_modules."

VAE_KEYS = KeyMap(
    renames=tuple(
        # The published file spells the attention of the middle block as diffusers did before version 0.18.
        Rename(rf"\.attentions\.(\d+)\.{old}\.", rf".attentions.\1.{new}.")
        for old, new in (("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0"))
    )
)
IMAGE_ENCODER_KEYS = KeyMap(
    drops=(Drop(r"vision_model\.embeddings\.position_ids", "0, 1, 2, ...: a table of indices, not a weight"),)
)

VAE_FOLDERS = ("sd-vae-ft-mse", "vae")
IMAGE_ENCODER_FOLDERS = ("image_encoder", "sd-image-variations-diffusers/image_encoder")
BASE_UNET_FOLDERS = ("stable-diffusion-v1-5/unet", "sd-image-variations-diffusers/unet")


def import_moore(
    folder: str | Path, *, stills_only: bool = False, dtype: torch.dtype = torch.float32
) -> AnimateAnyonePipeline:
    """Loads the published files as they are on disk. Weights stay mapped to the files; nothing is held twice.

    Args:
        folder: `pretrained_weights/` as Moore-AnimateAnyone describes it, or the folder that holds it.
        stills_only: import without motion modules, for single pictures: frames of a video would not belong together.
        dtype: of all networks.

    Raises:
        CheckpointError: a file is absent, damaged, or does not belong to the model; the message names it and, of its
            weights, the first that are missing, left over, of the wrong shape or not finite.
    """
    folder = _weights_folder(Path(folder))
    base_config = _base_config(folder)
    return AnimateAnyonePipeline(
        vae=load_vae(_subfolder(folder, VAE_FOLDERS, "the VAE"), dtype=dtype),
        image_encoder=load_image_encoder(_subfolder(folder, IMAGE_ENCODER_FOLDERS, "the image encoder"), dtype=dtype),
        reference_net=_load_reference_net(folder, base_config, dtype),
        denoising_unet=_load_denoising_unet(folder, base_config, stills_only, dtype),
        pose_guider=_load_pose_guider(folder, dtype),
        scheduler=animate_anyone_schedule(),
        pose_style="dwpose",
        # As in the authors' own script.
        num_inference_steps=30,
        guidance_scale=3.5,
    )


def load_vae(folder: Path, *, dtype: torch.dtype = torch.float32) -> AutoencoderKL:
    """Loads a diffusers VAE folder, in either spelling of the attention keys."""
    config = _read_config(folder / "config.json")
    file = find_weights(folder, "diffusion_pytorch_model")
    with torch.device("meta"):
        vae = cast(AutoencoderKL, AutoencoderKL.from_config(config))
    load_into(vae, read_weights(file), source=str(file), keymap=VAE_KEYS, dtype=dtype)
    return vae.eval()


def load_image_encoder(folder: Path, *, dtype: torch.dtype = torch.float32) -> CLIPVisionModelWithProjection:
    """Loads a transformers CLIP vision folder, written by any version of it."""
    try:
        config = vision_config(_read_config(folder / "config.json"))
    except ValueError as error:
        raise CheckpointError(f"'{folder / 'config.json'}' cannot be used: {error}") from error
    file = find_weights(folder, "model", other_stems=("pytorch_model",))
    with torch.device("meta"):
        encoder = CLIPVisionModelWithProjection(config)
    load_into(encoder, read_weights(file), source=str(file), keymap=IMAGE_ENCODER_KEYS, dtype=dtype)
    # Not a weight, so not in the state dict, and therefore still without values.
    positions = encoder.get_buffer("vision_model.embeddings.position_ids")
    encoder.get_submodule("vision_model.embeddings").position_ids = torch.arange(positions.numel())[None]
    return encoder.eval()


def _load_denoising_unet(
    folder: Path, base_config: Mapping[str, Any], stills_only: bool, dtype: torch.dtype
) -> DenoisingUNet:
    file = find_weights(folder, "denoising_unet")
    options = unet_options(base_config, source=str(folder))
    tensors = read_weights(file)
    source = str(file)
    motion_in_spatial_file = [key for key in tensors if MOTION_KEY in key]
    if motion_in_spatial_file:
        raise CheckpointError(
            f"'{file}' holds motion modules ({shown(motion_in_spatial_file)}), which in Moore-AnimateAnyone are in "
            "motion_module.pth alone. The file belongs to another family."
        )
    if stills_only:
        options |= {"temporal": False}
    else:
        motion_file = _motion_file(folder)
        motion = read_weights(motion_file)
        source = f"{file} + {motion_file.name}"
        settings = motion_settings(motion, source=str(motion_file))
        num_stages = len(options["block_out_channels"])
        options |= temporal_options(settings, num_stages=num_stages, source=str(motion_file))
        not_motion = [key for key in motion if MOTION_KEY not in key]
        if not_motion:
            raise CheckpointError(f"'{motion_file}' holds weights that are no motion modules: {shown(not_motion)}.")
        tensors |= motion
    with torch.device("meta"):
        unet = DenoisingUNet(**options)
    load_into(unet, tensors, source=source, dtype=dtype)
    return unet.eval()


def _load_reference_net(folder: Path, base_config: Mapping[str, Any], dtype: torch.dtype) -> ReferenceNet:
    file = find_weights(folder, "reference_unet")
    options = unet_options(base_config, source=str(folder))
    options.pop("out_channels", None)
    with torch.device("meta"):
        reference_net = ReferenceNet(**options)
    load_into(reference_net, read_weights(file), source=str(file), dtype=dtype)
    return reference_net.eval()


def _load_pose_guider(folder: Path, dtype: torch.dtype) -> PoseGuider:
    file = find_weights(folder, "pose_guider")
    tensors = read_weights(file)
    with torch.device("meta"):
        pose_guider = PoseGuider(**_pose_guider_options(tensors, file))
    load_into(pose_guider, tensors, source=str(file), dtype=dtype)
    return pose_guider.eval()


def _pose_guider_options(tensors: Mapping[str, Tensor], file: Path) -> dict[str, Any]:
    """Widths from the weights: the release has no configuration for this network."""
    names = ["conv_in.weight"]
    while f"blocks.{2 * len(names) - 1}.weight" in tensors:
        names.append(f"blocks.{2 * len(names) - 1}.weight")
    missing = [name for name in (*names, "conv_out.weight") if name not in tensors]
    if missing:
        raise CheckpointError(f"'{file}' is no Pose Guider of Moore-AnimateAnyone: {shown(missing)} missing.")
    return {
        "conditioning_channels": tensors["conv_in.weight"].shape[1],
        "block_out_channels": tuple(tensors[name].shape[0] for name in names),
        "conditioning_embedding_channels": tensors["conv_out.weight"].shape[0],
    }


def _motion_file(folder: Path) -> Path:
    try:
        return find_weights(folder, "motion_module")
    except CheckpointError as error:
        raise CheckpointError(
            f"There is no 'motion_module.pth' in '{folder}'. It holds the temporal attention of the denoising UNet: "
            "without it every frame is made on its own and the video flickers. Put the file there, or import for "
            "single pictures only (stills_only=True)."
        ) from error


def _weights_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise CheckpointError(f"There is no folder '{folder}'.")
    nested = folder / "pretrained_weights"
    return nested if nested.is_dir() else folder


def _base_config(folder: Path) -> Mapping[str, Any]:
    for name in BASE_UNET_FOLDERS:
        if (folder / name / "config.json").is_file():
            return _read_config(folder / name / "config.json")
    # The published weights fix this architecture; the file only repeats it.
    return SD15_UNET_CONFIG


def _subfolder(folder: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise CheckpointError(f"'{folder}' lacks {what}: expected a folder {' or '.join(repr(name) for name in names)}.")


def _read_config(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no configuration '{file}'.") from error
    except ValueError as error:
        raise CheckpointError(f"'{file}' is not valid JSON: {error}.") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"'{file}' is no configuration: expected a JSON object.")
    return config
