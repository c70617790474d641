"""Spatial transformer: attention within a frame and to the reference, then to the image tokens (paper section 3.2)."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.conditions import Constant, LayerConditions
from animate_anyone.models.layers import Attention, FeedForward, spread
from animate_anyone.models.positions import local_bias, rotary_angles


class SpatialTransformerBlock(nn.Module):
    """Spatial attention, cross-attention and feed-forward, each with its residual."""

    def __init__(self, dim: int, *, num_heads: int, context_dim: int, bias: Float[Tensor, " dim"] | None = None):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn1 = Attention(dim, num_heads=num_heads, bias=bias)
        self.norm2 = nn.LayerNorm(dim)
        self.attn2 = Attention(dim, num_heads=num_heads, context_dim=context_dim)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = FeedForward(dim)

    def project(self, given: LayerConditions) -> LayerConditions:
        """Does with the tokens what does not depend on frames and steps, so that it need not be done for each."""
        image, reference = given.image, given.reference
        if isinstance(image, Tensor):
            one_token = image.shape[1] == 1
            image = Constant(value=self.attn2.to_one_token(image)) if one_token else self.attn2.project(image)
        if isinstance(reference, Tensor):
            reference = self.attn1.project(reference)
        return LayerConditions(image=image, reference=reference, sees_reference=given.sees_reference)

    def forward(
        self, x: Float[Tensor, "n t d"], given: LayerConditions, angles: Float[Tensor, "t half"] | None
    ) -> tuple[Float[Tensor, "n t d"], Float[Tensor, "n t d"]]:
        """Returns the result and the tokens that entered spatial attention: what a ReferenceNet is asked for."""
        tokens = self.norm1(x)
        x = x + self.attn1(
            tokens, tokens, reference=given.reference, sees_reference=given.sees_reference, angles=angles
        )
        if isinstance(given.image, Constant):
            x = x + spread(given.image.value, len(x))
        else:
            x = x + self.attn2(self.norm2(x), given.image)
        x = x + self.ff(self.norm3(x))
        return x, tokens


class SpatialTransformer(nn.Module):
    """One transformer block over the pixels of each frame, as a residual of the feature map."""

    def __init__(
        self, channels: int, *, num_heads: int, context_dim: int, groups: int, rotary: bool, local_heads: int = 0
    ):
        super().__init__()
        head_dim = channels // num_heads
        self.rotary_dim = head_dim if rotary else None
        bias = None
        if local_heads:
            if not rotary or local_heads > num_heads:
                raise ValueError(
                    f"local_heads is {local_heads}: it needs rotary_positions, and no more than the {num_heads} heads "
                    "that there are."
                )
            bias = torch.zeros(channels)
            bias[: local_heads * head_dim] = local_bias(head_dim).repeat(local_heads)
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList(
            [SpatialTransformerBlock(channels, num_heads=num_heads, context_dim=context_dim, bias=bias)]
        )
        self.proj_out = nn.Conv2d(channels, channels, 1)

    @property
    def block(self) -> SpatialTransformerBlock:
        """The only block; the list around it keeps the names of the parameters."""
        block = self.transformer_blocks[0]
        assert isinstance(block, SpatialTransformerBlock)
        return block

    def forward(
        self, x: Float[Tensor, "n c h w"], given: LayerConditions
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n t c"]]:
        height, width = x.shape[-2:]
        hidden = rearrange(self.proj_in(self.norm(x)), "n c h w -> n (h w) c")
        angles = None if self.rotary_dim is None else rotary_angles(height, width, self.rotary_dim, x.device)
        hidden, tokens = self.block(hidden, given, angles)
        hidden = rearrange(hidden, "n (h w) c -> n c h w", h=height, w=width)
        return x + self.proj_out(hidden), tokens
