"""Fréchet distance of two sets of features, each taken for a Gaussian: what FID, FID-VID and FVD are made of.

The distance is equation 6 of Heusel et al. 2017 ("GANs Trained by a Two Time-Scale Update Rule..."):
|m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½), on means m and sample covariances C. The features of a set are never kept:
`Moments` of parts of a set are merged into those of the whole.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Features = npt.NDArray[np.floating]
"""Features of N samples, (N, D)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Count, mean and spread of a set of features, in float64; the arrays are read-only."""

    count: int
    mean: Array
    """(D,)."""
    scatter: Array
    """(D, D): the sum over samples of the outer product of their deviation from the mean."""

    @classmethod
    def of(cls, features: Features) -> "Moments":
        """The moments of features (N, D).

        Raises:
            ValueError: They are not of two dimensions, empty, or not finite.
        """
        values = np.asarray(features, dtype=np.float64)
        if values.ndim != 2 or not values.size:
            raise ValueError(f"Features must be of shape (N, D) with neither of them 0; got {values.shape}.")
        if not np.isfinite(values).all():
            raise ValueError("There are features that are not finite.")
        mean = values.mean(axis=0)
        deviation = values - mean
        return cls(count=len(values), mean=_fixed(mean), scatter=_fixed(deviation.T @ deviation))

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both sets together (Chan et al. 1979: no difference of large sums is taken).

        Raises:
            ValueError: The features have different dimensions.
        """
        _check_dimensions(self.mean, other.mean)
        count = self.count + other.count
        shift = other.mean - self.mean
        return Moments(
            count=count,
            mean=_fixed(self.mean + shift * (other.count / count)),
            scatter=_fixed(self.scatter + other.scatter + np.outer(shift, shift) * (self.count * other.count / count)),
        )

    @property
    def covariance(self) -> Array:
        """The sample covariance (D, D), with N - 1 in the denominator.

        Raises:
            ValueError: There is one sample only.
        """
        if self.count < 2:
            raise ValueError("A covariance needs two samples or more; there is one.")
        return self.scatter / (self.count - 1)


def merge(parts: list[Moments]) -> Moments:
    """The moments of all parts together.

    Raises:
        ValueError: There is none, or the features have different dimensions.
    """
    if not parts:
        raise ValueError("There are no moments to merge.")
    return reduce(Moments.merged, parts)


def frechet_distance(first: Moments, second: Moments) -> float:
    """The Fréchet distance between two sets, not below 0.

    With fewer samples than dimensions it is a distance still, but larger than that of more samples would be: compare
    numbers of the same counts only.

    Raises:
        ValueError: A set has one sample only, or the features have different dimensions.
    """
    return gaussian_distance(first.mean, first.covariance, second.mean, second.covariance)


def gaussian_distance(mean1: Array, covariance1: Array, mean2: Array, covariance2: Array) -> float:
    """The Fréchet distance between two Gaussians, not below 0, from means (D,) and covariances (D, D).

    With factors C1 = A Aᵀ and C2 = B Bᵀ, tr (C1 C2)^½ is the sum of the singular values of AᵀB. No root is taken of a
    product, so singular covariances need no offset and nothing turns complex.

    Raises:
        ValueError: The Gaussians have different dimensions.
    """
    _check_dimensions(mean1, mean2)
    difference = mean1 - mean2
    cross = np.linalg.svd(_factor(covariance1).T @ _factor(covariance2), compute_uv=False).sum()
    traces = np.trace(covariance1) + np.trace(covariance2)
    return max(float(difference @ difference + traces - 2 * cross), 0.0)


def _factor(covariance: Array) -> Array:
    """A matrix (D, R) with A Aᵀ = C, of as many columns as C has directions beyond rounding."""
    variances, directions = np.linalg.eigh(covariance)
    # What eigh leaves of a zero is about epsilon, and its root would be far from small.
    kept = variances > variances[-1] * len(variances) * np.finfo(np.float64).eps
    return directions[:, kept] * np.sqrt(variances[kept])


def _check_dimensions(mean1: Array, mean2: Array) -> None:
    if mean1.shape != mean2.shape:
        raise ValueError(f"The features must have the same dimensions; got {mean1.shape} and {mean2.shape}.")


def _fixed(array: Array) -> Array:
    array.setflags(write=False)
    return array
