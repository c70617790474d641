"""The UNet that all networks of latents share: Stable Diffusion 1.5's, at any width and depth.

Frames are folded into the batch: feature maps are ((b f), c, h, w).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers.configuration_utils import ConfigMixin
from diffusers.models.modeling_utils import ModelMixin
from einops import repeat
from torch import Tensor, nn

from animate_anyone.models.conditions import Conditions, LayerConditions
from animate_anyone.models.layers import TimestepEmbedding
from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures
from animate_anyone.models.stages import (
    Conditioning,
    DownStage,
    MidStage,
    Stage,
    StageTokens,
    TemporalConfig,
    UNetConfig,
    UpStage,
)

ATTENTION_STAGE = "CrossAttnDownBlock2D"
PLAIN_STAGE = "DownBlock2D"


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """What the stages down and in the middle leave behind."""

    skips: tuple[Tensor, ...]
    """Feature maps ((b f), c, h, w) that skip to the way up: the first convolution's, then those of each stage."""
    mid: Tensor
    """The feature map ((b f), c, h, w) of the lowest resolution."""
    down_tokens: tuple[StageTokens, ...]
    mid_tokens: StageTokens

    def plus(self, residuals: ControlResiduals, *, num_frames: int) -> "Encoded":
        """With a sample's residuals added in each of its frames.

        Raises:
            ValueError: if they do not fit.
        """
        own, theirs = (*self.skips, self.mid), (*residuals.skips, residuals.mid)
        expected, got = ([tuple(x.shape[1:]) for x in maps] for maps in (own, theirs))
        if got != expected:
            raise ValueError(
                f"Residuals have the shapes {got}, the feature maps of this network {expected}: the ControlNet and the "
                "denoising UNet must have the same stages, and their latents the same size."
            )
        *skips, mid = (
            x + repeat(residual, "b c h w -> (b f) c h w", f=num_frames)
            for x, residual in zip(own, theirs, strict=True)
        )
        return replace(self, skips=tuple(skips), mid=mid)


class UNetEncoder(ModelMixin, ConfigMixin):
    """Stages down and in the middle. Abstract: networks add what they do with the feature maps."""

    _supports_gradient_checkpointing = True
    _repeated_blocks = ("SpatialTransformerBlock", "TemporalTransformerBlock")
    _no_split_modules = ("DownStage", "MidStage", "UpStage")

    def __init__(
        self,
        *,
        in_channels: int,
        block_out_channels: Sequence[int],
        down_block_types: Sequence[str],
        layers_per_block: int,
        cross_attention_dim: int,
        num_attention_heads: int,
        norm_num_groups: int,
        norm_eps: float,
        rotary_positions: bool,
        local_heads: int,
        body_heads: int,
        temporal: TemporalConfig | None,
    ):
        super().__init__()
        unknown = set(down_block_types) - {ATTENTION_STAGE, PLAIN_STAGE}
        if unknown or len(down_block_types) != len(block_out_channels):
            raise ValueError(
                f"down_block_types must name {ATTENTION_STAGE} or {PLAIN_STAGE} for each of the widths "
                f"{tuple(block_out_channels)}; got {tuple(down_block_types)}."
            )
        self.gradient_checkpointing = False
        widths = list(block_out_channels)
        self.attention_levels = [kind == ATTENTION_STAGE for kind in down_block_types]
        lowest = len(widths) - 1
        self.layer_config = UNetConfig(
            embedding_dim=4 * widths[0],
            context_dim=cross_attention_dim,
            num_heads=num_attention_heads,
            groups=norm_num_groups,
            eps=norm_eps,
            rotary=rotary_positions,
            local_heads=local_heads,
            body_heads=body_heads,
            temporal=temporal,
        )

        self.conv_in = nn.Conv2d(in_channels, widths[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(widths[0], self.layer_config.embedding_dim)

        self.down_blocks = nn.ModuleList()
        self.skip_widths = [widths[0]]
        for level, width in enumerate(widths):
            self.down_blocks.append(
                DownStage(self.skip_widths[-1], width, layers_per_block, self.layer_config,
                          attention=self.attention_levels[level], downsample=level < lowest)
            )  # fmt: skip
            self.skip_widths += [width] * (layers_per_block + (level < lowest))

        self.mid_block = MidStage(widths[-1], self.layer_config)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in the order in which they run."""
        return tuple(stage for stage in (*self.down_blocks, self.mid_block) if isinstance(stage, Stage))

    def add_pose(self, x: Tensor, pose_features: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Adds pose features, if there are any, to the output of the first convolution, (n, c, h, w).

        Returns:
            The sum, and the body map (n, 2, h, w) that the features end in for a network with `body_heads`.

        Raises:
            ValueError: if the features are not as wide as that.
        """
        if pose_features is None:
            return x, None
        width, map_width = x.shape[1], 2 if self.layer_config.body_heads else 0
        if pose_features.shape[1] != width + map_width:
            raise ValueError(
                f"Pose features have {pose_features.shape[1]} channels; this network, with body_heads = "
                f"{self.layer_config.body_heads}, takes {width} and {map_width} of a body map. Its Pose Guider must be "
                f"made with body_map = {bool(map_width)}."
            )
        features, body_map = pose_features.split([width, map_width], dim=1)
        # Nothing that trains makes the map: without a gradient, none is computed through the angles of every layer.
        return x + features, body_map.detach() if map_width else None

    def conditions(self, image_tokens: Tensor, reference: ReferenceFeatures | None = None) -> Conditions:
        """Hands the tokens to the layers as they are.

        Args:
            image_tokens: (b, tokens, context_dim), for the cross-attention of every layer.
            reference: tokens for the spatial attention of every layer, as returned by a UNet of the same stages.

        Raises:
            ValueError: if the reference features come from a network with other stages.
        """
        expected = [len(stage.attentions) for stage in self.stages]
        if reference is None:
            one = LayerConditions(image=image_tokens)
            return Conditions(stages=tuple((one,) * count for count in expected))
        tokens_by_stage = (*reference.down, reference.mid, *reference.up)
        got = [len(tokens) for tokens in tokens_by_stage]
        if got != expected:
            raise ValueError(
                f"Reference features hold {got} layers by stage, this network has {expected}: "
                "the ReferenceNet and the denoising UNet must have the same stages."
            )
        stages = tuple(
            tuple(
                LayerConditions(
                    image=image_tokens,
                    reference=tokens,
                    reference_body_map=reference.body_map,
                    sees_reference=reference.sees_reference,
                )
                for tokens in stage
            )
            for stage in tokens_by_stage
        )
        return Conditions(stages=stages)

    def encode(self, x: Tensor, conditioning: Conditioning, conditions: Conditions) -> Encoded:
        """Runs the stages down and in the middle.

        Args:
            x: output of the first convolution, ((b f), c, h, w).
            conditioning: what all layers receive alike.
            conditions: what each layer receives.
        """
        skips: tuple[Tensor, ...] = (x,)
        down: tuple[StageTokens, ...] = ()
        for stage, given in zip(self.down_blocks, conditions.stages, strict=False):
            x, stage_skips, tokens = self._run_stage(stage, x, conditioning, given)
            skips, down = skips + stage_skips, (*down, tokens)

        x, mid = self._run_stage(self.mid_block, x, conditioning, conditions.stages[len(self.down_blocks)])
        return Encoded(skips=skips, mid=x, down_tokens=down, mid_tokens=mid)

    def _run_stage(self, stage: nn.Module, *inputs: Any) -> Any:
        if self.gradient_checkpointing and torch.is_grad_enabled():
            return self._gradient_checkpointing_func(stage, *inputs)  # pyright: ignore[reportOptionalCall]
        return stage(*inputs)


class UNet(UNetEncoder):
    """Stages down, in the middle and up. Abstract: the two networks add their heads and their `forward`."""

    def __init__(self, *, block_out_channels: Sequence[int], layers_per_block: int, **sizes: Any):
        super().__init__(block_out_channels=block_out_channels, layers_per_block=layers_per_block, **sizes)
        widths, skip_widths = list(block_out_channels), list(self.skip_widths)
        self.up_blocks = nn.ModuleList()
        channels = widths[-1]
        for level in reversed(range(len(widths))):
            layer_widths: list[tuple[int, int]] = []
            for _ in range(layers_per_block + 1):
                layer_widths.append((channels + skip_widths.pop(), widths[level]))
                channels = widths[level]
            self.up_blocks.append(
                UpStage(layer_widths, self.layer_config, attention=self.attention_levels[level], upsample=level > 0)
            )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in the order in which they run."""
        return (*super().stages, *(stage for stage in self.up_blocks if isinstance(stage, Stage)))

    def run_stages(
        self, x: Tensor, conditioning: Conditioning, conditions: Conditions
    ) -> tuple[Tensor, ReferenceFeatures]:
        """Runs everything between the first convolution and the head.

        Args:
            x: output of the first convolution, ((b f), c, h, w).
            conditioning: what all layers receive alike.
            conditions: what each layer receives, and what is added to skip connections and middle.

        Returns:
            The last feature map ((b f), c, h, w), and the tokens that entered each spatial attention.

        Raises:
            ValueError: if residuals come from a network with other stages.
        """
        encoded = self._encoded(x, conditioning, conditions)
        x, up = self._run_up(encoded, encoded.skips, conditioning, conditions)
        return x, ReferenceFeatures(down=encoded.down_tokens, mid=encoded.mid_tokens, up=up)

    def run_deep(self, x: Tensor, conditioning: Conditioning, conditions: Conditions) -> Tensor:
        """Runs the stages as `run_stages` does, all but the last layer; returns its input, ((b f), c, h, w)."""
        encoded = self._encoded(x, conditioning, conditions)
        # The last layer joins the outermost skip connection. Without it, the stages end before that layer.
        return self._run_up(encoded, encoded.skips[1:], conditioning, conditions)[0]

    def run_last_layer(self, x: Tensor, deep: Tensor, conditioning: Conditioning, conditions: Conditions) -> Tensor:
        """Runs the last layer on what `run_deep` returned, at this step or another; returns the last feature map."""
        if conditions.residuals is not None:
            x = x + repeat(conditions.residuals.skips[0], "b c h w -> (b f) c h w", f=conditioning.num_frames)
        last = self.up_blocks[-1]
        assert isinstance(last, UpStage)
        x, _ = last.layer(len(last.resnets) - 1, torch.cat([deep, x], dim=1), conditioning, conditions.stages[-1])
        return x

    def _encoded(self, x: Tensor, conditioning: Conditioning, conditions: Conditions) -> Encoded:
        encoded = self.encode(x, conditioning, conditions)
        if conditions.residuals is None:
            return encoded
        return encoded.plus(conditions.residuals, num_frames=conditioning.num_frames)

    def _run_up(
        self, encoded: Encoded, skips: tuple[Tensor, ...], conditioning: Conditioning, conditions: Conditions
    ) -> tuple[Tensor, tuple[StageTokens, ...]]:
        x = encoded.mid
        up: tuple[StageTokens, ...] = ()
        for stage, given in zip(self.up_blocks, conditions.stages[-len(self.up_blocks) :], strict=True):
            assert isinstance(stage, UpStage)
            num_joined = len(stage.resnets)
            skips, joined = skips[:-num_joined], skips[-num_joined:]
            upsampled_size = skips[-1].shape[-2:] if skips else None
            x, tokens = self._run_stage(stage, x, joined, upsampled_size, conditioning, given)
            up = (*up, tokens)
        return x, up
