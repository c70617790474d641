"""Temporal attention: each pixel attends to itself in the other frames of the window.

Paper section 3.2, "Temporal Layer". The layer is AnimateDiff's motion module and carries its parameter names.
"""

import math

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.layers import Attention, FeedForward, set_zero


def sinusoidal_positions(length: int, channels: int) -> Float[Tensor, "1 {length} {channels}"]:
    """Sines at even and cosines at odd channels, of geometrically spaced frequencies (Vaswani et al. 2017)."""
    positions = torch.arange(length)[:, None]
    frequencies = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000.0) / channels))
    table = torch.zeros(1, length, channels)
    table[0, :, 0::2] = torch.sin(positions * frequencies)
    table[0, :, 1::2] = torch.cos(positions * frequencies)
    return table


class PositionEncoding(nn.Module):
    """Adds the position of the frame in its window."""

    def __init__(self, channels: int, max_frames: int):
        super().__init__()
        # Published motion modules store this table, so it is part of the state dict.
        self.register_buffer("pe", sinusoidal_positions(max_frames, channels))

    def forward(self, x: Float[Tensor, "p f c"]) -> Float[Tensor, "p f c"]:
        positions = self.get_buffer("pe")
        max_frames = positions.shape[1]
        if x.shape[1] > max_frames:
            raise ValueError(
                f"A window of {x.shape[1]} frames is longer than the {max_frames} positions of the temporal attention; "
                "choose a smaller window."
            )
        return x + positions[:, : x.shape[1]].to(x.dtype)


class TemporalAttention(Attention):
    """Self-attention over frames, with the positions that are to be added to what it attends to."""

    def __init__(self, dim: int, *, num_heads: int, max_frames: int):
        super().__init__(dim, num_heads=num_heads)
        self.pos_encoder = PositionEncoding(dim, max_frames)


class TemporalTransformerBlock(nn.Module):
    """Two attentions over time and a feed-forward, each with its residual."""

    def __init__(self, dim: int, *, num_heads: int, max_frames: int):
        super().__init__()
        self.attention_blocks = nn.ModuleList(
            [TemporalAttention(dim, num_heads=num_heads, max_frames=max_frames) for _ in range(2)]
        )
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(2)])
        self.ff = FeedForward(dim)
        self.ff_norm = nn.LayerNorm(dim)

    def forward(self, x: Float[Tensor, "p f c"]) -> Float[Tensor, "p f c"]:
        for norm, attention in zip(self.norms, self.attention_blocks, strict=True):
            assert isinstance(attention, TemporalAttention)
            # Queries, keys and values alike know the position of their frame.
            tokens = attention.pos_encoder(norm(x))
            x = x + attention(tokens, tokens)
        return x + self.ff(self.ff_norm(x))


class TemporalTransformer(nn.Module):
    """Folds the pixels into the batch, attends over the frames, unfolds; a residual that starts at zero."""

    def __init__(self, channels: int, *, num_heads: int, groups: int, max_frames: int):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList(
            [TemporalTransformerBlock(channels, num_heads=num_heads, max_frames=max_frames)]
        )
        self.proj_out = nn.Linear(channels, channels)
        # At the start of stage 2 the network is that of stage 1.
        set_zero(self.proj_out)

    def forward(self, x: Float[Tensor, "n c h w"], num_frames: int) -> Float[Tensor, "n c h w"]:
        height, width = x.shape[-2:]
        hidden = rearrange(self.norm(x), "(b f) c h w -> (b h w) f c", f=num_frames)
        hidden = self.proj_out(self.transformer_blocks[0](self.proj_in(hidden)))
        return x + rearrange(hidden, "(b h w) f c -> (b f) c h w", h=height, w=width)


class MotionModule(nn.Module):
    """The level of names that AnimateDiff's checkpoints have around the transformer."""

    def __init__(self, channels: int, *, num_heads: int, groups: int, max_frames: int):
        super().__init__()
        self.temporal_transformer = TemporalTransformer(
            channels, num_heads=num_heads, groups=groups, max_frames=max_frames
        )

    def forward(self, x: Float[Tensor, "n c h w"], num_frames: int) -> Float[Tensor, "n c h w"]:
        return self.temporal_transformer(x, num_frames)
