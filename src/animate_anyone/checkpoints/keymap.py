"""Weight maps as data: how the keys of a published file become ours, and a load that accepts nothing less than all.

Every source key is mapped or dropped by a rule with a reason. What is left over, missing, of the wrong shape or not
finite is an error that names it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from animate_anyone.errors import CheckpointError

NAMES_SHOWN = 3


@dataclass(frozen=True)
class Rename:
    """Replaces what `pattern` (a regular expression) finds in a key."""

    pattern: str
    replacement: str


@dataclass(frozen=True)
class Drop:
    """Leaves out keys that `pattern` (a regular expression) matches from start to end."""

    pattern: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class KeyMap:
    """Rules applied to every key: first the drops, then all renames in order."""

    drops: tuple[Drop, ...] = ()
    renames: tuple[Rename, ...] = ()

    def target(self, key: str) -> str | None:
        """The key in our model, or None for a key dropped on purpose."""
        if any(re.fullmatch(drop.pattern, key) for drop in self.drops):
            return None
        for rename in self.renames:
            key = re.sub(rename.pattern, rename.replacement, key)
        return key

    def apply(self, tensors: Mapping[str, Tensor], *, source: str) -> dict[str, Tensor]:
        """The same tensors under our keys.

        Raises:
            CheckpointError: two source keys end at one target.
        """
        mapped: dict[str, Tensor] = {}
        origin: dict[str, str] = {}
        for key, tensor in tensors.items():
            target = self.target(key)
            if target is None:
                continue
            if target in mapped:
                raise CheckpointError(
                    f"{source}: '{origin[target]}' and '{key}' are both weights of '{target}'. The file mixes two "
                    "spellings of one model; use a copy that has one."
                )
            mapped[target], origin[target] = tensor, key
        return mapped


IDENTITY = KeyMap()


def load_into(
    model: nn.Module,
    tensors: Mapping[str, Tensor],
    *,
    source: str,
    keymap: KeyMap = IDENTITY,
    keep: str | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Loads a model strictly; its parameters become the tensors given, without a second copy.

    Args:
        model: may have been built on the meta device.
        tensors: weights under the source's keys.
        source: what the tensors are, for messages: a file name.
        keymap: rules from the source's keys to the model's.
        keep: pattern of model keys that the source does not have and that keep the value they have in the model.
        dtype: of the loaded model; None keeps the dtype that the model was built with.

    Raises:
        CheckpointError: weights are missing, left over, of the wrong shape or not finite.
    """
    mapped = keymap.apply(tensors, source=source)
    expected = model.state_dict()
    kept = {key: value for key, value in expected.items() if keep is not None and re.search(keep, key)}
    model_name = type(model).__name__

    check_shapes(
        {key: tuple(tensor.shape) for key, tensor in mapped.items()},
        {key: tuple(tensor.shape) for key, tensor in expected.items() if key not in kept},
        source=source,
        model_name=model_name,
    )
    not_finite = [key for key, tensor in mapped.items() if not tensor.isfinite().all()]
    if not_finite:
        raise CheckpointError(
            f"{source}: {counted(not_finite, 'weight')} of {model_name} with NaN or infinite values: "
            f"{shown(not_finite)}. The file is damaged; download it again."
        )

    cast = {key: _cast(tensor, expected[key], dtype) for key, tensor in mapped.items()}
    model.load_state_dict(cast | kept, strict=True, assign=True)


def check_shapes(
    given: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]], *, source: str, model_name: str
) -> None:
    """Compares the shapes of given weights with those that a model has.

    Raises:
        CheckpointError: weights are missing, left over, or of the wrong shape.
    """
    missing = [key for key in expected if key not in given]
    if missing:
        raise CheckpointError(
            f"{source}: {counted(missing, 'weight')} of {model_name} missing: {shown(missing)}. "
            "The file is incomplete or belongs to another model."
        )
    left_over = [key for key in given if key not in expected]
    if left_over:
        raise CheckpointError(
            f"{source}: {counted(left_over, 'weight')} left over that {model_name} does not have: "
            f"{shown(left_over)}. The file belongs to another model, or the model was configured differently."
        )
    wrong = [f"{key} {given[key]} instead of {shape}" for key, shape in expected.items() if given[key] != shape]
    if wrong:
        raise CheckpointError(
            f"{source}: {counted(wrong, 'weight')} of the wrong shape for {model_name}: {shown(wrong)}. "
            "The file belongs to a model of another size; check its config.json."
        )


def counted(names: Collection[str], noun: str) -> str:
    """'1 weight', '2 weights'."""
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}"


def shown(names: Iterable[str]) -> str:
    """The first few of many names."""
    names = list(names)
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _cast(tensor: Tensor, expected: Tensor, dtype: torch.dtype | None) -> Tensor:
    if not expected.is_floating_point():
        return tensor.to(expected.dtype)
    return tensor.to(dtype or expected.dtype)
