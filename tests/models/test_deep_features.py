"""The network in two parts: all but its last layer, and the last layer on what the first part made."""

import pytest
import torch

from animate_anyone import ControlNet
from tiny import TINY_UNET, randomised


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


LATENTS, POSE, TOKENS = noise(2, 4, 3, 8, 6), noise(2, 16, 3, 8, 6, seed=1), noise(2, 1, 24, seed=2)
TIMESTEP = torch.tensor([499, 20])


@torch.no_grad()
@pytest.mark.parametrize("kind", ["none", "reference", "residuals"])
@pytest.mark.parametrize("projected", [False, True])
def test_both_parts_are_the_whole_bit_for_bit(reference_net, denoising_unet, kind, projected):
    networks = {"reference": reference_net, "residuals": randomised(ControlNet(**TINY_UNET), 4)}
    reference = networks[kind](noise(2, 4, 8, 6, seed=3), TOKENS) if kind in networks else None
    conditions, given = TOKENS, {"pose_features": POSE, "reference": reference}
    if projected:
        conditions, given = denoising_unet.project(TOKENS, reference), {"pose_features": POSE}
    deep = denoising_unet.deep_features(LATENTS, TIMESTEP, conditions, **given)
    assert deep.shape == (6, 16, 8, 6)
    whole = denoising_unet(LATENTS, TIMESTEP, conditions, **given)
    assert torch.equal(denoising_unet(LATENTS, TIMESTEP, conditions, **given, deep=deep), whole)
    # The last layer hears of this step's noise and time also when the rest is of another step.
    later = denoising_unet(LATENTS * 0.9, TIMESTEP - 10, conditions, **given, deep=deep)
    assert (later - whole).abs().max() > 1e-3


@torch.no_grad()
def test_with_deep_features_only_the_last_layer_runs(denoising_unet):
    deep = denoising_unet.deep_features(LATENTS, TIMESTEP, TOKENS)
    ran = []
    resnets = {name: module for name, module in denoising_unet.named_modules() if name.endswith("time_emb_proj")}
    for name, module in resnets.items():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    denoising_unet(LATENTS, TIMESTEP, TOKENS, deep=deep)
    assert ran == ["up_blocks.1.resnets.1.time_emb_proj"]
    ran.clear()
    denoising_unet.deep_features(LATENTS, TIMESTEP, TOKENS)
    assert len(ran) == len(resnets) - 1


def test_a_reference_beside_projected_conditions_is_refused(reference_net, denoising_unet):
    reference = reference_net(noise(2, 4, 8, 6), TOKENS)
    with pytest.raises(ValueError, match="leave the reference out"):
        denoising_unet.deep_features(LATENTS, TIMESTEP, denoising_unet.project(TOKENS, reference), reference=reference)
