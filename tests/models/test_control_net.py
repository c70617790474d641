"""The ControlNet of the reference, and what the denoising UNet makes of its residuals."""

from dataclasses import replace

import pytest
import torch
from diffusers import ControlNetModel

from animate_anyone import ControlNet
from tiny import TINY_UNET, randomised


@pytest.fixture
def control_net() -> ControlNet:
    return randomised(ControlNet(**TINY_UNET), 6)


def inputs(batch: int = 2, frames: int = 3) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"latents": (batch, 4, frames, 7, 10), "image_tokens": (batch, 1, 24), "reference": (batch, 4, 7, 10)}
    noise = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return {"timestep": torch.tensor([499, 20])[:batch], **noise}


def run(unet, x, reference=None):
    return unet(x["latents"], x["timestep"], x["image_tokens"], reference=reference)


def test_full_size_has_the_names_and_shapes_of_diffusers_without_its_hint_encoder():
    with torch.device("meta"):
        ours, theirs = ControlNet(), ControlNetModel(cross_attention_dim=768)
    names = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    expected = {name: shape for name, shape in names.items() if "controlnet_cond_embedding" not in name}
    assert {name: tuple(value.shape) for name, value in ours.state_dict().items()} == expected


def test_a_new_one_is_silent(denoising_unet):
    x = inputs()
    residuals = ControlNet(**TINY_UNET)(x["reference"], x["image_tokens"])
    assert all(not residual.any() for residual in residuals)
    assert torch.equal(run(denoising_unet, x, residuals), run(denoising_unet, x))


def test_the_reference_changes_the_prediction_of_its_own_sample_alone(control_net, denoising_unet):
    x = inputs()
    other = x["reference"].clone()
    other[1] += 1
    one, changed = (
        run(denoising_unet, x, control_net(reference, x["image_tokens"])) for reference in (x["reference"], other)
    )
    torch.testing.assert_close(one[0], changed[0], atol=1e-6, rtol=1e-5)
    assert (one[1] - changed[1]).abs().max() > 1e-3


def test_a_hidden_reference_is_no_reference(control_net, denoising_unet):
    x = inputs()
    residuals = control_net(x["reference"], x["image_tokens"])
    hidden = run(denoising_unet, x, residuals.keep(torch.tensor([True, False])))
    torch.testing.assert_close(hidden[0], run(denoising_unet, x, residuals)[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(hidden[1], run(denoising_unet, x)[1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_every_parameter_gets_a_gradient(control_net, denoising_unet, checkpointing):
    x = inputs()
    for network in (control_net, denoising_unet):
        network.train()
        if checkpointing:
            network.enable_gradient_checkpointing()
    run(denoising_unet, x, control_net(x["reference"], x["image_tokens"])).square().mean().backward()
    for network in (control_net, denoising_unet):
        assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_residuals_of_another_network_are_refused(control_net, denoising_unet):
    x = inputs()
    residuals = control_net(x["reference"], x["image_tokens"])
    wider = ControlNet(**{**TINY_UNET, "block_out_channels": (32, 32)})(x["reference"], x["image_tokens"])
    smaller = control_net(x["reference"][..., :6], x["image_tokens"])
    for wrong in (wider, smaller, replace(residuals, skips=residuals.skips[1:])):
        with pytest.raises(ValueError, match="same stages"):
            run(denoising_unet, x, wrong)
