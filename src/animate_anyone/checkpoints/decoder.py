"""Decoders that are faster than a model's own: opened, and checked to fit its latents."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny

from animate_anyone.checkpoints.base_weights import locate_base_weights
from animate_anyone.checkpoints.model_folder import check_network, one_of
from animate_anyone.errors import CheckpointError
from animate_anyone.models.vae import downscale_factor
from animate_anyone.pipeline import AnimateAnyonePipeline

DECODERS: Mapping[str, Any] = {AutoencoderTiny.__name__: AutoencoderTiny}


def open_decoder(
    name_or_path: str | Path, pipeline: AnimateAnyonePipeline, *, device: str | torch.device = "cpu"
) -> AutoencoderTiny:
    """Opens a decoder for the latents of a model, in the data type of its VAE.

    Whether it was made for latents of this kind cannot be seen from it, only whether they have its shape.

    Args:
        name_or_path: a name such as "taesd", for the latents of Stable Diffusion 1.5, or a folder that diffusers wrote.
        pipeline: the model.
        device: what the decoder is to run on.

    Raises:
        CheckpointError: it is not there, damaged, or for latents of another shape.
    """
    place = locate_base_weights(name_or_path)
    if not place.is_dir():
        raise CheckpointError(
            f"There is no decoder '{name_or_path}': give 'taesd' or the folder of an AutoencoderTiny."
        )
    check_network(place, one_of("decoder", DECODERS))
    decoder: Any = AutoencoderTiny.from_pretrained(place, torch_dtype=pipeline.vae.dtype)
    got = decoder.config["latent_channels"], 2 ** (len(decoder.config["decoder_block_out_channels"]) - 1)
    expected = pipeline.denoising_unet.config["in_channels"], downscale_factor(pipeline.vae)
    if got != expected:
        raise CheckpointError(
            f"'{name_or_path}' takes latents of {got[0]} channels and makes {got[1]} pixels of a side. Those "
            f"of the model have {expected[0]} channels and {expected[1]} pixels. Take another, or leave it out."
        )
    return decoder.to(device)
