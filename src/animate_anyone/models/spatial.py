"""Spatial transformer: attention within a frame and to the reference, then to the image tokens (paper section 3.2)."""

from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from animate_anyone.models.layers import Attention, FeedForward
from animate_anyone.models.positions import rotary_angles


class SpatialTransformerBlock(nn.Module):
    """Spatial attention, cross-attention and feed-forward, each with its residual."""

    def __init__(self, dim: int, *, num_heads: int, context_dim: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn1 = Attention(dim, num_heads=num_heads)
        self.norm2 = nn.LayerNorm(dim)
        self.attn2 = Attention(dim, num_heads=num_heads, context_dim=context_dim)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = FeedForward(dim)

    def forward(
        self,
        x: Float[Tensor, "n t d"],
        image_tokens: Float[Tensor, "b k e"],
        reference: Float[Tensor, "b r d"] | None,
        sees_reference: Bool[Tensor, " b"] | None,
        angles: Float[Tensor, "t half"] | None,
    ) -> tuple[Float[Tensor, "n t d"], Float[Tensor, "n t d"]]:
        """Returns the result and the tokens that entered spatial attention: what a ReferenceNet is asked for."""
        tokens = self.norm1(x)
        x = x + self.attn1(tokens, tokens, reference=reference, sees_reference=sees_reference, angles=angles)
        x = x + self.attn2(self.norm2(x), image_tokens)
        x = x + self.ff(self.norm3(x))
        return x, tokens


class SpatialTransformer(nn.Module):
    """One transformer block over the pixels of each frame, as a residual of the feature map."""

    def __init__(self, channels: int, *, num_heads: int, context_dim: int, groups: int, rotary: bool):
        super().__init__()
        self.rotary_dim = channels // num_heads if rotary else None
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList(
            [SpatialTransformerBlock(channels, num_heads=num_heads, context_dim=context_dim)]
        )
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(
        self,
        x: Float[Tensor, "n c h w"],
        image_tokens: Float[Tensor, "b k e"],
        reference: Float[Tensor, "b r c"] | None,
        sees_reference: Bool[Tensor, " b"] | None,
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n t c"]]:
        height, width = x.shape[-2:]
        hidden = rearrange(self.proj_in(self.norm(x)), "n c h w -> n (h w) c")
        angles = None if self.rotary_dim is None else rotary_angles(height, width, self.rotary_dim, x.device)
        hidden, tokens = self.transformer_blocks[0](hidden, image_tokens, reference, sees_reference, angles)
        hidden = rearrange(hidden, "n (h w) c -> n c h w", h=height, w=width)
        return x + self.proj_out(hidden), tokens
