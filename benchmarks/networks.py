"""The networks that are measured: toys with random weights for time and memory, the full width for counting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from PIL import Image
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.devices.clip_work import Networks
from animate_anyone.media.size import Size
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.sampling.schedule import animate_anyone_schedule

TOY_UNET: dict[str, Any] = {
    "block_out_channels": (24, 48, 48, 48),
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "layers_per_block": 2,
    "cross_attention_dim": 32,
    "num_attention_heads": 2,
    "norm_num_groups": 8,
}
"""Stages and layers of Stable Diffusion 1.5, a thirteenth as wide: narrower ones spend their time on calls."""
TOY_TEMPORAL: dict[str, Any] = {"temporal_num_heads": 2, "temporal_norm_num_groups": 8, "temporal_max_frames": 24}
TOY_SIZE = Size(112, 168)
"""Of the toys' videos. With it a pass divides into attention, convolutions and all else as it does at full size, and
poses and decoding come to about as much beside it; see `work.Proportions`."""

SD_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}
"""Stable Diffusion 1.5's autoencoder."""

CLIP = CLIPVisionConfig(
    hidden_size=1024,
    intermediate_size=4096,
    projection_dim=768,
    num_hidden_layers=24,
    num_attention_heads=16,
    image_size=224,
    patch_size=14,
)
"""The image encoder of the published checkpoints, ViT-L/14."""


class DrawnWhenAsked:
    """Pictures of noise, each made from its number when it is asked for, as skeleton pictures are."""

    def __init__(self, num_frames: int, size: Size):
        self.num_frames = num_frames
        self.size = size

    def __len__(self) -> int:
        return self.num_frames

    def window(self, indices: Sequence[int]) -> npt.NDArray[np.uint8]:
        """The pictures of these frames, (f, height, width, 3)."""
        return np.stack([np.asarray(picture(index + 1, self.size)) for index in indices])


def picture(seed: int, size: Size) -> Image.Image:
    """Noise, as a picture."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def toy_pipeline() -> AnimateAnyonePipeline:
    """A pipeline of small networks, every weight of which is random and has an effect."""
    width = TOY_UNET["block_out_channels"][0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        parts: dict[str, Any] = {
            "vae": PatchAutoencoder(4, (24, 48, 96), (0, 1, 1), (1, 1, 1)),
            "image_encoder": CLIPVisionModelWithProjection(
                CLIPVisionConfig(
                    hidden_size=32,
                    intermediate_size=64,
                    projection_dim=TOY_UNET["cross_attention_dim"],
                    num_hidden_layers=2,
                    num_attention_heads=2,
                    image_size=32,
                    patch_size=8,
                )
            ),
            "reference_net": ReferenceNet(**TOY_UNET),
            "denoising_unet": DenoisingUNet(**TOY_UNET, **TOY_TEMPORAL),
            "pose_guider": PoseGuider(width, (2, 4, 8, 16)),
        }
        for network in parts.values():
            _fill_zeros(network.eval())
        pipeline = AnimateAnyonePipeline(
            **parts,
            scheduler=animate_anyone_schedule(),
            area=TOY_SIZE.area,
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def toy_decoder() -> AutoencoderTiny:
    """What streams decode by in place of the toys' autoencoder, random as well."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        widths = (4, 4, 4, 4)
        return AutoencoderTiny(
            encoder_block_out_channels=widths,
            decoder_block_out_channels=widths,
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(1, 1, 1, 1),
        ).eval()


def _fill_zeros(network: nn.Module) -> None:
    """Layers that start as zero would hide what is computed before them."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.normal_(std=parameter[0].numel() ** -0.5)


def full_size_networks() -> tuple[Networks, AutoencoderTiny]:
    """The networks at Stable Diffusion 1.5's width and a tiny decoder at TAESD's, as shapes without values."""
    with torch.device("meta"):
        networks = Networks(
            vae=AutoencoderKL(**SD_VAE),
            image_encoder=CLIPVisionModelWithProjection(CLIP),
            reference_net=ReferenceNet(),
            denoising_unet=DenoisingUNet(),
            pose_guider=PoseGuider(),
        )
        return networks, AutoencoderTiny()


def shapes_of_toys() -> tuple[Networks, AutoencoderTiny]:
    """The toys and their tiny decoder, as shapes without values."""
    pipeline = toy_pipeline()
    networks = Networks(**{name: getattr(pipeline, name).to("meta") for name in Networks.__dataclass_fields__})
    decoder: Any = toy_decoder()
    return networks, decoder.to("meta")
