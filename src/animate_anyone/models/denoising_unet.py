"""Denoising UNet: predicts the noise (or velocity) of a window of frames (paper figure 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config

# diffusers finds out how to load a part of a saved pipeline by looking for this name where the part is defined.
from diffusers.models.modeling_utils import ModelMixin as ModelMixin
from diffusers.utils.accelerate_utils import apply_forward_hook
from einops import rearrange, repeat
from jaxtyping import Float, Int
from torch import Tensor, nn

from animate_anyone.models.conditions import Conditions
from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures
from animate_anyone.models.spatial import SpatialTransformer
from animate_anyone.models.stages import Conditioning, Stage, TemporalConfig
from animate_anyone.models.unet import ATTENTION_STAGE, PLAIN_STAGE, UNet


class DenoisingUNet(UNet):
    """The UNet with reference tokens in spatial attention and, from stage 2 on, temporal attention in every layer.

    The defaults are Stable Diffusion 1.5's sizes with AnimateDiff's motion modules.

    Args:
        in_channels: channels of the latents.
        out_channels: channels of the prediction.
        block_out_channels: width of each stage; each stage has half the resolution of the one before.
        down_block_types: for each stage, whether it has attention, in diffusers' words.
        layers_per_block: layers in each stage on the way down; one more on the way up.
        cross_attention_dim: width of the image tokens.
        num_attention_heads: heads of spatial attention and cross-attention in every stage.
        norm_num_groups: groups of the group norms.
        norm_eps: epsilon of the group norms in residual blocks and head.
        rotary_positions: whether spatial attention knows how far apart tokens lie; Stable Diffusion's does not.
        local_heads: how many of its heads begin with looking at their own place, for networks trained from nothing;
            0: its queries and keys have no biases, like Stable Diffusion's.
        body_heads: how many of its heads go by places on the body in place of places in the picture, and begin with
            looking at their own; the pose features then end in a body map (`PoseGuider`).
        temporal: whether there is temporal attention; without it frames are independent (stage 1 of training).
        temporal_num_heads: heads of temporal attention.
        temporal_norm_num_groups: groups of the norm before temporal attention.
        temporal_max_frames: the longest window that temporal attention has positions for.
        temporal_mid_block: whether the lowest resolution has temporal attention too.
    """

    @register_to_config
    def __init__(
        self,
        in_channels: int = 4,
        out_channels: int = 4,
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
        temporal: bool = True,
        temporal_num_heads: int = 8,
        temporal_norm_num_groups: int = 32,
        temporal_max_frames: int = 32,
        temporal_mid_block: bool = True,
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
            temporal=TemporalConfig(
                num_heads=temporal_num_heads,
                groups=temporal_norm_num_groups,
                max_frames=temporal_max_frames,
                mid_block=temporal_mid_block,
            )
            if temporal
            else None,
        )
        self.conv_norm_out = nn.GroupNorm(norm_num_groups, block_out_channels[0], eps=norm_eps)
        self.conv_out = nn.Conv2d(block_out_channels[0], out_channels, 3, padding=1)

    # Part of what a call of the network is: it goes to the device that the network is to run on, if it is offloaded.
    @apply_forward_hook
    def project(
        self, image_tokens: Float[Tensor, "b k e"], reference: ReferenceFeatures | ControlResiduals | None = None
    ) -> Conditions:
        """Does with the conditions of a clip what does not depend on frames and steps.

        Keys and values of the reference are projected once for every layer, and cross-attention to a single image
        token becomes what it always adds. For sampling: the parameters that have no effect then get no gradient.

        Args:
            image_tokens: as in `forward`.
            reference: as in `forward`.

        Returns:
            What `forward` takes in place of both, for one clip and any number of its windows.

        Raises:
            ValueError: if the reference comes from a network with other stages.
        """
        given = self._conditions(image_tokens, reference)
        stages = tuple(
            tuple(
                transformer.block.project(layer)
                for transformer, layer in zip(stage.attentions, layers, strict=True)
                if isinstance(transformer, SpatialTransformer)
            )
            for stage, layers in zip(self.stages, given.stages, strict=True)
        )
        return replace(given, stages=stages)

    def forward(
        self,
        latents: Float[Tensor, "b c f h w"],
        timestep: Int[Tensor, " b"] | Int[Tensor, "b f"],
        conditions: Float[Tensor, "b k e"] | Conditions,
        *,
        pose_features: Float[Tensor, "b c0 f h w"] | None = None,
        reference: ReferenceFeatures | ControlResiduals | None = None,
        deep: Float[Tensor, "n c1 h w"] | None = None,
    ) -> Float[Tensor, "b d f h w"]:
        """Predicts the target of the noise schedule (epsilon or velocity) for a window of frames.

        Args:
            latents: noisy latents.
            timestep: one for each sample, or one for each of its frames (rolling diffusion, arXiv 2402.09470).
            conditions: CLIP tokens of the reference image, for cross-attention; zeros: unconditional. Or these and
                the reference together, as returned by `project`.
            pose_features: output of the Pose Guider, added after the first convolution.
            reference: output of the ReferenceNet, for spatial attention, or of a `ControlNet`, added to the feature
                maps; None: unconditional, or projected already.
            deep: output of `deep_features` for the same frames, n = b x f. With it only the last layer runs; taken from
                an earlier step it stands in for that of this one (DeepCache, Ma et al. 2024).

        Raises:
            ValueError: if the reference comes from a network with other stages, or the window is too long.
        """
        given = self._given(conditions, reference)
        x, conditioning = self._first(latents, timestep, pose_features)
        if deep is None:
            x, _ = self.run_stages(x, conditioning, given)
        else:
            x = self.run_last_layer(x, deep, conditioning, given)
        x = self.conv_out(F.silu(self.conv_norm_out(x)))
        return rearrange(x, "(b f) c h w -> b c f h w", b=len(latents))

    # As `project`, part of what a call of the network is.
    @apply_forward_hook
    def deep_features(
        self,
        latents: Float[Tensor, "b c f h w"],
        timestep: Int[Tensor, " b"] | Int[Tensor, "b f"],
        conditions: Float[Tensor, "b k e"] | Conditions,
        *,
        pose_features: Float[Tensor, "b c0 f h w"] | None = None,
        reference: ReferenceFeatures | ControlResiduals | None = None,
    ) -> Float[Tensor, "n c1 h w"]:
        """Computes all that comes before the last layer, by far the most of the work; arguments as in `forward`.

        Returns:
            The feature map of each frame, n = b x f, which `forward` takes as `deep`.

        Raises:
            ValueError: as `forward`.
        """
        x, conditioning = self._first(latents, timestep, pose_features)
        return self.run_deep(x, conditioning, self._given(conditions, reference))

    def _first(self, latents: Tensor, timestep: Tensor, pose_features: Tensor | None) -> tuple[Tensor, Conditioning]:
        """What the stages start from."""
        num_frames = latents.shape[2]
        x = self.conv_in(rearrange(latents, "b c f h w -> (b f) c h w"))
        if pose_features is not None:
            pose_features = rearrange(pose_features, "b c f h w -> (b f) c h w")
        x, body_map = self.add_pose(x, pose_features)
        embedding = self.time_embedding(timestep.flatten())
        if timestep.ndim == 1:
            embedding = repeat(embedding, "b e -> (b f) e", f=num_frames)
        return x, Conditioning(timestep_embedding=embedding, num_frames=num_frames, body_map=body_map)

    def _given(
        self, conditions: Tensor | Conditions, reference: ReferenceFeatures | ControlResiduals | None
    ) -> Conditions:
        if not isinstance(conditions, Conditions):
            return self._conditions(conditions, reference)
        if reference is not None:
            raise ValueError("The conditions were projected together with the reference; leave the reference out.")
        return conditions

    def _conditions(self, image_tokens: Tensor, reference: ReferenceFeatures | ControlResiduals | None) -> Conditions:
        if isinstance(reference, ControlResiduals):
            return replace(self.conditions(image_tokens), residuals=reference)
        return self.conditions(image_tokens, reference)

    def temporal_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters of temporal attention: all that stage 2 trains."""
        for module in self.modules():
            if isinstance(module, Stage):
                yield from module.motion_modules.parameters()
