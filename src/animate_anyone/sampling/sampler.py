"""The denoising loop: noise becomes latents, window by window, step by step."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.sampling.guidance import Prediction, guide
from animate_anyone.sampling.schedule import set_timesteps
from animate_anyone.sampling.windows import WindowPlan

Denoise = Callable[[Float[Tensor, "1 c f h w"], Int[Tensor, "1"], tuple[int, ...]], Prediction]
"""Predicts a window from its noisy latents, the timestep, and which frames of the clip they are."""


def sample(
    denoise: Denoise,
    noise: Float[Tensor, "1 c f h w"],
    scheduler: DDIMScheduler,
    *,
    num_steps: int,
    windows: WindowPlan,
    guidance_scale: float,
    generator: torch.Generator | None = None,
    on_step: Callable[[int, Tensor, Tensor], None] | None = None,
    on_window: Callable[[int, int, int], None] | None = None,
) -> Float[Tensor, "1 c f h w"]:
    """Denoises a clip of any length.

    The clip stays on the device of `noise`, which should be the CPU; `denoise` moves what it needs of it, so that only
    a window is ever on the compute device.

    Args:
        denoise: predicts a window.
        noise: latents to start from, of unit variance.
        scheduler: the schedule of the checkpoint; its state is set here.
        num_steps: denoising steps.
        windows: which frames are denoised together at each step.
        guidance_scale: 1 for the conditional prediction alone.
        generator: for schedulers that add noise.
        on_step: called after every step with its index, the guided model output and the latents.
        on_window: called after every window with the index of the step, the number of its windows done, and of all.

    Returns:
        Denoised latents.
    """
    timesteps = set_timesteps(scheduler, num_steps)
    stepper: Any = scheduler  # as its methods' annotations forbid the tensors that they take
    takes_generator = "generator" in inspect.signature(stepper.step).parameters
    options = {"generator": generator} if takes_generator else {}
    num_frames = noise.shape[2]
    latents = noise * stepper.init_noise_sigma
    for step, timestep in enumerate(timesteps):
        scaled = stepper.scale_model_input(latents, timestep)
        output = torch.zeros_like(latents)
        weight_sum = torch.zeros(num_frames, dtype=latents.dtype)
        plan = windows(num_frames, step)
        for done, window in enumerate(plan, start=1):
            indices = torch.tensor(window.frames)
            prediction = guide(denoise(scaled[:, :, indices], timestep[None], window.frames), guidance_scale)
            weights = window.weights.to(latents.dtype)
            output.index_add_(2, indices, prediction.to(latents) * weights[:, None, None])
            weight_sum.index_add_(0, indices, weights)
            if on_window is not None:
                on_window(step, done, len(plan))
        output /= weight_sum[:, None, None]
        latents = stepper.step(output, timestep, latents, **options).prev_sample
        if on_step is not None:
            on_step(step, output, latents)
    return latents
