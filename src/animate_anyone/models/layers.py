"""Layers that both networks are made of: timestep embedding, residual block, resampling, attention, feed-forward.

Parameter names are those of diffusers' Stable Diffusion 1.5 UNet, so that its weights load without a map.
"""

import math

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from animate_anyone.models.conditions import KeyValue
from animate_anyone.models.positions import rotate


def sinusoidal_embedding(timestep: Int[Tensor, " b"], dim: int) -> Float[Tensor, "b {dim}"]:
    """Embeds timesteps as cosines, then sines, of geometrically spaced frequencies (fp32; Ho et al. 2020)."""
    half = dim // 2
    frequencies = torch.exp(-math.log(10_000) / half * torch.arange(half, device=timestep.device))
    angles = timestep[:, None].float() * frequencies[None, :]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class TimestepEmbedding(nn.Module):
    """Two linear layers over the sinusoidal embedding."""

    def __init__(self, channels: int, embedding_dim: int):
        super().__init__()
        self.channels = channels
        self.linear_1 = nn.Linear(channels, embedding_dim)
        self.linear_2 = nn.Linear(embedding_dim, embedding_dim)

    def forward(self, timestep: Int[Tensor, " b"]) -> Float[Tensor, "b e"]:
        sinusoids = sinusoidal_embedding(timestep, self.channels).to(self.linear_1.weight.dtype)
        return self.linear_2(F.silu(self.linear_1(sinusoids)))


class ResnetBlock(nn.Module):
    """Two 3x3 convolutions with group norm; the timestep embedding is added between them."""

    def __init__(self, in_channels: int, out_channels: int, *, embedding_dim: int, groups: int, eps: float):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, in_channels, eps=eps)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.time_emb_proj = nn.Linear(embedding_dim, out_channels)
        self.norm2 = nn.GroupNorm(groups, out_channels, eps=eps)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, x: Float[Tensor, "n c h w"], embedding: Float[Tensor, "n e"]) -> Float[Tensor, "n d h w"]:
        hidden = self.conv1(F.silu(self.norm1(x)))
        hidden = hidden + self.time_emb_proj(F.silu(embedding))[:, :, None, None]
        hidden = self.conv2(F.silu(self.norm2(hidden)))
        return hidden + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Downsample(nn.Module):
    """Halves height and width by a strided convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h2 w2"]:
        return self.conv(x)


class Upsample(nn.Module):
    """Enlarges to a given size by nearest neighbours, then convolves.

    The size is that of the skip connection to be joined next: where a side was odd before it was halved,
    doubling would not meet it.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Float[Tensor, "n c h w"], size: torch.Size) -> Float[Tensor, "n c h2 w2"]:
        return self.conv(F.interpolate(x, size=tuple(size), mode="nearest"))


class Attention(nn.Module):
    """Multi-head attention from `x` to a context, and to reference tokens where they are given.

    Args:
        dim: width of queries and result.
        num_heads: heads, of equal width.
        context_dim: width of the context; by default that of the queries.
        bias: (dim,) what queries and keys have added, to be trained from there; None: nothing, for good.
    """

    def __init__(
        self, dim: int, *, num_heads: int, context_dim: int | None = None, bias: Float[Tensor, " dim"] | None = None
    ):
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"Attention of width {dim} cannot be split into {num_heads} heads.")
        self.num_heads = num_heads
        self.to_q = nn.Linear(dim, dim, bias=bias is not None)
        self.to_k = nn.Linear(context_dim or dim, dim, bias=bias is not None)
        if bias is not None:
            for layer in (self.to_q, self.to_k):
                layer.bias = nn.Parameter(bias.clone())
        self.to_v = nn.Linear(context_dim or dim, dim, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])

    def project(self, tokens: Float[Tensor, "b t e"]) -> KeyValue:
        """Keys and values of tokens, which can stand for the tokens in `forward`."""
        return KeyValue(key=self.to_k(tokens), value=self.to_v(tokens))

    def to_one_token(self, token: Float[Tensor, "b 1 e"]) -> Float[Tensor, "b 1 d"]:
        """What attention to this token alone comes to for any query: the softmax over one key is 1."""
        return self.to_out[0](self.to_v(token))

    def forward(
        self,
        x: Float[Tensor, "n q d"],
        context: Float[Tensor, "m k e"] | KeyValue,
        *,
        reference: Float[Tensor, "b r d"] | KeyValue | None = None,
        sees_reference: Bool[Tensor, " b"] | None = None,
        angles: Float[Tensor, "rows q h half"] | None = None,
        reference_angles: Float[Tensor, "reference_rows r h2 half"] | None = None,
    ) -> Float[Tensor, "n q d"]:
        """Attends over context tokens and reference tokens together.

        Args:
            x: queries; n = batch x frames.
            context: key and value tokens; m divides n, a context is shared by the n / m frames that follow each other.
            reference: further key and value tokens, shared in the same way (paper section 3.2, "Spatial-Attention").
            sees_reference: samples with False attend to the context alone.
            angles: rotary positions of the queries, which context tokens, being as many, share.
            reference_angles: those of the reference tokens.
        """
        query = self._heads(self.to_q(x), angles)
        key, value = self._keys_and_values(context, len(x), angles)
        mask = None
        if reference is not None:
            own_tokens = key.shape[2]
            reference_key, reference_value = self._keys_and_values(reference, len(x), reference_angles)
            key = torch.cat([key, reference_key], dim=2)
            value = torch.cat([value, reference_value], dim=2)
            if sees_reference is not None:
                mask = spread(sees_reference[:, None], len(x)).repeat(1, key.shape[2])
                mask[:, :own_tokens] = True
                mask = mask[:, None, None, :]
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.to_out[0](rearrange(attended, "n heads t d -> n t (heads d)"))

    def _keys_and_values(
        self, tokens: Tensor | KeyValue, rows: int, angles: Tensor | None
    ) -> tuple[Float[Tensor, "{rows} heads t d"], Float[Tensor, "{rows} heads t d"]]:
        # What frames share is projected and turned before it is spread over them.
        projected = tokens if isinstance(tokens, KeyValue) else self.project(tokens)
        return spread(self._heads(projected.key, angles), rows), spread(self._heads(projected.value), rows)

    def _heads(
        self, tokens: Float[Tensor, "n t e"], angles: Float[Tensor, "rows t h half"] | None = None
    ) -> Float[Tensor, "n heads t d"]:
        split = rearrange(tokens, "n t (heads d) -> n t heads d", heads=self.num_heads)
        return (split if angles is None else rotate(split, angles)).transpose(1, 2)


def spread(tokens: Tensor, rows: int) -> Tensor:
    """Repeats each row for the frames that share it, so that there are `rows` rows."""
    if len(tokens) == rows:
        return tokens
    if rows % len(tokens):
        raise ValueError(f"{len(tokens)} rows of tokens cannot be shared evenly by {rows} frames.")
    return repeat(tokens, "b ... -> (b f) ...", f=rows // len(tokens))


class GEGLU(nn.Module):
    """A linear layer whose one half gates the other by an exact GELU."""

    def __init__(self, dim: int, inner_dim: int):
        super().__init__()
        self.proj = nn.Linear(dim, 2 * inner_dim)

    def forward(self, x: Float[Tensor, "n t d"]) -> Float[Tensor, "n t i"]:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    """GEGLU to four times the width, and back."""

    def __init__(self, dim: int):
        super().__init__()
        # The middle entry is diffusers' dropout: it keeps the index of the second linear layer at 2.
        self.net = nn.ModuleList([GEGLU(dim, 4 * dim), nn.Identity(), nn.Linear(4 * dim, dim)])

    def forward(self, x: Float[Tensor, "n t d"]) -> Float[Tensor, "n t d"]:
        for layer in self.net:
            x = layer(x)
        return x


def set_zero(layer: nn.Module) -> None:
    """Sets all parameters of a layer to zero, so that what it adds is learnt from nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
