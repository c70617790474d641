"""The denoising loop: noise becomes latents, window by window, step by step."""

import inspect
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.sampling.guidance import Prediction, guide
from animate_anyone.sampling.schedule import set_timesteps
from animate_anyone.sampling.windows import Window, WindowPlan

Denoise = Callable[[Float[Tensor, "b c f h w"], Int[Tensor, " b"], Sequence[tuple[int, ...]]], Prediction]
"""Predicts windows from their noisy latents, the timestep of each, and which frames of the clip each holds."""


def sample(
    denoise: Denoise,
    noise: Float[Tensor, "1 c f h w"],
    scheduler: DDIMScheduler,
    *,
    num_steps: int,
    windows: WindowPlan,
    guidance_scale: float,
    windows_at_once: int = 1,
    generator: torch.Generator | None = None,
    on_step: Callable[[int, Tensor, Tensor], None] | None = None,
    on_window: Callable[[int, int, int], None] | None = None,
) -> Float[Tensor, "1 c f h w"]:
    """Denoises a clip of any length.

    The clip stays on the device of `noise`, which should be the CPU; `denoise` moves what it needs of it, so that only
    a few windows are ever on the compute device.

    Args:
        denoise: predicts windows.
        noise: latents to start from, of unit variance.
        scheduler: the schedule of the checkpoint; its state is set here.
        num_steps: denoising steps.
        windows: which frames are denoised together at each step.
        guidance_scale: 1 for the conditional prediction alone.
        windows_at_once: how many windows `denoise` is given together, where they are equally long.
        generator: for schedulers that add noise.
        on_step: called after every step with its index, the guided model output and the latents.
        on_window: called after every window with the index of the step, the number of its windows done, and of all.

    Returns:
        Denoised latents.

    Raises:
        ValueError: if a number of steps or of windows is impossible.
    """
    if windows_at_once < 1:
        raise ValueError(f"At least one window is denoised at once; got windows_at_once = {windows_at_once}.")
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
        done = 0
        for batch in _batches(plan, windows_at_once):
            indices = torch.tensor([window.frames for window in batch])
            noisy = torch.cat([scaled[:, :, frames] for frames in indices])
            prediction = denoise(noisy, timestep.expand(len(batch)), [window.frames for window in batch])
            predicted = guide(prediction, guidance_scale).to(latents)
            for window, frames, one in zip(batch, indices, predicted.split(1), strict=True):
                weights = window.weights.to(latents.dtype)
                output.index_add_(2, frames, one * weights[:, None, None])
                weight_sum.index_add_(0, frames, weights)
                done += 1
                if on_window is not None:
                    on_window(step, done, len(plan))
        output /= weight_sum[:, None, None]
        latents = stepper.step(output, timestep, latents, **options).prev_sample
        if on_step is not None:
            on_step(step, output, latents)
    return latents


def _batches(plan: Sequence[Window], size: int) -> list[list[Window]]:
    """Neighbours of one length together, at most `size` of them."""
    batches: list[list[Window]] = []
    for _, group in groupby(plan, key=lambda window: len(window.frames)):
        equally_long = list(group)
        batches += [equally_long[start : start + size] for start in range(0, len(equally_long), size)]
    return batches
