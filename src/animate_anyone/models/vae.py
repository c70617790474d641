"""Images to latents and back by an autoencoder of diffusers; the only place that knows the scale of latents.

`AutoencoderKL` is Stable Diffusion's. `PatchAutoencoder` is for small models that are trained in minutes.
"""

from collections.abc import Mapping
from typing import Any

from diffusers import AutoencoderKL, AutoencoderTiny
from jaxtyping import Float
from torch import Tensor

from animate_anyone.models.patch_autoencoder import PatchAutoencoder

Autoencoder = AutoencoderKL | PatchAutoencoder

AUTOENCODERS: Mapping[str, Any] = {kind.__name__: kind for kind in (AutoencoderKL, PatchAutoencoder)}
"""The classes by the name that stands in the configuration of a saved one."""


def downscale_factor(vae: Autoencoder) -> int:
    """Pixels to a side of a latent."""
    if isinstance(vae, PatchAutoencoder):
        return vae.patch_size
    return 2 ** (len(vae.config["block_out_channels"]) - 1)


def encode_images(vae: Autoencoder, pixels: Float[Tensor, "n 3 H W"]) -> Float[Tensor, "n c h w"]:
    """Encodes RGB in [-1, 1] to latents (of a posterior its mean) of about unit variance."""
    encoded: Any = vae.encode(pixels.to(vae.dtype))
    if isinstance(vae, PatchAutoencoder):
        mean, std = _statistics(vae, encoded)
        return (encoded - mean) / std
    return encoded.latent_dist.mean * vae.config["scaling_factor"]


def decode_latents(vae: Autoencoder | AutoencoderTiny, latents: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 H W"]:
    """Decodes latents of about unit variance to RGB in about [-1, 1]; the decoder may overshoot.

    diffusers' `AutoencoderTiny` is a fast decoder for the latents of a larger autoencoder, which it was distilled from.
    """
    latents = latents.to(vae.dtype)
    if isinstance(vae, PatchAutoencoder):
        mean, std = _statistics(vae, latents)
        return vae.decode(latents * std + mean)
    decoded: Any = vae.decode(latents / vae.config["scaling_factor"])
    return decoded.sample


def latents_std(vae: Autoencoder) -> tuple[float, ...] | None:
    """The deviation of each latent channel before it was brought to one; None where all have one factor."""
    std = vae.config["latents_std"] if isinstance(vae, PatchAutoencoder) else None
    return None if std is None else tuple(std)


def _statistics(vae: PatchAutoencoder, like: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel, to broadcast over latents; 0 and 1 as long as they are not measured."""
    mean, std = vae.config["latents_mean"], vae.config["latents_std"]
    channels = like.shape[1]
    return (
        like.new_tensor(mean or (0.0,) * channels)[:, None, None],
        like.new_tensor(std or (1.0,) * channels)[:, None, None],
    )
