"""The losses, on inputs whose answer is known."""

import pytest
import torch

from animate_anyone.sampling.schedule import animate_anyone_schedule
from animate_anyone.train.batches import Batches, seeded_generator
from animate_anyone.train.config import DiffusionLoss
from animate_anyone.train.image_encoder_stage import contrast
from animate_anyone.train.loss import draw_noise, draw_timestep, min_snr_weight
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stages import STAGES
from animate_anyone.train.vae_stage import edge_loss


def test_min_snr_caps_early_timesteps_and_keeps_the_last():
    scheduler = animate_anyone_schedule()
    timestep = torch.tensor([0, 500, 999])
    signal = scheduler.alphas_cumprod[timestep].double()
    snr = signal / (1 - signal)
    expected = torch.minimum(snr + 1, torch.tensor(5.0)) / (snr + 1)
    weight = min_snr_weight(scheduler, timestep, gamma=5.0)
    torch.testing.assert_close(weight.double(), expected, rtol=1e-4, atol=1e-6)
    assert weight[2] == 1
    assert weight[0] < 0.01
    assert torch.equal(min_snr_weight(scheduler, timestep, gamma=None), torch.ones(3))


def test_dropout_and_noise_offset_follow_their_settings():
    scheduler = animate_anyone_schedule()
    shape = (4, 2, 3, 3)

    def drawn(**settings: float) -> list[dict[str, torch.Tensor]]:
        return [draw_noise(shape, scheduler, DiffusionLoss(**settings), seeded_generator(i)) for i in range(400)]

    assert not any(sample["keep"] for sample in drawn(conditioning_dropout=1.0))
    share = sum(bool(sample["keep"]) for sample in drawn(conditioning_dropout=0.1)) / 400
    assert 0.85 < share < 0.95
    plain, shifted = drawn(noise_offset=0.0), drawn(noise_offset=3.0)
    difference = shifted[0]["noise"] - plain[0]["noise"]
    assert difference.std(dim=(1, 2, 3)).max() < 1e-5
    assert difference.abs().max() > 0.1
    timesteps = [int(sample["timestep"]) for sample in plain]
    assert min(timesteps) < 50
    assert 950 < max(timesteps) < 1000


def test_a_share_of_samples_shows_what_sampling_starts_from():
    scheduler = animate_anyone_schedule()
    settings = DiffusionLoss(last_timestep_share=0.6, noise_scale=0.0)
    samples = [draw_noise((4, 2, 3, 3), scheduler, settings, seeded_generator(i)) for i in range(400)]
    last = [sample for sample in samples if sample["timestep"] == 999]
    assert 0.5 < len(last) / 400 < 0.7
    silent = sum(not sample["noise"].any() for sample in last)
    # One in a thousand of the others is at the last timestep by chance, with its noise.
    assert len(last) - silent < 5
    assert all(sample["noise"].any() for sample in samples if sample["timestep"] != 999)


def test_a_sample_without_its_condition_does_not_see_its_reference(configure):
    config, stage = configure("stage1", **{"diffusion.conditioning_dropout": 0.0}), STAGES["stage1"]
    networks = make_networks(config, stage)
    objective = stage.objective(config, networks)
    batch = Batches(draw=stage.draw(config, networks), seed=0, batch_size=1)[0][0]
    other = batch | {"reference": batch["reference"] + 1, "image_token": batch["image_token"] + 1}
    with torch.no_grad():
        seen = [objective(each)["mse"] for each in (batch, other)]
        hidden = [objective(each | {"keep": torch.tensor([False])})["mse"] for each in (batch, other)]
    assert seen[0] != seen[1]
    assert hidden[0] == hidden[1]


def test_contrast_is_small_for_pairs_and_large_for_strangers():
    vectors = torch.eye(4)
    identity = torch.arange(4)
    pairs = contrast(vectors, vectors, identity, temperature=0.1)
    strangers = contrast(vectors, vectors.roll(1, dims=0), identity, temperature=0.1)
    assert pairs["loss"] < 0.01 < 5 < strangers["loss"]
    assert (pairs["accuracy"], strangers["accuracy"]) == (1, 0)


def test_a_character_is_no_negative_of_itself():
    vectors = torch.eye(4)[[0, 0, 1, 2]]
    apart = contrast(vectors, vectors, torch.tensor([0, 1, 2, 3]), temperature=0.1)["loss"]
    together = contrast(vectors, vectors, torch.tensor([0, 0, 1, 2]), temperature=0.1)["loss"]
    assert together < 0.01 < apart


def test_edges_ignore_brightness_and_see_shapes():
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert edge_loss(picture, picture + 0.5) == pytest.approx(0, abs=1e-6)
    assert edge_loss(picture, picture.flip(3)) > 0.1


def test_timesteps_are_drawn_evenly_or_where_noise_is_strong():
    generator = torch.Generator().manual_seed(0)

    def drawn(power: float) -> torch.Tensor:
        return torch.stack([draw_timestep(1000, power, generator) for _ in range(4000)]).double()

    for power in (1.0, 3.0):
        timesteps = drawn(power)
        assert timesteps.min() >= 0 and timesteps.max() <= 999
        # The median of the density t^(p - 1) on [0, 1) is (1/2)^(1/p).
        assert timesteps.median() / 1000 == pytest.approx(0.5 ** (1 / power), abs=0.03)
