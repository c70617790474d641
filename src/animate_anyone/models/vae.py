"""Images to latents and back by an autoencoder of diffusers; the only place that knows the scale of latents.

`AutoencoderKL` is Stable Diffusion's. `PatchAutoencoder` is for small models that are trained in minutes.
"""

from collections.abc import Mapping
from typing import Any

from diffusers import AutoencoderDC, AutoencoderKL
from jaxtyping import Float
from torch import Tensor

from animate_anyone.models.patch_autoencoder import PatchAutoencoder

Autoencoder = AutoencoderKL | AutoencoderDC | PatchAutoencoder

AUTOENCODERS: Mapping[str, Any] = {kind.__name__: kind for kind in (AutoencoderKL, AutoencoderDC, PatchAutoencoder)}
"""The classes by the name that stands in the configuration of a saved one."""


def downscale_factor(vae: Autoencoder) -> int:
    """Pixels to a side of a latent."""
    if isinstance(vae, PatchAutoencoder):
        return vae.patch_size
    if isinstance(vae, AutoencoderDC):
        return vae.spatial_compression_ratio
    return 2 ** (len(vae.config["block_out_channels"]) - 1)


def encode_images(vae: Autoencoder, pixels: Float[Tensor, "n 3 H W"]) -> Float[Tensor, "n c h w"]:
    """Encodes RGB in [-1, 1] to latents (of a posterior its mean), scaled to about unit variance."""
    encoded: Any = vae.encode(pixels.to(vae.dtype))
    if isinstance(vae, PatchAutoencoder):
        latents = encoded
    else:
        latents = encoded.latent if isinstance(vae, AutoencoderDC) else encoded.latent_dist.mean
    return latents * vae.config["scaling_factor"]


def decode_latents(vae: Autoencoder, latents: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 H W"]:
    """Decodes scaled latents to RGB in about [-1, 1]; the decoder may overshoot."""
    decoded: Any = vae.decode(latents.to(vae.dtype) / vae.config["scaling_factor"])
    return decoded if isinstance(vae, PatchAutoencoder) else decoded.sample
