"""What is handed to the denoising UNet of the reference: tokens by a ReferenceNet, residuals by a ControlNet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class ReferenceFeatures:
    """Tokens (b, h*w, channels) by UNet stage, in the order in which the spatial-attention layers run.

    Each is the normalised input of one self-attention layer of the ReferenceNet. The layer of the same name in the
    denoising UNet takes them as further keys and values (paper section 3.2). Stages without attention are empty.
    """

    down: tuple[tuple[Tensor, ...], ...]
    mid: tuple[Tensor, ...]
    up: tuple[tuple[Tensor, ...], ...]
    body_map: Float[Tensor, "b 2 h w"] | None = None
    """Where on the body the pixels of the reference lie, for a network whose heads ask; None: not known."""
    sees_reference: Bool[Tensor, " b"] | None = None
    """Samples with False are denoised as if there were no reference; None: every sample sees its own."""

    def __iter__(self) -> Iterator[Tensor]:
        for stage in (*self.down, self.mid, *self.up):
            yield from stage

    def keep(self, mask: Bool[Tensor, " b"]) -> "ReferenceFeatures":
        """Hides the reference from the samples where `mask` is False (conditioning dropout in training)."""
        return replace(self, sees_reference=mask)

    def to(self, target: torch.device | torch.dtype | str) -> "ReferenceFeatures":
        """The same tokens on another device or in another dtype."""
        return replace(
            self,
            down=tuple(tuple(tokens.to(target) for tokens in stage) for stage in self.down),
            mid=tuple(tokens.to(target) for tokens in self.mid),
            up=tuple(tuple(tokens.to(target) for tokens in stage) for stage in self.up),
            body_map=None if self.body_map is None else self.body_map.to(target),
        )


@dataclass(frozen=True, kw_only=True)
class ControlResiduals:
    """Feature maps to be added to those of the denoising UNet, in every frame."""

    skips: tuple[Float[Tensor, "b _ _ _"], ...]
    """For the skip connections, in the order in which they are made."""
    mid: Float[Tensor, "b _ _ _"]
    """For the lowest resolution."""

    def __iter__(self) -> Iterator[Tensor]:
        yield from self.skips
        yield self.mid

    def keep(self, mask: Bool[Tensor, " b"]) -> "ControlResiduals":
        """Hides the reference from the samples where `mask` is False (conditioning dropout in training)."""
        return self._each(lambda residual: residual * mask[:, None, None, None])

    def to(self, target: torch.device | torch.dtype | str) -> "ControlResiduals":
        """The same residuals on another device or in another dtype."""
        return self._each(lambda residual: residual.to(target))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "ControlResiduals":
        return ControlResiduals(skips=tuple(change(residual) for residual in self.skips), mid=change(self.mid))
