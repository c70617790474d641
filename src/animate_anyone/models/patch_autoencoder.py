"""An autoencoder for small models: principal components of patches of pixels, refined by convolutions.

Autoencoders that begin with random convolutions spend their first hours on learning what the principal components of
8 x 8 patches give at once. This one starts from them, and learns the rest as residuals that start at zero. Convolutions
run at reduced resolutions only, pixels being moved into channels and back. There is no normalisation, which would take
the colours of flat areas away.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.layers import set_zero


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions whose sum with the input starts as the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        set_zero(self.conv2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


class PatchAutoencoder(ModelMixin, ConfigMixin):
    """Pixels to latents and back: a linear map of patches, plus what convolutions add to it on either side.

    Args:
        latent_channels: channels of the latents.
        block_out_channels: widths at 1/2, 1/4, ... of the resolution; the last one is the latents' resolution.
        encoder_layers: residual blocks at each of these on the way down; with 0 the pixels pass as they are.
        decoder_layers: the same on the way up; at least 1 at the last.
        latents_mean: mean of each latent channel; measured once trained.
        latents_std: standard deviation of each latent channel, by which latents are brought to unit variance.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 48,
        block_out_channels: Sequence[int] = (24, 64, 128),
        encoder_layers: Sequence[int] = (0, 1, 1),
        decoder_layers: Sequence[int] = (1, 2, 2),
        latents_mean: Sequence[float] | None = None,
        latents_std: Sequence[float] | None = None,
    ):
        super().__init__()
        levels = len(block_out_channels)
        if not levels == len(encoder_layers) == len(decoder_layers):
            raise ValueError(
                f"block_out_channels {tuple(block_out_channels)}, encoder_layers {tuple(encoder_layers)} and "
                f"decoder_layers {tuple(decoder_layers)} must be equally long."
            )
        if min(encoder_layers[-1], decoder_layers[-1]) < 1:
            raise ValueError("encoder_layers and decoder_layers must end in at least one layer.")
        self.patch_size = 2**levels
        self.to_latents = nn.Conv2d(3, latent_channels, self.patch_size, stride=self.patch_size)
        self.to_pixels = nn.ConvTranspose2d(latent_channels, 3, self.patch_size, stride=self.patch_size)

        down: list[nn.Module] = []
        channels = 3
        for width, layers in zip(block_out_channels, encoder_layers, strict=True):
            down.append(nn.PixelUnshuffle(2))
            channels *= 4
            if layers:
                down += [nn.Conv2d(channels, width, 3, padding=1), *(ResidualBlock(width) for _ in range(layers))]
                channels = width
        self.encoder = nn.Sequential(*down, nn.SiLU(), nn.Conv2d(channels, latent_channels, 1))

        up: list[nn.Module] = []
        channels = latent_channels
        for width, layers in zip(reversed(block_out_channels), reversed(decoder_layers), strict=True):
            if layers:
                up += [nn.Conv2d(channels, width, 3, padding=1), *(ResidualBlock(width) for _ in range(layers))]
                channels = width
            # The last shuffle leaves RGB, the others as many channels as the next level has use for.
            up += [nn.Conv2d(channels, 4 * width, 1), nn.PixelShuffle(2)]
            channels = width
        up[-2] = nn.Conv2d(up[-2].in_channels, 12, 3, padding=1)  # pyright: ignore[reportArgumentType]
        self.decoder = nn.Sequential(*up)
        set_zero(self.encoder[-1])
        set_zero(self.decoder[-2])

    # Calls of the network, too: it goes to the device that it is to run on, if it is offloaded.
    @apply_forward_hook
    def encode(self, pixels: Float[Tensor, "n 3 H W"]) -> Float[Tensor, "n c h w"]:
        """Latents of RGB in [-1, 1], whose sides are multiples of the patch; not normalised."""
        return self.to_latents(pixels) + self.encoder(pixels)

    @apply_forward_hook
    def decode(self, latents: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 H W"]:
        """RGB in about [-1, 1] of latents that are not normalised."""
        return self.to_pixels(latents) + self.decoder(latents)

    @torch.no_grad()
    def set_principal_components(self, pixels: Float[Tensor, "n 3 H W"]) -> None:
        """Makes the linear map that of the principal components of the patches of some pictures in [-1, 1].

        A component of variance s counts s^(1/4) times in the latents: between components as they are, which leaves
        the fine ones to drown in noise, and whitened ones, which takes fine and coarse for equally important.

        Raises:
            ValueError: if there are fewer patches than values in one.
        """
        p = self.patch_size
        patches = rearrange(pixels, "n c (h p) (w q) -> (n h w) (c p q)", p=p, q=p).double()
        if len(patches) < patches.shape[1]:
            raise ValueError(f"{len(patches)} patches do not tell the components of {patches.shape[1]} values.")
        colour = patches.unflatten(1, (3, p * p)).mean(dim=(0, 2))
        centred = patches - colour.repeat_interleave(p * p)
        variances, directions = torch.linalg.eigh(centred.T @ centred / len(patches))
        count = self.to_latents.out_channels
        variances, directions = variances.flip(0)[:count].clamp(min=1e-8), directions.flip(1)[:, :count]
        into, back = directions * variances**-0.25, directions * variances**0.25
        shape = (count, 3, p, p)
        self.to_latents.weight.copy_(into.T.reshape(shape))
        self.to_pixels.weight.copy_(back.T.reshape(shape))
        for layer, bias in (
            (self.to_latents, -(colour.repeat_interleave(p * p) @ into)),
            (self.to_pixels, colour),
        ):
            assert layer.bias is not None
            layer.bias.copy_(bias)
