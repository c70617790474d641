"""The stages of the UNet: the layers of one resolution, on the way down, in the middle and on the way up.

A layer is a residual block, then spatial attention and cross-attention, then temporal attention (paper figure 2).
Frames are folded into the batch: feature maps are ((b f), c, h, w).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from animate_anyone.models.conditions import StageConditions
from animate_anyone.models.layers import Downsample, ResnetBlock, Upsample
from animate_anyone.models.spatial import SpatialTransformer
from animate_anyone.models.temporal import MotionModule

StageTokens = tuple[Tensor, ...]
"""The tokens that entered each spatial attention of a stage, in order; empty for a stage without attention."""


@dataclass(frozen=True, kw_only=True)
class TemporalConfig:
    """Size of the temporal attention in every layer."""

    num_heads: int
    groups: int
    max_frames: int
    mid_block: bool


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """What a layer needs to know of the network it is part of."""

    embedding_dim: int
    context_dim: int
    num_heads: int
    groups: int
    eps: float
    rotary: bool
    local_heads: int
    body_heads: int
    temporal: TemporalConfig | None


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """What all layers receive alike beside their feature maps; b samples of f frames, n = b x f."""

    timestep_embedding: Tensor
    """(n, embedding_dim)"""
    num_frames: int
    body_map: Tensor | None = None
    """(n, 2, h, w): where on the body the pixels of the latents lie, for heads that ask; None: not known."""


class Stage(nn.Module):
    """The layers of one resolution. `widths` holds the channels into and out of each layer."""

    def __init__(
        self, widths: Sequence[tuple[int, int]], config: UNetConfig, *, attention: bool, temporal: bool = True
    ):
        super().__init__()
        channels = widths[-1][1]
        self.resnets = nn.ModuleList([_resnet(*pair, config) for pair in widths])
        self.attentions = nn.ModuleList()
        self.motion_modules = nn.ModuleList()
        for _ in widths:
            if attention:
                self.attentions.append(
                    SpatialTransformer(
                        channels,
                        num_heads=config.num_heads,
                        context_dim=config.context_dim,
                        groups=config.groups,
                        rotary=config.rotary,
                        local_heads=config.local_heads,
                        body_heads=config.body_heads,
                    )
                )
            if config.temporal is not None and temporal:
                self.motion_modules.append(
                    MotionModule(
                        channels,
                        num_heads=config.temporal.num_heads,
                        groups=config.temporal.groups,
                        max_frames=config.temporal.max_frames,
                    )
                )

    def layer(
        self, index: int, x: Tensor, conditioning: Conditioning, given: StageConditions
    ) -> tuple[Tensor, StageTokens]:
        """Runs layer `index`; returns its feature map and the tokens of its spatial attention, if it has one."""
        x = self.resnets[index](x, conditioning.timestep_embedding)
        tokens: StageTokens = ()
        if self.attentions:
            x, attended = self.attentions[index](x, given[index], conditioning.body_map)
            tokens = (attended,)
        if self.motion_modules:
            x = self.motion_modules[index](x, conditioning.num_frames)
        return x, tokens


class DownStage(Stage):
    """Layers, then half the resolution."""

    def __init__(self, in_channels: int, out_channels: int, num_layers: int, config: UNetConfig, *, attention: bool,
                 downsample: bool):  # fmt: skip
        widths = [(in_channels, out_channels)] + [(out_channels, out_channels)] * (num_layers - 1)
        super().__init__(widths, config, attention=attention)
        self.downsamplers = nn.ModuleList([Downsample(out_channels)] if downsample else [])

    def forward(
        self, x: Tensor, conditioning: Conditioning, given: StageConditions
    ) -> tuple[Tensor, tuple[Tensor, ...], StageTokens]:
        """Returns the feature map, every intermediate one as skip connections, and the attention tokens."""
        skips: tuple[Tensor, ...] = ()
        tokens: StageTokens = ()
        for index in range(len(self.resnets)):
            x, own = self.layer(index, x, conditioning, given)
            skips, tokens = (*skips, x), tokens + own
        for downsample in self.downsamplers:
            x = downsample(x)
            skips = (*skips, x)
        return x, skips, tokens


class MidStage(Stage):
    """The lowest resolution: one layer and a residual block."""

    def __init__(self, channels: int, config: UNetConfig):
        temporal = config.temporal is not None and config.temporal.mid_block
        super().__init__([(channels, channels)], config, attention=True, temporal=temporal)
        self.resnets.append(_resnet(channels, channels, config))

    def forward(self, x: Tensor, conditioning: Conditioning, given: StageConditions) -> tuple[Tensor, StageTokens]:
        """Returns the feature map and the attention tokens."""
        x, tokens = self.layer(0, x, conditioning, given)
        return self.resnets[1](x, conditioning.timestep_embedding), tokens


class UpStage(Stage):
    """Layers that each join a skip connection, then a higher resolution."""

    def __init__(self, widths: Sequence[tuple[int, int]], config: UNetConfig, *, attention: bool, upsample: bool):
        super().__init__(widths, config, attention=attention)
        self.upsamplers = nn.ModuleList([Upsample(widths[-1][1])] if upsample else [])

    def forward(
        self,
        x: Tensor,
        skips: tuple[Tensor, ...],
        upsampled_size: torch.Size | None,
        conditioning: Conditioning,
        given: StageConditions,
    ) -> tuple[Tensor, StageTokens]:
        """Returns the feature map, enlarged to `upsampled_size` unless this is the last stage, and the tokens."""
        tokens: StageTokens = ()
        for index, skip in enumerate(reversed(skips)):
            x, own = self.layer(index, torch.cat([x, skip], dim=1), conditioning, given)
            tokens += own
        for upsample in self.upsamplers:
            x = upsample(x, upsampled_size)
        return x, tokens


def _resnet(in_channels: int, out_channels: int, config: UNetConfig) -> ResnetBlock:
    return ResnetBlock(
        in_channels, out_channels, embedding_dim=config.embedding_dim, groups=config.groups, eps=config.eps
    )
