"""The interpolation of latents that is compared with the recorded one."""

import pytest
import torch

from parity_checks.interpolate import interpolate_frames, linear, slerp


def noise(num_frames: int) -> torch.Tensor:
    return torch.randn(1, 2, num_frames, 4, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("interpolation", [linear, slerp])
def test_interpolation_keeps_the_frames_it_is_given(interpolation):
    latents = noise(4)
    dense = interpolate_frames(latents, 3, interpolation)
    assert dense.shape[2] == 10
    torch.testing.assert_close(dense[:, :, ::3], latents)


def test_slerp_keeps_the_length_of_noise():
    one, other = noise(2)[:, :, 0], noise(2)[:, :, 1]
    middle = slerp(one / one.norm(), other / other.norm(), 0.5)
    assert middle.norm().item() == pytest.approx(1.0, abs=1e-5)


def test_an_interpolation_factor_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        interpolate_frames(noise(2), 0)
