"""Spatial transformer: attention within a frame and to the reference, then to the image tokens (paper section 3.2)."""

from dataclasses import replace

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.models.conditions import Constant, LayerConditions
from animate_anyone.models.layers import Attention, FeedForward, spread
from animate_anyone.models.positions import body_angles, local_bias, rotary_angles


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
        return replace(given, image=image, reference=reference)

    def forward(
        self,
        x: Float[Tensor, "n t d"],
        given: LayerConditions,
        angles: Float[Tensor, "rows t h half"] | None,
        reference_angles: Float[Tensor, "reference_rows t h2 half"] | None,
    ) -> tuple[Float[Tensor, "n t d"], Float[Tensor, "n t d"]]:
        """Returns the result and the tokens that entered spatial attention: what a ReferenceNet is asked for."""
        tokens = self.norm1(x)
        x = x + self.attn1(
            tokens,
            tokens,
            reference=given.reference,
            sees_reference=given.sees_reference,
            angles=angles,
            reference_angles=reference_angles,
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
        self,
        channels: int,
        *,
        num_heads: int,
        context_dim: int,
        groups: int,
        rotary: bool,
        local_heads: int = 0,
        body_heads: int = 0,
    ):
        super().__init__()
        head_dim = channels // num_heads
        self.rotary_dim = head_dim if rotary else None
        self.body_heads, self.other_heads = body_heads, num_heads - body_heads
        bias = None
        if guided := body_heads + local_heads:
            if not rotary or guided > num_heads:
                raise ValueError(
                    f"body_heads and local_heads are {body_heads} and {local_heads}: they need rotary_positions, and "
                    f"no more than the {num_heads} heads that there are."
                )
            bias = torch.zeros(channels)
            bias[: guided * head_dim] = local_bias(head_dim).repeat(guided)
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
        self, x: Float[Tensor, "n c h w"], given: LayerConditions, body_map: Float[Tensor, "n 2 H W"] | None = None
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n t c"]]:
        height, width = x.shape[-2:]
        hidden = rearrange(self.proj_in(self.norm(x)), "n c h w -> n (h w) c")
        angles = self._angles(height, width, body_map, x.device)
        reference_angles = None
        if given.reference is not None:
            reference_angles = self._angles(height, width, given.reference_body_map, x.device)
        hidden, tokens = self.block(hidden, given, angles, reference_angles)
        hidden = rearrange(hidden, "n (h w) c -> n c h w", h=height, w=width)
        return x + self.proj_out(hidden), tokens

    def _angles(
        self, height: int, width: int, body_map: Float[Tensor, "n 2 H W"] | None, device: torch.device
    ) -> Float[Tensor, "rows t h half"] | None:
        """Of all heads alike where no head asks for places on the body, or they are not known."""
        if self.rotary_dim is None:
            return None
        in_picture = rotary_angles(height, width, self.rotary_dim, device)
        if not self.body_heads or body_map is None:
            return in_picture
        on_body = body_angles(body_map, height, width, self.rotary_dim)
        shape = (len(body_map), -1, self.other_heads, -1)
        return torch.cat([on_body.expand(-1, -1, self.body_heads, -1), in_picture.expand(shape)], dim=2)
