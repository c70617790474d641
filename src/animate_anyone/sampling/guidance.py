"""Classifier-free guidance over two predictions (Ho and Salimans 2022)."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class DeepFeatures:
    """What a step leaves to the next ones, so that they need not compute it; None: not computed yet."""

    conditional: Tensor | None = None
    unconditional: Tensor | None = None
    parts: tuple["DeepFeatures", ...] = ()
    """In place of these, those of each device, where several share the windows."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What the network predicts with its conditions and, if guidance is wanted, without them."""

    conditional: Float[Tensor, "b c f h w"]
    unconditional: Float[Tensor, "b c f h w"] | None = None
    deep: DeepFeatures = DeepFeatures()


def guide(prediction: Prediction, scale: float) -> Float[Tensor, "b c f h w"]:
    """Moves from the unconditional prediction towards, and for a scale above 1 past, the conditional one."""
    if prediction.unconditional is None:
        return prediction.conditional
    return prediction.unconditional + scale * (prediction.conditional - prediction.unconditional)
