"""The patch autoencoder: principal components first, whatever convolutions learn on top."""

import pytest
import torch

from animate_anyone.models.patch_autoencoder import PatchAutoencoder

SIZES = {"block_out_channels": (8, 8), "encoder_layers": (0, 1), "decoder_layers": (1, 1)}


def pictures(count: int = 8) -> torch.Tensor:
    """Smooth pictures, (count, 3, 32, 24)."""
    coarse = torch.rand(count, 3, 4, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(32, 24), mode="bilinear")


def error(vae: PatchAutoencoder, pixels: torch.Tensor) -> float:
    with torch.no_grad():
        return float((vae.decode(vae.encode(pixels)) - pixels).square().mean())


def test_with_as_many_components_as_values_nothing_is_lost():
    vae = PatchAutoencoder(latent_channels=48, **SIZES)
    # Rank-deficient patches would leave directions to chance.
    pixels = torch.rand(8, 3, 32, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    vae.set_principal_components(pixels)
    assert error(vae, pixels) < 1e-5


def test_more_components_show_more_and_are_ordered_by_variance():
    pixels = pictures()
    errors = []
    for count in (1, 3, 8):
        vae = PatchAutoencoder(latent_channels=count, **SIZES)
        vae.set_principal_components(pixels)
        errors.append(error(vae, pixels))
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.1 * errors[0]
    with torch.no_grad():
        latents = vae.encode(pixels)
    spread = latents.std(dim=(0, 2, 3))
    assert torch.equal(spread.sort(descending=True).values, spread)
    assert latents.mean(dim=(0, 2, 3)).abs().max() < 0.1


def test_a_new_one_adds_nothing_to_the_linear_map_but_can_learn():
    vae = PatchAutoencoder(latent_channels=4, **SIZES)
    pixels = pictures(1)
    torch.testing.assert_close(vae.encode(pixels), vae.to_latents(pixels))
    vae.decode(vae.encode(pixels)).square().mean().backward()
    for last in (vae.encoder[-1], vae.decoder[-2]):
        assert last.weight.grad is not None


def test_components_need_enough_patches():
    with pytest.raises(ValueError, match="6 patches do not tell the components of 48 values"):
        PatchAutoencoder(latent_channels=4, **SIZES).set_principal_components(torch.zeros(1, 3, 8, 12))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"encoder_layers": (1,)}, "equally long"), ({"decoder_layers": (1, 0)}, "at least one layer")],
)
def test_sizes_must_fit_together(changes, message):
    with pytest.raises(ValueError, match=message):
        PatchAutoencoder(latent_channels=4, **{**SIZES, **changes})
