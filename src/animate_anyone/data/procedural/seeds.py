"""Seeds: which belong to which split, and a random generator for each purpose."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

Split = Literal["train", "validation", "test"]

SPLITS: Mapping[Split, range] = MappingProxyType(
    {"train": range(100_000), "validation": range(100_000, 110_000), "test": range(110_000, 120_000)}
)
"""Seeds of characters and, equally, of motions. No seed is in two splits, so neither a character nor a motion
met in training is met again in validation or test."""


def generator(purpose: str, seed: int) -> np.random.Generator:
    """A generator that depends on both arguments, so that character 7 and motion 7 have nothing in common.

    Raises:
        ValueError: The seed is negative.
    """
    if seed < 0:
        raise ValueError(f"A {purpose} seed must not be negative; got {seed}.")
    return np.random.default_rng([*purpose.encode(), seed])
