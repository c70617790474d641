"""Counts what networks take, without computing anything: on the meta device, where tensors have shapes alone.

Work is counted as floating-point operations of products, a multiplication and an addition being two, and as values that
all other operations read and write. Memory is the most values that are alive at once: tensors on the meta device come
and go exactly as they do where they are computed.
"""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

CONVOLUTION = "convolution"
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What there is to compute."""

    matrices: float = 0
    """Floating-point operations of products of matrices."""
    convolutions: float = 0
    """Those of convolutions."""
    attention: float = 0
    """Those of the two products in attention."""
    moved: float = 0
    """Values that other operations read and write."""

    @property
    def flops(self) -> float:
        """All floating-point operations that are counted."""
        return self.matrices + self.convolutions + self.attention

    def __add__(self, other: "Work") -> "Work":
        return Work(
            matrices=self.matrices + other.matrices,
            convolutions=self.convolutions + other.convolutions,
            attention=self.attention + other.attention,
            moved=self.moved + other.moved,
        )

    def __mul__(self, times: float) -> "Work":
        return Work(
            matrices=self.matrices * times,
            convolutions=self.convolutions * times,
            attention=self.attention * times,
            moved=self.moved * times,
        )


@dataclass(frozen=True, kw_only=True)
class Count:
    """What a call takes."""

    work: Work
    peak: int
    """The most values alive at once that the call made, its result among them."""


def counted(run: Callable[[], Result]) -> tuple[Count, Result]:
    """Counts what `run`, on tensors of the meta device, takes; also returns its result."""
    counter = _Counter()
    with torch.no_grad(), counter, _OneAttention(counter):
        result = run()
    return Count(work=Work(**counter.totals), peak=counter.peak), result


def num_values(tensors: Iterable[Tensor]) -> int:
    """Values in tensors."""
    return sum(tensor.numel() for tensor in tensors)


class _OneAttention(TorchFunctionMode):
    """Takes attention for one operation that keeps no matrix of all pairs, as it is where it is computed."""

    def __init__(self, counter: "_Counter"):
        super().__init__()
        self.counter = counter

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not F.scaled_dot_product_attention:
            return func(*args, **kwargs)
        query, key, value = (*args, *(kwargs[name] for name in ("query", "key", "value")[len(args) :]))[:3]
        *rows, queries, width = query.shape
        self.counter.add(
            "attention", 2 * query[..., 0, 0].numel() * queries * key.shape[-2] * (width + value.shape[-1])
        )
        return query.new_empty(*rows, queries, value.shape[-1])


class _Counter(TorchDispatchMode):
    """Sees every operation below autograd, and the life of every result."""

    def __init__(self):
        super().__init__()
        self.totals: dict[str, float] = {}
        self.alive = self.peak = 0
        self.known: set[int] = set()

    def add(self, kind: str, amount: float) -> None:
        """Adds to a total."""
        self.totals[kind] = self.totals.get(kind, 0) + amount

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = [value for value in tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
        result = func(*args, **kwargs)
        made = [value for value in tree_leaves(result) if isinstance(value, Tensor)]
        shared = {id(tensor.untyped_storage()) for tensor in given}
        new = [tensor for tensor in made if id(tensor.untyped_storage()) not in shared]
        packet = func._overloadpacket
        if packet in flop_registry:
            kind = "convolutions" if CONVOLUTION in packet.__name__ else "matrices"
            self.add(kind, flop_registry[packet](*args, **kwargs, out_val=result))
        elif new and given:
            self.add("moved", num_values(given) + num_values(made))
        for tensor in new:
            self._follow(tensor)
        return result

    def _follow(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if id(storage) in self.known:
            return
        self.known.add(id(storage))
        # Everything on the meta device counts as single precision; whoever asks knows what it will be in.
        values = storage.nbytes() // 4
        self.alive += values
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._forget, id(storage), values)

    def _forget(self, identity: int, values: int) -> None:
        self.known.discard(identity)
        self.alive -= values
