"""The rolling window against predictions whose outcome is known, and its step against diffusers' own."""

from itertools import count, islice

import pytest
import torch
from diffusers import DDIMScheduler

from animate_anyone.sampling.ddim import step_frames
from animate_anyone.sampling.rolling import Chunk, roll
from animate_anyone.sampling.schedule import animate_anyone_schedule, set_timesteps


def noise(num_frames: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, 2, num_frames, 4, 4, generator=torch.Generator().manual_seed(seed))


def chunk(num_frames: int, seed: int = 0, pose: torch.Tensor | None = None) -> Chunk:
    return Chunk(latents=noise(num_frames, seed), pose_features=noise(num_frames) if pose is None else pose)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("num_steps", [1, 3, 4])
@pytest.mark.parametrize("clip_sample", [False, True])
def test_equally_noisy_frames_take_the_step_of_the_scheduler(prediction, num_steps, clip_sample):
    scheduler = DDIMScheduler.from_config(
        animate_anyone_schedule().config,
        prediction_type=prediction,
        rescale_betas_zero_snr=prediction == "v_prediction",
        clip_sample=clip_sample,
    )
    latents, output = noise(3), noise(3, seed=1)
    for timestep in set_timesteps(scheduler, num_steps):
        expected = scheduler.step(output, timestep, latents).prev_sample
        result = step_frames(scheduler, output, timestep.repeat(3), latents, num_steps=num_steps)
        torch.testing.assert_close(result, expected)


def test_frames_take_the_step_of_their_own_noise():
    scheduler = animate_anyone_schedule()
    timesteps, latents, output = set_timesteps(scheduler, 4), noise(4), noise(4, seed=1)
    together = step_frames(scheduler, output, timesteps, latents, num_steps=4)
    for frame, timestep in enumerate(timesteps):
        alone = scheduler.step(output[:, :, frame], timestep, latents[:, :, frame]).prev_sample
        torch.testing.assert_close(together[:, :, frame], alone)


def test_a_network_that_predicts_the_sample_is_refused():
    scheduler = DDIMScheduler(prediction_type="sample")
    with pytest.raises(ValueError, match="got 'sample'"):
        step_frames(scheduler, noise(1), torch.tensor([999]), noise(1), num_steps=2)


@pytest.mark.parametrize("num_steps", [1, 2, 3])
@pytest.mark.parametrize("lengths", [[1], [4, 4, 4, 4, 2]])
def test_a_perfect_prediction_arrives_for_every_chunk(num_steps, lengths):
    scheduler = animate_anyone_schedule()
    seen = []

    def denoise(latents, timesteps, pose):
        # The pose features say what the frames shall become.
        seen.append(timesteps[0].tolist())
        kept = scheduler.alphas_cumprod[timesteps][:, None, :, None, None]
        estimate = (latents - kept.sqrt() * pose) / (1 - kept).sqrt()
        return kept.sqrt() * estimate - (1 - kept).sqrt() * pose

    chunks = [chunk(length, seed, noise(length, seed + 50)) for seed, length in enumerate(lengths)]
    results = list(roll(denoise, chunks, scheduler, num_steps=num_steps))
    assert len(results) == len(chunks)
    for result, one in zip(results, chunks, strict=True):
        torch.testing.assert_close(result, one.pose_features, atol=1e-4, rtol=1e-4)
    assert sum(map(len, seen)) == num_steps * sum(lengths)
    assert all(levels == sorted(levels) for levels in seen), "older frames are cleaner"


def test_chunks_that_never_end_are_asked_for_one_at_a_time():
    taken = []

    def endless():
        for seed in count():
            taken.append(seed)
            yield chunk(2, seed)

    results = roll(lambda latents, *_: latents, endless(), animate_anyone_schedule(), num_steps=3)
    for done, result in enumerate(islice(results, 10), start=1):
        assert result.shape == (1, 2, 2, 4, 4)
        assert len(taken) == done + 2


def test_no_chunks_no_result():
    assert list(roll(lambda latents, *_: latents, [], animate_anyone_schedule(), num_steps=2)) == []
