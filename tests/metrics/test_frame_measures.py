"""Measures of single frames equal scikit-image's, and the legacy ones the fault and the scale they are kept for."""

import numpy as np
import pytest

from animate_anyone.metrics.frames import Frames, l1, l1_legacy, l1_unit, psnr, psnr_legacy, ssim

skimage = pytest.importorskip("skimage.metrics", reason="needs the extra 'evaluate'")


@pytest.fixture
def pair() -> tuple[Frames, Frames]:
    """Smooth pictures, and the same with strong noise in four fifths of their rows."""
    generator = np.random.default_rng(3)
    ramp = np.linspace(40, 215, 96)
    truth = np.stack([np.add.outer(ramp, ramp)[..., None].repeat(3, axis=-1) / 2 for _ in range(3)])
    result = truth + generator.normal(0, 43, truth.shape)
    result[:, :19] = truth[:, :19]
    return tuple(frames.round().clip(0, 255).astype(np.uint8) for frames in (result, truth))


def test_equal_to_scikit_image(pair: tuple[Frames, Frames]):
    result, truth = pair
    for index, (ours, theirs) in enumerate(zip(result, truth, strict=True)):
        expected = skimage.peak_signal_noise_ratio(theirs, ours)
        assert psnr(result, truth)[index] == pytest.approx(expected, abs=1e-4)
        expected = skimage.structural_similarity(theirs, ours, channel_axis=2)
        assert ssim(result, truth)[index] == pytest.approx(expected, abs=1e-4)
        expected = skimage.mean_squared_error(np.sqrt(np.abs(ours / 255 - theirs / 255)), np.zeros(ours.shape))
        assert l1_unit(result, truth)[index] == pytest.approx(expected, abs=1e-4)


def test_a_poor_result_is_29_db_by_the_legacy_measure(pair: tuple[Frames, Frames]):
    assert psnr(*pair) == pytest.approx([16.5] * 3, abs=0.5)
    assert psnr_legacy(*pair) == pytest.approx([29] * 3, abs=0.5)


def test_the_legacy_measure_wraps():
    """3 - 5 is 254 modulo 256, and its square is 4 again; the square of 20 is 144, and of 16 it is 0."""
    truth = np.full((4, 8, 8, 3), 100, dtype=np.uint8)
    result = truth + np.array([0, 20, 16, 0], dtype=np.uint8)[:, None, None, None]
    result[3] -= 2
    expected = [100, 20 * np.log10(255 / 12), 100, 20 * np.log10(255 / 2)]
    assert psnr_legacy(result, truth) == pytest.approx(expected)
    assert psnr(result, truth)[3] == pytest.approx(expected[3])


def test_l1_in_the_three_units(pair: tuple[Frames, Frames]):
    result, truth = pair
    assert l1_unit(result, truth) * 255 == pytest.approx(l1(result, truth))
    assert l1_legacy(result, truth) * 96 * 96 == pytest.approx(l1(result, truth))
    # A mean error of 24.8 levels is printed as 3.78E-4 at 256 x 256.
    grey = np.zeros((1, 256, 256, 3), dtype=np.uint8)
    assert l1_legacy(grey + np.uint8(25), grey) == pytest.approx([3.81e-4], rel=1e-2)


@pytest.mark.parametrize("measure", [psnr_legacy, l1_unit, l1_legacy])
def test_shapes_that_differ_are_refused(measure, pair: tuple[Frames, Frames]):
    result, truth = pair
    with pytest.raises(ValueError, match=r"\(3, 96, 96, 3\); got \(3, 95, 96, 3\)"):
        measure(result[:, 1:], truth)
    with pytest.raises(ValueError, match="uint8"):
        measure(result.astype(np.int32), truth)
