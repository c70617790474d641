"""Muon: steps of weight matrices made orthogonal, which small networks learn from in fewer steps than from AdamW's."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

SMALLEST_SIDE = 32
"""Of a weight that counts as a matrix; smaller ones, biases and norms step as in AdamW."""
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration X <- aX + (bA + cA²)X, A = XXᵀ; singular values come near 1, not exactly to it."""
ITERATIONS = 5
EPSILON = 1e-8
RMS_OF_ADAMW = 0.2


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for matrices, AdamW for all else, under one learning rate.

    Matrices are weights of two dimensions or more, a convolution's as (out, in x height x width), both sides at least
    32. Their steps are scaled to the size that AdamW's usually have (Liu et al. 2025, "Muon is scalable", section 2.2),
    so that learning rates for AdamW can stay. torch's own Muon takes parameters of exactly two dimensions.

    Args:
        parameters: To be trained.
        lr: Learning rate.
        betas: Of AdamW.
        weight_decay: Decoupled, times the learning rate, for all parameters.
        momentum: Of matrices; Nesterov's.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        betas: tuple[float, float],
        weight_decay: float,
        momentum: float = 0.95,
    ):
        every = list(parameters)
        groups = [
            {"params": [p for p in every if is_matrix(p)], "matrices": True},
            {"params": [p for p in every if not is_matrix(p)], "matrices": False},
        ]
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of every parameter that has a gradient."""
        if closure is not None:
            raise ValueError("Muon takes the gradients that are there; it calls no closure.")
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            moves = _orthogonal_moves if group["matrices"] else _adam_moves
            for parameter, move in moves(moved, self.state, group):
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(move, alpha=-group["lr"])


def is_matrix(parameter: Tensor) -> bool:
    """Whether Muon takes a parameter as a matrix."""
    return parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= SMALLEST_SIDE


def orthogonalise(matrices: Float[Tensor, "n rows columns"]) -> Float[Tensor, "n rows columns"]:
    """The nearest matrices with singular values around 1 (0.7 to 1.2), by Newton-Schulz iterations in bfloat16."""
    a, b, c = NEWTON_SCHULZ
    wide = matrices.shape[1] <= matrices.shape[2]
    x = (matrices if wide else matrices.mT).bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x if wide else x.mT).to(matrices.dtype)


Moves = Iterator[tuple[Tensor, Tensor]]
"""Parameters, each with what it moves by at a learning rate of -1."""


def _orthogonal_moves(parameters: Sequence[Tensor], states: Mapping[Tensor, Any], group: dict[str, Any]) -> Moves:
    # A network has few shapes and hundreds of matrices, most too small to keep a processor busy: alike go together.
    alike: dict[tuple[int, int], list[Tensor]] = {}
    for parameter in parameters:
        alike.setdefault((parameter.shape[0], parameter[0].numel()), []).append(parameter)
    for shape, same in alike.items():
        ahead = torch.stack([_ahead(parameter, states[parameter], group["momentum"]) for parameter in same])
        moves = orthogonalise(ahead) * (RMS_OF_ADAMW * math.sqrt(max(shape)))
        yield from ((parameter, move.view_as(parameter)) for parameter, move in zip(same, moves, strict=True))


def _ahead(parameter: Tensor, state: dict[str, Any], decay: float) -> Float[Tensor, "rows columns"]:
    """Nesterov's momentum as a matrix."""
    gradient: Any = parameter.grad
    if not state:
        state["momentum"] = torch.zeros_like(gradient)
    momentum: Tensor = state["momentum"].mul_(decay).add_(gradient)
    return gradient.add(momentum, alpha=decay).flatten(1)


def _adam_moves(parameters: Sequence[Tensor], states: Mapping[Tensor, Any], group: dict[str, Any]) -> Moves:
    first, second = group["betas"]
    for parameter in parameters:
        gradient: Any = parameter.grad
        state = states[parameter]
        if not state:
            state |= {"step": torch.zeros(()), "mean": torch.zeros_like(gradient), "square": torch.zeros_like(gradient)}
        state["step"] += 1
        mean: Tensor = state["mean"].lerp_(gradient, 1 - first)
        square: Tensor = state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        step = float(state["step"])
        yield parameter, (mean / (1 - first**step)) / ((square / (1 - second**step)).sqrt() + EPSILON)
