"""The denoising loop against predictions whose outcome is known."""

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from animate_anyone.sampling.guidance import Prediction, guide
from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.sampler import sample
from animate_anyone.sampling.schedule import ONE_PREDICTION_A_STEP, animate_anyone_schedule, set_timesteps
from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows
from whole_clip import whole_clip


def noise(num_frames: int) -> torch.Tensor:
    return torch.randn(1, 2, num_frames, 4, 4, generator=torch.Generator().manual_seed(0))


def perfect(target: torch.Tensor, scheduler: DDIMScheduler):
    """The exact velocity towards `target`, so that every step aims there."""

    def denoise(latents, timestep, frames, *, guided, deep):
        alpha = scheduler.alphas_cumprod[timestep[0]].sqrt()
        sigma = (1 - scheduler.alphas_cumprod[timestep[0]]).sqrt()
        wanted = torch.cat([target[:, :, list(window)] for window in frames])
        estimate = (latents - alpha * wanted) / sigma
        return Prediction(conditional=alpha * estimate - sigma * wanted)

    return denoise


@pytest.mark.parametrize("windows", [OverlappingWindows(8, 3), ClosedLoopWindows(8, 2)])
@pytest.mark.parametrize("num_frames", [3, 8, 21])
def test_a_perfect_prediction_arrives(windows, num_frames):
    scheduler = animate_anyone_schedule()
    target = noise(num_frames).flip(2) + 1
    result = whole_clip(
        perfect(target, scheduler), noise(num_frames), scheduler, num_steps=5, windows=windows, guidance_scale=1.0
    )
    torch.testing.assert_close(result, target, atol=1e-4, rtol=1e-4)


def test_windows_share_their_predictions_frame_by_frame():
    """Where windows disagree, the result is their weighted mean: between the two, and smooth across the seam."""
    scheduler = animate_anyone_schedule()
    outputs = []

    def denoise(latents, timestep, frames, *, guided, deep):
        starts = torch.tensor([float(window[0]) for window in frames])
        return Prediction(conditional=starts[:, None, None, None, None].expand_as(latents))

    whole_clip(
        denoise,
        noise(13),
        scheduler,
        num_steps=1,
        windows=OverlappingWindows(8, 3, moving=False),
        guidance_scale=1.0,
        on_step=lambda step, output, latents: outputs.append(output[0, 0, :, 0, 0]),
    )
    expected = [0, 0, 0, 0, 0, 1.25, 2.5, 3.75, 5, 5, 5, 5, 5]
    assert outputs[0].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("at_once", [2, 3, 100])
def test_windows_denoised_together_are_those_denoised_alone(at_once):
    scheduler = animate_anyone_schedule()
    results, sizes, done = [], [], []

    def denoise(latents, timestep, frames, *, guided, deep):
        assert len(latents) == len(timestep) == len(frames)
        sizes.append(len(frames))
        starts = torch.tensor([float(window[0]) for window in frames])
        return Prediction(conditional=latents + starts[:, None, None, None, None])

    for size in (1, at_once):
        latents = whole_clip(
            denoise,
            noise(21),
            scheduler,
            num_steps=2,
            windows=OverlappingWindows(8, 3, moving=False),
            guidance_scale=1.0,
            windows_at_once=size,
            on_window=lambda *counts: done.append(counts),
        )
        results.append(latents)
    assert torch.equal(*results)
    assert done[: len(done) // 2] == done[len(done) // 2 :] and done[3] == (0, 4, 4)
    assert sizes[:8] == [1] * 8 and sum(sizes[8:]) == 8 and max(sizes) == min(at_once, 4)


def pieces_of(plan, *, num_frames=21, scheduler=None, preset=EXACT, num_steps=2):
    """How many frames come at once, and how many windows had been denoised by then."""
    scheduler = scheduler or animate_anyone_schedule()
    done = []
    pieces = sample(
        perfect(noise(num_frames), animate_anyone_schedule()),
        noise(num_frames),
        scheduler,
        num_steps=num_steps,
        windows=plan,
        guidance_scale=1.0,
        preset=preset,
        on_window=lambda *counts: done.append(counts),
    )
    return [(latents.shape[2], len(done)) for latents in pieces]


def test_frames_come_before_the_last_windows_are_denoised():
    # Windows begin at the frames 0, 5, 10 and 13, in both steps.
    still = OverlappingWindows(8, 3, moving=False)
    assert pieces_of(still) == [(5, 5), (5, 6), (3, 7), (8, 8)]
    sharing = Preset(refresh_every=2, fewest_refreshes=1)
    assert [frames for frames, _ in pieces_of(still, preset=sharing)] == [5, 5, 3, 8]


def test_frames_that_wait_for_the_last_window_come_together():
    # The last window of this plan holds the first frames.
    assert [frames for frames, _ in pieces_of(ClosedLoopWindows(8, 3))] == [21]
    # A schedule that draws noise for all frames takes the whole clip at once.
    ancestral = DDPMScheduler(prediction_type="v_prediction")
    assert pieces_of(OverlappingWindows(8, 3, moving=False), scheduler=ancestral) == [(21, 8)]


def test_a_schedule_that_draws_noise_does_not_share_features():
    ancestral = DDPMScheduler(prediction_type="v_prediction")
    with pytest.raises(ValueError, match="DDPMScheduler does not allow"):
        pieces_of(OverlappingWindows(8, 3), scheduler=ancestral, preset=Preset(refresh_every=2, fewest_refreshes=1))


def test_at_least_one_window_is_denoised_at_once():
    scheduler = animate_anyone_schedule()
    with pytest.raises(ValueError, match="windows_at_once = 0"):
        whole_clip(
            perfect(noise(2), scheduler),
            noise(2),
            scheduler,
            num_steps=1,
            windows=OverlappingWindows(8, 3),
            guidance_scale=1.0,
            windows_at_once=0,
        )


def test_guidance_extrapolates_from_the_unconditional_prediction():
    one, two = torch.ones(1, 1, 1, 1, 1), torch.full((1, 1, 1, 1, 1), 3.0)
    assert guide(Prediction(conditional=two, unconditional=one), 2.5).item() == pytest.approx(6.0)
    assert guide(Prediction(conditional=two), 2.5) is two


def test_the_schedule_ends_in_pure_noise():
    scheduler = animate_anyone_schedule()
    assert scheduler.alphas_cumprod[-1] == 0
    assert set_timesteps(scheduler, 4).tolist() == [999, 749, 499, 249]


@pytest.mark.parametrize("num_steps", [1, 30, 61, 103, 121, 201, 1000])
def test_there_are_as_many_timesteps_as_steps(num_steps):
    assert len(set_timesteps(animate_anyone_schedule(), num_steps)) == num_steps


@pytest.mark.parametrize("num_steps", [0, 1001])
def test_impossible_numbers_of_steps_are_refused(num_steps):
    with pytest.raises(ValueError, match="between 1 and 1000"):
        set_timesteps(animate_anyone_schedule(), num_steps)


BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}
ALPHAS = DDIMScheduler(**BETAS).alphas_cumprod
of_diffusers = pytest.mark.filterwarnings("ignore:__array_:DeprecationWarning")


def sampled_by(name: str, *, num_steps: int) -> torch.Tensor:
    """What a scheduler of diffusers makes of ideal predictions of the noise on a clip that is 0.5 everywhere."""

    def denoise(latents, timestep, frames, *, guided, deep):
        alpha = ALPHAS[int(timestep[0])]
        return Prediction(conditional=(latents - alpha.sqrt() * 0.5) / (1 - alpha).sqrt())

    return whole_clip(
        denoise,
        noise(3),
        getattr(diffusers, name)(**BETAS),
        num_steps=num_steps,
        windows=OverlappingWindows(8, 3),
        guidance_scale=1.0,
        generator=torch.Generator().manual_seed(0),
    )


@of_diffusers
@pytest.mark.parametrize("num_steps", [1, 7, 20])
@pytest.mark.parametrize("name", ONE_PREDICTION_A_STEP)
def test_ideal_predictions_arrive_by_every_scheduler_that_is_named(name, num_steps):
    clean = sampled_by(name, num_steps=num_steps)
    # Schedules that end at the first training timestep leave the little noise that it has.
    torch.testing.assert_close(clean, torch.full_like(clean, 0.5), atol=0.05, rtol=0)


@of_diffusers
@pytest.mark.parametrize("name", ["HeunDiscreteScheduler", "KDPM2DiscreteScheduler", "PNDMScheduler"])
def test_a_scheduler_that_predicts_several_times_a_step_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name} takes \d+ predictions for 20 steps.*Choose .* DDIMScheduler"):
        sampled_by(name, num_steps=20)
