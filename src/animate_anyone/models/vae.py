"""Images to latents and back by a diffusers `AutoencoderKL`; the only place that knows the scale of latents."""

from diffusers import AutoencoderKL
from jaxtyping import Float
from torch import Tensor


def downscale_factor(vae: AutoencoderKL) -> int:
    """Pixels to a side of a latent."""
    return 2 ** (len(vae.config["block_out_channels"]) - 1)


def encode_images(vae: AutoencoderKL, pixels: Float[Tensor, "n 3 H W"]) -> Float[Tensor, "n c h w"]:
    """Encodes RGB in [-1, 1] to the mean of the posterior, scaled to about unit variance."""
    return vae.encode(pixels.to(vae.dtype)).latent_dist.mean * vae.config["scaling_factor"]


def decode_latents(vae: AutoencoderKL, latents: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 H W"]:
    """Decodes scaled latents to RGB in about [-1, 1]; the decoder may overshoot."""
    return vae.decode(latents.to(vae.dtype) / vae.config["scaling_factor"]).sample
