"""The noise schedule. It belongs to the checkpoint: training and sampling read the same one from its folder."""

from typing import Any

from diffusers import DDIMScheduler
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor

ONE_PREDICTION_A_STEP = (
    "DDIMScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "UniPCMultistepScheduler",
    "LCMScheduler",
)
"""Schedulers of diffusers that sampling can use, by name. Heun, KDPM2 and PNDM predict several times in a step."""


def animate_anyone_schedule() -> DDIMScheduler:
    """The schedule of the published checkpoints: velocity prediction, zero terminal SNR, trailing steps.

    Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed": only so does the first step
    start from pure noise, as training did.
    """
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="linear",
        clip_sample=False,
        steps_offset=1,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def set_timesteps(scheduler: SchedulerMixin, num_steps: int) -> Tensor:
    """Prepares the scheduler for `num_steps` steps and returns their timesteps.

    Raises:
        ValueError: if the number of steps is not between 1 and the number of training timesteps, or if the scheduler
            asks for another number of predictions than there are steps.
    """
    stepper: Any = scheduler  # as the class that all share has no types for what all have
    num_train_timesteps = stepper.config["num_train_timesteps"]
    if not 1 <= num_steps <= num_train_timesteps:
        raise ValueError(f"The number of steps must be between 1 and {num_train_timesteps}; got {num_steps}.")
    stepper.set_timesteps(num_steps)
    # With trailing spacing a floating-point range makes one step too many for some numbers (61, 103, ...), at -1.
    timesteps: Tensor = stepper.timesteps[stepper.timesteps >= 0]
    if len(timesteps) != num_steps:
        raise ValueError(
            f"{type(scheduler).__name__} takes {len(timesteps)} predictions for {num_steps} steps; sampling makes one "
            f"for each step, and would stop part-way. Choose a scheduler such as {', '.join(ONE_PREDICTION_A_STEP)}."
        )
    return timesteps
