"""Both kinds of autoencoder behind one pair of functions."""

import pytest
import torch
from diffusers import AutoencoderKL

from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from animate_anyone.models.vae import decode_latents, downscale_factor, encode_images
from tiny import randomised


def autoencoder_kl() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        norm_num_groups=4,
        scaling_factor=0.5,
    )


def patch_autoencoder() -> PatchAutoencoder:
    return PatchAutoencoder(
        latent_channels=4,
        block_out_channels=(8, 8),
        encoder_layers=(0, 1),
        decoder_layers=(1, 1),
        latents_mean=(0.5, 0.0, -0.5, 0.0),
        latents_std=(2.0, 2.0, 2.0, 2.0),
    )


@pytest.mark.parametrize("make", [autoencoder_kl, patch_autoencoder])
def test_pictures_become_scaled_latents_and_come_back(make):
    vae = randomised(make(), 0)
    pixels = torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        latents = encode_images(vae, pixels)
        assert downscale_factor(vae) == 4
        assert latents.shape == (2, 4, 4, 6)
        assert decode_latents(vae, latents).shape == pixels.shape
        restored = decode_latents(vae, latents)
        vae.register_to_config(scaling_factor=1.0, latents_std=(1.0,) * 4)
        torch.testing.assert_close(encode_images(vae, pixels), latents * 2)
        torch.testing.assert_close(decode_latents(vae, latents * 2), restored)
