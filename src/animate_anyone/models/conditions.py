"""What each layer is given of image tokens and reference: tokens, or what was projected of them once a clip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from animate_anyone.models.reference_features import ControlResiduals


@dataclass(frozen=True, kw_only=True)
class KeyValue:
    """Tokens as an attention projects them."""

    key: Float[Tensor, "b t d"]
    value: Float[Tensor, "b t d"]


@dataclass(frozen=True, kw_only=True)
class Constant:
    """What cross-attention to a single token adds: the softmax over one key is 1, whatever the query."""

    value: Float[Tensor, "b 1 d"]


@dataclass(frozen=True, kw_only=True)
class LayerConditions:
    """What one spatial transformer is given."""

    image: Float[Tensor, "b k e"] | KeyValue | Constant
    """For cross-attention."""
    reference: Float[Tensor, "b r c"] | KeyValue | None = None
    """For spatial attention, beside the tokens of the frame."""
    reference_body_map: Float[Tensor, "b 2 h w"] | None = None
    """Where on the body the reference lies, at the size of the latents; None: not known."""
    sees_reference: Bool[Tensor, " b"] | None = None
    """False: the sample attends to itself alone. None: every sample attends to its reference if there is one."""


StageConditions = tuple[LayerConditions, ...]
"""For each spatial transformer of a stage, in order; empty for a stage without attention."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What all layers of a network are given; b samples may stand for any number of windows and frames."""

    stages: tuple[StageConditions, ...]
    """In the order in which the stages run."""
    residuals: ControlResiduals | None = None
    """Added to the feature maps of every frame."""

    def to(self, device: torch.device) -> "Conditions":
        """The same on another device."""
        return with_tensors(self, lambda tensor: tensor.to(device))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in dataclasses and tuples, in the order of their fields."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for part in value:  # pyright: ignore[reportUnknownVariableType]
            yield from tensors_in(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name))


def with_tensors(value: Any, make: Callable[[Tensor], Tensor]) -> Any:
    """The same dataclasses and tuples with what `make` makes of each tensor, in the order of `tensors_in`."""
    if isinstance(value, Tensor):
        return make(value)
    if isinstance(value, tuple):
        return tuple(with_tensors(part, make) for part in value)  # pyright: ignore[reportUnknownVariableType]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: with_tensors(getattr(value, field.name), make) for field in fields(value)})
    return value
