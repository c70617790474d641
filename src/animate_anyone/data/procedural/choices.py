"""Picks one of several named choices by their weights."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice", bound=str)


def pick(rng: np.random.Generator, weights: Mapping[Choice, float]) -> Choice:
    """One of the keys, each as likely as its share of the weights."""
    edges = np.cumsum(list(weights.values()))
    index = int(np.searchsorted(edges, rng.uniform() * edges[-1], side="right"))
    return list(weights)[index]
