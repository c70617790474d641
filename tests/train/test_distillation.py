"""Distillation against flows whose ends are known, and that training brings few steps nearer to the teacher's many."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from animate_anyone.errors import ConfigError
from animate_anyone.sampling.guidance import Prediction
from animate_anyone.sampling.schedule import animate_anyone_schedule, set_timesteps
from animate_anyone.sampling.windows import OverlappingWindows
from animate_anyone.train.batches import Batches
from animate_anyone.train.config import Distillation, Init, TrainConfig
from animate_anyone.train.distillation import NO_NOISE, Segments, Velocity, ddim_step, rotation, target_velocity
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stages import STAGES
from whole_clip import whole_clip

Configure = Callable[..., TrainConfig]
STAGE = STAGES["distil"]
SCHEDULER = animate_anyone_schedule()
DEVIATION = 0.1


def segments_of(segments: int, teacher_steps: int) -> Segments:
    return Segments.of(SCHEDULER, Distillation(segments=segments, teacher_steps=teacher_steps))


def signal_and_noise(timestep: Tensor) -> tuple[Tensor, Tensor]:
    signal = torch.cat([SCHEDULER.alphas_cumprod, torch.ones(1)])[timestep][:, None, None, None, None]  # [-1]: no noise
    return signal.sqrt(), (1 - signal).sqrt()


def gaussian(mean: float, deviation: float) -> Velocity:
    """The perfect velocity for data of a normal distribution, which is a point if the deviation is 0."""

    def velocity(noisy: Tensor, timestep: Tensor) -> Tensor:
        alpha, sigma = signal_and_noise(timestep)
        rest = (noisy - alpha * mean) / ((alpha * deviation) ** 2 + sigma**2)
        return alpha * sigma * rest - sigma * (mean + alpha * deviation**2 * rest)

    return velocity


def flow(noisy: Tensor, start: Tensor, end: Tensor, *, mean: float, deviation: float) -> Tensor:
    """Where the probability-flow equation of a normal distribution leads: the place within it stays."""
    (alpha, sigma), (alpha_end, sigma_end) = signal_and_noise(start), signal_and_noise(end)
    scale = ((alpha_end * deviation) ** 2 + sigma_end**2).sqrt() / ((alpha * deviation) ** 2 + sigma**2).sqrt()
    return alpha_end * mean + scale * (noisy - alpha * mean)


def two_points(noisy: Tensor, timestep: Tensor) -> Tensor:
    """The perfect velocity for data that lie near 1 or -1."""
    alpha, sigma = signal_and_noise(timestep)
    variance = (alpha * DEVIATION) ** 2 + sigma**2
    towards = (2 * alpha * noisy / variance).sigmoid()
    return towards * gaussian(1, DEVIATION)(noisy, timestep) + (1 - towards) * gaussian(-1, DEVIATION)(noisy, timestep)


def sampled(velocity: Velocity, noise: Tensor, *, num_steps: int) -> Tensor:
    """As the pipeline samples, without guidance."""
    return whole_clip(
        lambda noisy, timestep, _, *, guided, deep: Prediction(conditional=velocity(noisy, timestep)),
        noise,
        SCHEDULER,
        num_steps=num_steps,
        windows=OverlappingWindows(1, overlap=0),
        guidance_scale=1.0,
    )


@pytest.mark.parametrize("count", [1, 2, 4, 5, 8])
def test_segments_start_and_end_at_the_timesteps_of_sampling(count: int):
    segments, starts = segments_of(count, 5), set_timesteps(SCHEDULER, count)
    assert segments.end(starts).tolist() == [*starts[1:].tolist(), NO_NOISE]
    trained_on = segments.start(torch.arange(1000)).unique()
    assert trained_on.flip(0).tolist() == set_timesteps(SCHEDULER, 5 * count).tolist()
    assert set(segments.end(trained_on).tolist()) == set(segments.end(starts).tolist())


def test_a_step_is_that_of_the_scheduler():
    timesteps = set_timesteps(SCHEDULER, 4)
    noisy, velocity = torch.randn(2, 4, 1, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    expected = [SCHEDULER.step(velocity[i], int(t), noisy[i]).prev_sample for i, t in enumerate(timesteps)]
    ours = ddim_step(noisy, velocity, SCHEDULER, start=timesteps, end=segments_of(4, 1).end(timesteps))
    torch.testing.assert_close(ours, torch.stack(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("deviation", "teacher_steps", "tolerance"), [(0.0, 1, 1e-4), (0.0, 5, 1e-4), (0.5, 250, 5e-3)]
)
def test_a_perfect_student_has_no_error(deviation: float, teacher_steps: int, tolerance: float):
    """DDIM goes to a point without error, however few its steps; to a distribution it has to take many."""
    segments = segments_of(4, teacher_steps)
    timestep = segments.start(torch.arange(1000)).unique()
    end = segments.end(timestep)
    noisy = torch.randn(len(timestep), 1, 1, 2, 2, generator=torch.Generator().manual_seed(0))

    def student(noisy: Tensor, timestep: Tensor) -> Tensor:
        """Lands where the flow leads at the end of the segment."""
        cosine, sine = rotation(SCHEDULER, timestep, segments.end(timestep))
        landing = flow(noisy, timestep, segments.end(timestep), mean=0.7, deviation=deviation)
        return (cosine * noisy - landing) / sine

    target = target_velocity(
        noisy,
        timestep,
        scheduler=SCHEDULER,
        segments=segments,
        teacher=gaussian(0.7, deviation),
        student=student,
    )
    landing = ddim_step(noisy, target, SCHEDULER, start=timestep, end=end)
    known = flow(noisy, timestep, end, mean=0.7, deviation=deviation)
    torch.testing.assert_close(landing, known, rtol=0, atol=tolerance)
    if deviation == 0:
        torch.testing.assert_close(student(noisy, timestep), target, rtol=0, atol=1e-3)


def test_a_student_that_meets_its_targets_takes_few_steps_to_where_the_teacher_comes_in_many():
    segments = segments_of(4, 5)

    def teacher(noisy: Tensor, timestep: Tensor) -> Tensor:
        """The flow of nothing: it holds for any teacher."""
        return (3 * noisy).sin() + timestep[:, None, None, None, None] / 1000

    def student(noisy: Tensor, timestep: Tensor) -> Tensor:
        def rest(passed: Tensor, ahead: Tensor) -> Tensor:
            return student(passed, ahead) if int(ahead) > max(0, int(segments.end(timestep))) else passed

        return target_velocity(noisy, timestep, scheduler=SCHEDULER, segments=segments, teacher=teacher, student=rest)

    noise = torch.randn(1, 1, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    few, many = sampled(student, noise, num_steps=4), sampled(teacher, noise, num_steps=20)
    torch.testing.assert_close(few, many, rtol=1e-3, atol=1e-3)


def test_training_brings_four_steps_nearer_to_twenty():
    """A small network learns what to add to its teacher, which knows two points."""
    segments, generator = segments_of(4, 5), torch.Generator().manual_seed(0)
    layers = (nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    network = nn.Sequential(*layers)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
        for parameter in layers[-1].parameters():
            parameter.zero_()

    def student(noisy: Tensor, timestep: Tensor) -> Tensor:
        time = (timestep / 500 - 1)[:, None, None, None, None].expand_as(noisy)
        return two_points(noisy, timestep) + network(torch.stack([noisy, time], dim=-1))[..., 0]

    @torch.no_grad()
    def error() -> Tensor:
        noise = torch.randn(1, 1, 1, 1, 256, generator=torch.Generator().manual_seed(1))
        few, many = sampled(student, noise, num_steps=4), sampled(two_points, noise, num_steps=20)
        return (few - many).square().mean()

    before = error()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(200):
        noise, spread = torch.randn(2, 256, 1, 1, 1, 1, generator=generator)
        clean = torch.randint(2, noise.shape, generator=generator) * 2 - 1 + DEVIATION * spread
        timestep = segments.start(torch.randint(1000, (256,), generator=generator))
        noisy = SCHEDULER.add_noise(clean, noise, timestep)
        with torch.no_grad():
            target = target_velocity(
                noisy, timestep, scheduler=SCHEDULER, segments=segments, teacher=two_points, student=student
            )
        (student(noisy, timestep) - target).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    assert error() < 0.6 * before


def test_the_first_target_is_the_guided_teacher(configure: Configure):
    """A step from the end of a segment: there the target is the teacher's own velocity, which guidance changes."""
    networks = make_networks(configure("distil"), STAGE)
    batch = Batches(draw=STAGE.draw(configure("distil"), networks), seed=0, batch_size=2)[0][0]
    batch |= {"timestep": torch.tensor([500, 3]), "keep": torch.tensor([True, True])}
    errors: list[float] = []
    for guidance_scale in (1.0, 2.0, 3.0):
        config = configure("distil", **{"distillation.guidance_scale": guidance_scale})
        with torch.no_grad():
            errors.append(float(STAGE.objective(config, networks)(batch)["mse"]))
    # The student is its teacher still, and guidance moves the target in proportion to scale - 1.
    assert errors[0] < 1e-8 < errors[1]
    assert errors[2] == pytest.approx(4 * errors[1], rel=1e-3)


def test_the_pipeline_samples_as_the_student_learnt_and_has_no_teacher(configure: Configure):
    config = configure("distil", **{"distillation.segments": 4, "diffusion.noise_scale": 0.0})
    assert STAGE.pipeline is not None
    pipeline = STAGE.pipeline(config, make_networks(config, STAGE))
    sampling = {"num_inference_steps": 4, "guidance_scale": 1.0, "noise_scale": 1.0}
    assert {name: pipeline.config[name] for name in sampling} == sampling


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_stills_and_clips_are_distilled_with_the_temporal_attention_that_there_is(
    configure: Configure, trained: Path, stage: str
):
    config = configure("distil", **{"init.pipeline": trained / stage / "pipeline", "diffusion.num_frames": 1})
    networks = make_networks(config, STAGE)
    assert networks["denoising_unet"].config["temporal"] == (stage == "stage2")
    batch = Batches(draw=STAGE.draw(config, networks), seed=0, batch_size=2)[0][0]
    assert torch.isfinite(STAGE.objective(config, networks)(batch)["loss"])


def test_segments_that_do_not_divide_the_schedule_are_an_error(configure: Configure):
    config = configure("distil", **{"distillation.segments": 3, "distillation.teacher_steps": 7})
    with pytest.raises(ConfigError, match=r"segments = 3 times .*teacher_steps = 7 are 21 steps, .*1000 timesteps"):
        STAGE.objective(config, make_networks(config, STAGE))


def test_guidance_below_one_is_an_error(configure: Configure):
    with pytest.raises(ConfigError, match=r"distillation\.guidance_scale: .*greater than or equal to 1"):
        configure("distil", **{"distillation.guidance_scale": 0.5})


def test_a_student_needs_a_teacher(configure: Configure, trained: Path):
    config = configure("distil")
    without = config.model_copy(update={"init": Init(vae=trained / "vae/vae")})
    with pytest.raises(ConfigError, match=r"Stage distil needs a trained .*init\.pipeline"):
        make_networks(without, STAGE)
