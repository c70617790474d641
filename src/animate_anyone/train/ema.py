"""Exponential moving average of the trained parameters."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Averages of parameters in float32; early steps count more, so that the random start is soon forgotten."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], *, decay: float):
        self.parameters = dict(parameters)
        self.decay = decay
        self.values = {name: value.detach().float().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the parameters as they are after `step` optimiser steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        current = [self.parameters[name].float() for name in self.values]
        torch._foreach_lerp_(list(self.values.values()), current, 1 - decay)  # pyright: ignore[reportPrivateUsage]

    @torch.no_grad()
    def load(self, values: Mapping[str, Tensor]) -> None:
        """Replaces the averages by stored ones."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @contextmanager
    def applied(self) -> Generator[None]:
        """Within the block the networks hold the averages."""
        trained = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        assign(self.parameters, self.values)
        try:
            yield
        finally:
            assign(self.parameters, trained)


@torch.no_grad()
def assign(parameters: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    """Copies values into parameters of the same names."""
    for name, parameter in parameters.items():
        parameter.copy_(values[name])
