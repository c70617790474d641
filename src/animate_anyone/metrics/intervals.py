"""How sure a mean over clips is: bootstrap intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with the interval that holds 95 % of the means of resampled clips."""

    mean: float
    low: float
    high: float
    clips: int
    """How many had a value."""


def estimate(values: Sequence[float], generator: np.random.Generator, *, resamples: int = 2000) -> Estimate:
    """The mean over clips and its percentile bootstrap interval (Efron 1979).

    Clips without a value (not a number) are left out; without any, all is not a number.

    Args:
        values: One for each clip.
        generator: Chooses the resampled clips.
        resamples: How many means the interval is made of.
    """
    numbers = np.array([value for value in values if not np.isnan(value)], dtype=np.float64)
    if not numbers.size:
        return Estimate(mean=float("nan"), low=float("nan"), high=float("nan"), clips=0)
    means = numbers[generator.integers(len(numbers), size=(resamples, len(numbers)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(mean=float(numbers.mean()), low=float(low), high=float(high), clips=len(numbers))
