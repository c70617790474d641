import pytest
import torch
from torch import nn

from animate_anyone.train.muon import Muon, is_matrix, orthogonalise

SETTINGS = {"lr": 1e-2, "betas": (0.9, 0.99), "weight_decay": 0.1}


def gradients(parameters: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def test_small_weights_biases_and_norms_step_as_in_adamw():
    ours, theirs = ([nn.Parameter(torch.ones(shape)) for shape in ((64,), (16, 64), (64, 3, 3, 3))] for _ in range(2))
    muon, adamw = Muon(ours, **SETTINGS), torch.optim.AdamW(theirs, **SETTINGS)
    for seed in range(5):
        for parameters, optimiser in ((ours, muon), (theirs, adamw)):
            gradients(parameters, seed)
            optimiser.step()
    for one, two in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 100), (100, 40)])
def test_a_move_is_orthogonal_whatever_the_gradients_scale(shape: tuple[int, int]):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 1e-3
    # Beside it one of another scale, which is none of its business.
    move = orthogonalise(torch.stack([matrix, torch.ones(shape)]))[0]
    values = torch.linalg.svdvals(move)
    assert values.min() > 0.6
    assert values.max() < 1.3
    # The directions stay: what is turned back by the polar factor is symmetric and positive.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = move @ (left @ right).mT if shape[0] < shape[1] else (left @ right).mT @ move
    assert torch.linalg.eigvalsh((turned + turned.mT) / 2).min() > 0.5


def test_convolutions_move_as_matrices_by_about_what_adamw_moves():
    weight = nn.Parameter(torch.zeros(64, 32, 3, 3))
    assert is_matrix(weight)
    optimiser = Muon([weight], **SETTINGS)
    gradients([weight], seed=1)
    optimiser.step()
    assert weight.detach().square().mean().sqrt().item() == pytest.approx(0.2 * SETTINGS["lr"], rel=0.2)


def test_a_loaded_state_goes_on_to_the_bit():
    def trained(steps: range, parameters: list[nn.Parameter], state: dict | None = None) -> Muon:
        optimiser = Muon(parameters, **SETTINGS)
        if state is not None:
            optimiser.load_state_dict(state)
        for seed in steps:
            gradients(parameters, seed)
            optimiser.step()
        return optimiser

    whole, cut = ([nn.Parameter(torch.ones(48, 48)), nn.Parameter(torch.ones(48))] for _ in range(2))
    trained(range(6), whole)
    state = trained(range(3), cut).state_dict()
    trained(range(3, 6), cut, state)
    assert all(torch.equal(one, two) for one, two in zip(whole, cut, strict=True))


def test_parameters_without_gradient_stay():
    weight = nn.Parameter(torch.ones(64, 64))
    Muon([weight], **SETTINGS).step()
    assert torch.equal(weight, torch.ones(64, 64))
