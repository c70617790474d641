"""Pose Guider: brings skeleton pictures to the size and width of the first UNet features (paper section 3.2)."""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.layers import set_zero


class PoseGuider(ModelMixin, ConfigMixin):
    """A light stack of convolutions that starts as zero, so that training begins with the unguided network.

    Args:
        conditioning_embedding_channels: width of the output: the first width of the denoising UNet.
        block_out_channels: widths; the resolution is halved at each step from one to the next.
        conditioning_channels: channels of the pose picture.
        body_map: whether the pose pictures are body maps (`pose.body_map`), whose places go with the features.
    """

    @register_to_config
    def __init__(
        self,
        conditioning_embedding_channels: int = 320,
        block_out_channels: Sequence[int] = (16, 32, 96, 256),
        conditioning_channels: int = 3,
        body_map: bool = False,
    ):
        super().__init__()
        self.conv_in = nn.Conv2d(conditioning_channels, block_out_channels[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in itertools.pairwise(block_out_channels):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(block_out_channels[-1], conditioning_embedding_channels, 3, padding=1)
        set_zero(self.conv_out)

    def forward(self, pose: Float[Tensor, "b 3 f H W"]) -> Float[Tensor, "b c f h w"]:
        """Encodes pose pictures.

        Args:
            pose: RGB in [0, 1] at the resolution of the video.

        Returns:
            Features at the resolution of the latents, to be added to the output of the UNet's first convolution. With
            `body_map` two channels more: red and green of the picture, read at each pixel of the latents.
        """
        batch = len(pose)
        hidden = F.silu(self.conv_in(rearrange(pose, "b c f h w -> (b f) c h w")))
        for block in self.blocks:
            hidden = F.silu(block(hidden))
        features = self.conv_out(hidden)
        if self.config["body_map"]:
            # Not averaged: between the places of two parts lies none.
            places = rearrange(pose[:, :2], "b c f h w -> (b f) c h w")
            features = torch.cat([features, F.interpolate(places, features.shape[-2:], mode="nearest-exact")], dim=1)
        return rearrange(features, "(b f) c h w -> b c f h w", b=batch)
