"""ReferenceNet: reads the details of the reference image for the denoising UNet (paper section 3.2, "ReferenceNet")."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from diffusers.configuration_utils import register_to_config

# diffusers finds out how to load a part of a saved pipeline by looking for this name where the part is defined.
from diffusers.models.modeling_utils import ModelMixin as ModelMixin
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.reference_features import ReferenceFeatures
from animate_anyone.models.spatial import SpatialTransformer, SpatialTransformerBlock
from animate_anyone.models.stages import Conditioning
from animate_anyone.models.unet import ATTENTION_STAGE, PLAIN_STAGE, UNet


class ReferenceNet(UNet):
    """The UNet without temporal attention and without a head. The defaults are Stable Diffusion 1.5's sizes.

    Args:
        in_channels: channels of the latents.
        block_out_channels: width of each stage; each stage has half the resolution of the one before.
        down_block_types: for each stage, whether it has attention, in diffusers' words.
        layers_per_block: layers in each stage on the way down; one more on the way up.
        cross_attention_dim: width of the image tokens.
        num_attention_heads: heads of spatial attention and cross-attention in every stage.
        norm_num_groups: groups of the group norms.
        norm_eps: epsilon of the group norms in residual blocks.
        rotary_positions: whether spatial attention knows how far apart tokens lie; Stable Diffusion's does not.
        local_heads: how many of its heads begin with looking at their own place, for networks trained from nothing;
            0: its queries and keys have no biases, like Stable Diffusion's.
        body_heads: how many of its heads go by places on the body in place of places in the picture, and begin with
            looking at their own; the pose features then end in a body map (`PoseGuider`).
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

    def forward(
        self,
        latents: Float[Tensor, "b c h w"],
        image_tokens: Float[Tensor, "b k e"],
        *,
        pose_features: Float[Tensor, "b c0 h w"] | None = None,
    ) -> ReferenceFeatures:
        """Reads reference images.

        Args:
            latents: of the reference images, without noise.
            image_tokens: CLIP tokens of the same images, for cross-attention.
            pose_features: output of the Pose Guider for the pose in the reference images, added after the first
                convolution; None where it is not known, and for the paper's network, which is never told.

        Returns:
            The tokens of every spatial attention, to be given to the denoising UNet at every step.
        """
        # The reference carries no noise, so its timestep is always zero and one pass serves all steps.
        timestep = torch.zeros(len(latents), dtype=torch.int64, device=latents.device)
        x, body_map = self.add_pose(self.conv_in(latents), pose_features)
        conditioning = Conditioning(timestep_embedding=self.time_embedding(timestep), num_frames=1, body_map=body_map)
        _, features = self.run_stages(x, conditioning, self.conditions(image_tokens))
        return replace(features, body_map=body_map)

    def parameters_without_effect(self) -> list[nn.Parameter]:
        """Parameters behind the last tokens handed out: nothing reads what they compute, so they get no gradient."""
        *_, last = (module for module in self.up_blocks.modules() if isinstance(module, SpatialTransformer))
        *_, block = (module for module in last.modules() if isinstance(module, SpatialTransformerBlock))
        behind = (block.attn1, block.norm2, block.attn2, block.norm3, block.ff, last.proj_out)
        return [parameter for module in behind for parameter in module.parameters()]
