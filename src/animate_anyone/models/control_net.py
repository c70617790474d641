"""ControlNet for the reference image: what the paper compares its ReferenceNet with (section 4.4)."""

from collections.abc import Sequence

import torch
from diffusers.configuration_utils import register_to_config

# diffusers finds out how to load a part of a saved pipeline by looking for this name where the part is defined.
from diffusers.models.modeling_utils import ModelMixin as ModelMixin
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.layers import set_zero
from animate_anyone.models.reference_features import ControlResiduals
from animate_anyone.models.stages import Conditioning
from animate_anyone.models.unet import ATTENTION_STAGE, PLAIN_STAGE, UNetEncoder


class ControlNet(UNetEncoder):
    """The UNet's way down with a zero-initialised 1x1 convolution on each of its feature maps (Zhang et al. 2023).

    It stands where the ReferenceNet does and reads what that reads, but what it finds is added to the denoising UNet's
    feature maps pixel by pixel, where they are in the reference: moving them is left to the denoising UNet. Names are
    those of diffusers' `ControlNetModel`. The defaults are Stable Diffusion 1.5's sizes.

    Args:
        in_channels: channels of the latents.
        block_out_channels: width of each stage; each stage has half the resolution of the one before.
        down_block_types: for each stage, whether it has attention, in diffusers' words.
        layers_per_block: layers in each stage.
        cross_attention_dim: width of the image tokens.
        num_attention_heads: heads of spatial attention and cross-attention in every stage.
        norm_num_groups: groups of the group norms.
        norm_eps: epsilon of the group norms in residual blocks.
        rotary_positions: whether spatial attention knows how far apart tokens lie; Stable Diffusion's does not.
        local_heads: how many of its heads begin with looking at their own place, for networks trained from nothing;
            0: its queries and keys have no biases, like Stable Diffusion's.
    """

    @register_to_config
    def __init__(
        self,
        in_channels: int = 4,
        block_out_channels: Sequence[int] = (320, 640, 1280, 1280),
        down_block_types: Sequence[str] = (ATTENTION_STAGE, ATTENTION_STAGE, ATTENTION_STAGE, PLAIN_STAGE),
        layers_per_block: int = 2,
        cross_attention_dim: int = 768,
        num_attention_heads: int = 8,
        norm_num_groups: int = 32,
        norm_eps: float = 1e-5,
        rotary_positions: bool = False,
        local_heads: int = 0,
        body_heads: int = 0,
    ):
        super().__init__(
            in_channels=in_channels,
            block_out_channels=block_out_channels,
            down_block_types=down_block_types,
            layers_per_block=layers_per_block,
            cross_attention_dim=cross_attention_dim,
            num_attention_heads=num_attention_heads,
            norm_num_groups=norm_num_groups,
            norm_eps=norm_eps,
            rotary_positions=rotary_positions,
            local_heads=local_heads,
            body_heads=body_heads,
            temporal=None,
        )
        self.controlnet_down_blocks = nn.ModuleList([_zero_convolution(width) for width in self.skip_widths])
        self.controlnet_mid_block = _zero_convolution(block_out_channels[-1])

    def forward(
        self,
        latents: Float[Tensor, "b c h w"],
        image_tokens: Float[Tensor, "b k e"],
        *,
        pose_features: Float[Tensor, "b c0 h w"] | None = None,
    ) -> ControlResiduals:
        """Reads reference images.

        Args:
            latents: of the reference images, without noise.
            image_tokens: CLIP tokens of the same images, for cross-attention.
            pose_features: output of the Pose Guider for the pose in the reference images, added after the first
                convolution; None where it is not known.

        Returns:
            What is to be added to the denoising UNet's feature maps at every step.
        """
        # As in the ReferenceNet: the reference carries no noise, so one pass at timestep zero serves all steps.
        timestep = torch.zeros(len(latents), dtype=torch.int64, device=latents.device)
        x, body_map = self.add_pose(self.conv_in(latents), pose_features)
        conditioning = Conditioning(timestep_embedding=self.time_embedding(timestep), num_frames=1, body_map=body_map)
        encoded = self.encode(x, conditioning, self.conditions(image_tokens))
        skips = zip(self.controlnet_down_blocks, encoded.skips, strict=True)
        return ControlResiduals(
            skips=tuple(convolution(skip) for convolution, skip in skips),
            mid=self.controlnet_mid_block(encoded.mid),
        )


def _zero_convolution(channels: int) -> nn.Conv2d:
    """Silent at first, so that training starts from the denoising UNet as it is."""
    convolution = nn.Conv2d(channels, channels, 1)
    set_zero(convolution)
    return convolution
