"""Conditions projected once a clip predict what the tokens themselves do."""

import pytest
import torch

from animate_anyone import ControlNet, DenoisingUNet, ReferenceNet
from tiny import TINY_TEMPORAL, TINY_UNET, randomised


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


LATENTS, POSE = noise(2, 4, 3, 8, 6), noise(2, 16, 3, 8, 6, seed=1)
TIMESTEP = torch.tensor([499, 20])


def unet(**options) -> DenoisingUNet:
    return randomised(DenoisingUNet(**TINY_UNET, **TINY_TEMPORAL, **options), 2)


@torch.no_grad()
@pytest.mark.parametrize("num_tokens", [1, 3])
@pytest.mark.parametrize("rotary", [False, True])
def test_projected_once_they_serve_any_number_of_windows(num_tokens, rotary):
    network = unet(rotary_positions=rotary)
    tokens = noise(1, num_tokens, 24, seed=2)
    reference_net = randomised(ReferenceNet(**TINY_UNET, rotary_positions=rotary), 1)
    for reference in (None, reference_net(noise(1, 4, 8, 6, seed=3), tokens)):
        conditions = network.project(tokens, reference)
        projected = network(LATENTS, TIMESTEP, conditions, pose_features=POSE)
        plain = torch.cat([
            network(*one, tokens, pose_features=pose, reference=reference)
            for *one, pose in zip(LATENTS.split(1), TIMESTEP.split(1), POSE.split(1), strict=True)
        ])  # fmt: skip
        torch.testing.assert_close(projected, plain, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_samples_keep_their_own_conditions(reference_net, denoising_unet):
    tokens = noise(2, 1, 24, seed=2)
    reference = reference_net(noise(2, 4, 8, 6, seed=3), tokens)
    for features in (reference, reference.keep(torch.tensor([True, False]))):
        projected = denoising_unet(LATENTS, TIMESTEP, denoising_unet.project(tokens, features))
        plain = denoising_unet(LATENTS, TIMESTEP, tokens, reference=features)
        torch.testing.assert_close(projected, plain, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_residuals_pass_as_they_are(denoising_unet):
    tokens = noise(1, 1, 24, seed=2)
    residuals = randomised(ControlNet(**TINY_UNET), 4)(noise(1, 4, 8, 6, seed=3), tokens)
    one = LATENTS[:1], TIMESTEP[:1]
    projected = denoising_unet(*one, denoising_unet.project(tokens, residuals))
    torch.testing.assert_close(projected, denoising_unet(*one, tokens, reference=residuals), atol=1e-5, rtol=1e-5)
    assert (projected - denoising_unet(*one, denoising_unet.project(tokens))).abs().max() > 1e-3


def test_a_reference_beside_projected_conditions_is_refused(reference_net, denoising_unet):
    tokens = noise(1, 1, 24)
    reference = reference_net(noise(1, 4, 8, 6), tokens)
    with pytest.raises(ValueError, match="leave the reference out"):
        denoising_unet(LATENTS, TIMESTEP, denoising_unet.project(tokens, reference), reference=reference)
