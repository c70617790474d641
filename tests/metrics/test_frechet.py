"""The Fréchet distance in closed form, and against two other implementations."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor, nn

from animate_anyone.metrics.frechet import Array, Moments, frechet_distance, gaussian_distance, merge


def covariance_of(rng: np.random.Generator, dimensions: int) -> Array:
    root = rng.normal(size=(dimensions, dimensions))
    return root @ root.T


def test_commuting_covariances_in_closed_form():
    """Between axis-aligned Gaussians the distance is that of the means and of the standard deviations."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(24, 24)))[0]
    spreads1, spreads2, mean1, mean2 = rng.uniform(0.1, 3, (4, 24))
    distance = gaussian_distance(
        mean1, turn @ np.diag(spreads1**2) @ turn.T, mean2, turn @ np.diag(spreads2**2) @ turn.T
    )
    assert distance == pytest.approx(np.sum((mean1 - mean2) ** 2) + np.sum((spreads1 - spreads2) ** 2), rel=1e-9)


def test_one_dimension():
    assert gaussian_distance(np.array([1.0]), np.array([[4.0]]), np.array([4.0]), np.array([[25.0]])) == pytest.approx(
        3**2 + (2 - 5) ** 2
    )


def test_two_dimensions_that_do_not_commute():
    """The root of a 2 x 2 matrix has the trace sqrt(tr M + 2 sqrt(det M)), by its eigenvalues."""
    first, second = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.7], [-0.7, 3.0]])
    assert not np.allclose(first @ second, second @ first)
    product = first @ second
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = np.trace(first) + np.trace(second) - 2 * root
    zero = np.zeros(2)
    assert gaussian_distance(zero, first, zero, second) == pytest.approx(expected, rel=1e-9)


def test_agrees_with_the_matrix_root_of_scipy():
    rng = np.random.default_rng(1)
    first, second, mean = covariance_of(rng, 12), covariance_of(rng, 12), rng.normal(size=12)
    root = np.trace(sqrtm(first @ second)).real
    expected = mean @ mean + np.trace(first) + np.trace(second) - 2 * root
    assert gaussian_distance(mean, first, np.zeros(12), second) == pytest.approx(expected, rel=1e-6)


def test_fewer_samples_than_dimensions():
    """On features that lie in a few dimensions of many, the distance is the one within those dimensions."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(20, 5)), rng.normal(size=(20, 5)) @ rng.normal(size=(5, 5)) + 1
    frame = np.linalg.qr(rng.normal(size=(300, 5)))[0].T
    expected = frechet_distance(Moments.of(first), Moments.of(second))
    assert frechet_distance(Moments.of(first @ frame), Moments.of(second @ frame)) == pytest.approx(expected, rel=1e-6)


def test_a_set_is_at_no_distance_from_itself_and_distances_are_symmetric():
    rng = np.random.default_rng(3)
    first, second = Moments.of(rng.normal(size=(9, 40))), Moments.of(rng.normal(1, 2, size=(50, 40)))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-10 * np.trace(first.covariance))
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first), rel=1e-10)
    assert frechet_distance(first, second) > 1


def test_moments_of_parts_are_those_of_the_whole():
    """Even far from zero, where sums of squares would lose what matters."""
    features = np.random.default_rng(4).normal(1e6, 1, size=(31, 6))
    parts = merge([Moments.of(part) for part in np.split(features, [1, 9, 20])])
    assert parts.count == 31
    np.testing.assert_allclose(parts.mean, features.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(parts.covariance, np.cov(features, rowvar=False), rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match="read-only"):
        parts.mean[0] = 0


def test_agrees_with_torchmetrics():
    fid = pytest.importorskip("torchmetrics.image.fid", reason="needs the extra 'evaluate'")

    class MeanColours(nn.Module):
        num_features = 8

        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.double().unfold(3, 2, 2).mean(dim=(2, 4)).flatten(1)[:, :8] / 255

    metric = fid.FrechetInceptionDistance(feature=MeanColours(), input_img_size=(3, 8, 8)).set_dtype(torch.float64)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, 40, 3, 8, 8), generator=generator, dtype=torch.uint8)
    pictures[1] = pictures[1] // 2
    metric.update(pictures[0], real=True)
    metric.update(pictures[1], real=False)
    first, second = (Moments.of(MeanColours()(half).numpy()) for half in pictures)
    assert frechet_distance(first, second) == pytest.approx(float(metric.compute()), rel=1e-6)


def test_what_is_no_set_of_features_is_refused():
    with pytest.raises(ValueError, match=r"of shape \(N, D\).*got \(3,\)"):
        Moments.of(np.zeros(3))
    with pytest.raises(ValueError, match=r"got \(0, 3\)"):
        Moments.of(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="not finite"):
        Moments.of(np.full((2, 3), np.nan))
    one = Moments.of(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="two samples or more"):
        frechet_distance(one, one)
    with pytest.raises(ValueError, match=r"same dimensions; got \(3,\) and \(4,\)"):
        one.merged(Moments.of(np.zeros((2, 4))))
    with pytest.raises(ValueError, match="no moments"):
        merge([])
