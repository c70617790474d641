"""Image encoder and VAE alone."""

from pathlib import Path
from typing import cast

import torch
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from einops import rearrange
from PIL import Image

from animate_anyone.models.image_encoder import embed_images, preprocess_images
from animate_anyone.models.vae import decode_latents, encode_images
from parity_checks import networks
from parity_checks.fixture import Fixture

CLIP_IMAGE = "clip/in/image"
VAE_IMAGE = "vae/in/image"


def recognises(fixture: Fixture) -> bool:
    """Whether this is a fixture of the image encoder or the VAE."""
    return bool(fixture.prefixes(CLIP_IMAGE) or fixture.prefixes(VAE_IMAGE))


@torch.inference_mode()
def check(fixture: Fixture, folder: Path) -> None:
    """Runs the image encoder, frees it, and runs the VAE."""
    if fixture.prefixes(CLIP_IMAGE):
        _check_image_encoder(fixture, folder)
    if fixture.prefixes(VAE_IMAGE):
        _check_vae(fixture, folder)


def _check_image_encoder(fixture: Fixture, folder: Path) -> None:
    encoder = networks.image_encoder(fixture, folder)
    for prefix in fixture.prefixes(CLIP_IMAGE):
        image = Image.fromarray(fixture.input(f"{prefix}{CLIP_IMAGE}").numpy())
        pixels = preprocess_images([image], cast(int, encoder.config.image_size))
        fixture.judge(f"{prefix}clip/pixel_values", pixels)
        fixture.judge(f"{prefix}clip/image_embeds", embed_images(encoder, pixels)[:, 0])


def _check_vae(fixture: Fixture, folder: Path) -> None:
    vae = networks.vae(fixture, folder)
    for prefix in fixture.prefixes(VAE_IMAGE):
        image = fixture.input(f"{prefix}{VAE_IMAGE}")
        pixels = rearrange(image, "h w c -> 1 c h w").float() / 127.5 - 1
        posterior = cast(AutoencoderKLOutput, vae.encode(pixels)).latent_dist
        fixture.judge(f"{prefix}vae/moments_mean", posterior.mean)
        fixture.judge(f"{prefix}vae/moments_logvar", posterior.logvar)
        fixture.judge(f"{prefix}vae/ref_latents", encode_images(vae, pixels))
        if f"{prefix}vae/in/z" in fixture.metas:
            scale = vae.config["scaling_factor"]
            decoded = decode_latents(vae, fixture.input(f"{prefix}vae/in/z") * scale)
            fixture.judge(f"{prefix}vae/decoded", decoded)
