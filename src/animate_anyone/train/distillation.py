"""Distillation: a student lands in few steps, without guidance, where its teacher comes to in many with guidance.

Multistep consistency distillation (Heek et al. 2024, arXiv 2403.06807) with the guided steps of Luo et al. 2023 (arXiv
2310.04378). The timesteps are cut into segments at those of the student's own DDIM schedule. From anywhere in a segment
the student is to land at one point of its end: where it lands itself after the teacher went a step ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor, nn

from animate_anyone.errors import ConfigError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.sampling.guidance import Prediction, guide
from animate_anyone.train.batches import Sample
from animate_anyone.train.config import Distillation
from animate_anyone.train.loss import DenoisingObjective, predict_velocity

Velocity = Callable[[Float[Tensor, "b c f h w"], Int[Tensor, " b"]], Float[Tensor, "b c f h w"]]
"""Predicts the velocity of noisy latents at their timesteps."""

NO_NOISE = -1
"""The timestep after the last, as with trailing spacing every step ends one before a multiple of its length."""


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Where the steps of student and teacher start and end.

    Attributes:
        length: Timesteps of a segment, which is one step of the student.
        teacher_step: Timesteps of a step of the teacher.
    """

    length: int
    teacher_step: int

    @classmethod
    def of(cls, scheduler: DDIMScheduler, settings: Distillation) -> Self:
        """Cuts the timesteps of a schedule.

        Raises:
            ConfigError: If they cannot be cut evenly.
        """
        count: int = scheduler.config["num_train_timesteps"]
        steps = settings.segments * settings.teacher_steps
        if count % steps:
            raise ConfigError(
                f"distillation.segments = {settings.segments} times distillation.teacher_steps = "
                f"{settings.teacher_steps} are {steps} steps, into which the schedule's {count} timesteps cannot be "
                f"cut evenly. Choose numbers whose product divides {count}, such as 4 and 5."
            )
        return cls(length=count // settings.segments, teacher_step=count // steps)

    def start(self, timestep: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """The first timestep from here upwards at which the teacher starts a step."""
        return (timestep // self.teacher_step + 1) * self.teacher_step - 1

    def end(self, timestep: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """The timestep at which the segment ends; `NO_NOISE` for the last."""
        return timestep // self.length * self.length - 1


def rotation(
    scheduler: DDIMScheduler, start: Int[Tensor, " b"], end: Int[Tensor, " b"]
) -> tuple[Float[Tensor, "b 1 1 1 1"], Float[Tensor, "b 1 1 1 1"]]:
    """Cosine and sine of the angle between two timesteps.

    With signal cos(a) and noise sin(a), a deterministic DDIM step along a velocity is a rotation (Salimans and Ho 2022,
    appendix D).
    """
    signal = torch.cat([scheduler.final_alpha_cumprod[None], scheduler.alphas_cumprod]).double().to(start.device)
    angles = [signal[timestep - NO_NOISE].sqrt().acos()[:, None, None, None, None] for timestep in (start, end)]
    angle = angles[0] - angles[1]
    return angle.cos().float(), angle.sin().float()


def ddim_step(
    noisy: Float[Tensor, "b c f h w"],
    velocity: Float[Tensor, "b c f h w"],
    scheduler: DDIMScheduler,
    *,
    start: Int[Tensor, " b"],
    end: Int[Tensor, " b"],
) -> Float[Tensor, "b c f h w"]:
    """The deterministic DDIM step between any two timesteps, of each sample its own (Song et al. 2021)."""
    cosine, sine = rotation(scheduler, start, end)
    return cosine * noisy - sine * velocity.float()


def target_velocity(
    noisy: Float[Tensor, "b c f h w"],
    timestep: Int[Tensor, " b"],
    *,
    scheduler: DDIMScheduler,
    segments: Segments,
    teacher: Velocity,
    student: Velocity,
) -> Float[Tensor, "b c f h w"]:
    """The velocity along which a step from here to the end of the segment lands where it should.

    Args:
        noisy: Latents at `timestep`.
        timestep: Of each sample, one of those at which the teacher starts a step.
        scheduler: The schedule.
        segments: How it is cut.
        teacher: Goes one step ahead.
        student: Goes from there to the end. Where the teacher has come to it already, this is a step of no length.
    """
    ahead, end = timestep - segments.teacher_step, segments.end(timestep)
    passed = ddim_step(noisy, teacher(noisy, timestep), scheduler, start=timestep, end=ahead)
    landing = ddim_step(passed, student(passed, ahead.clamp(min=0)), scheduler, start=ahead, end=end)
    cosine, sine = rotation(scheduler, timestep, end)
    return (cosine * noisy - landing) / sine


class DistillationObjective(nn.Module):
    """The error of the student's velocity, weighted as in training.

    The student's own landing counts as given: no gradient flows through it. The batch is that of `DenoisingObjective`,
    with timesteps that are moved up to the next at which the teacher starts a step.
    """

    def __init__(
        self, *, student: DenoisingObjective, teacher: DenoisingUNet, segments: Segments, guidance_scale: float
    ):
        super().__init__()
        self.student = student
        self.teacher = teacher
        self.segments = segments
        self.guidance_scale = guidance_scale

    def forward(self, batch: Sample) -> dict[str, Tensor]:
        scheduler = self.student.scheduler
        timestep = self.segments.start(batch["timestep"])
        noisy = scheduler.add_noise(batch["latents"], batch["noise"], timestep)  # pyright: ignore[reportArgumentType]
        given = self.student.given(batch)
        # As at sampling: the pose stays.
        without_reference = replace(given, image_tokens=torch.zeros_like(given.image_tokens), reference=None)

        def teach(noisy: Tensor, timestep: Tensor) -> Tensor:
            conditional = predict_velocity(self.teacher, noisy, timestep, given)
            if self.guidance_scale == 1:
                return conditional
            unconditional = predict_velocity(self.teacher, noisy, timestep, without_reference)
            return guide(Prediction(conditional=conditional, unconditional=unconditional), self.guidance_scale)

        def land(noisy: Tensor, timestep: Tensor) -> Tensor:
            return predict_velocity(self.student.denoising_unet, noisy, timestep, given)

        # First what needs a gradient: autocast keeps the weights it has cast, and those of `no_grad` would have none.
        prediction = land(noisy, timestep)
        with torch.no_grad():
            target = target_velocity(
                noisy, timestep, scheduler=scheduler, segments=self.segments, teacher=teach, student=land
            )
        return self.student.errors(prediction, target, timestep)
