"""The rolling window: chunks of frames a step of denoising apart, of which each step leaves the oldest one clean.

Rolling diffusion (Ruhe et al. 2024, arXiv 2402.09470) denoises a video of any length so: frames enter the window as
noise, move through it while they become clean, and leave it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.sampling.ddim import step_frames
from animate_anyone.sampling.schedule import set_timesteps


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Frames that enter the window together, and stay until they are clean."""

    latents: Float[Tensor, "1 c f h w"]
    pose_features: Float[Tensor, "1 d f h w"]
    steps_done: int = 0


DenoiseWindow = Callable[
    [Float[Tensor, "1 c f h w"], Int[Tensor, "1 f"], Float[Tensor, "1 d f h w"]], Float[Tensor, "1 c f h w"]
]
"""Predicts a window from its noisy latents, the timestep of each frame, and the pose features of each."""


def roll(
    denoise: DenoiseWindow, chunks: Iterable[Chunk], scheduler: DDIMScheduler, *, num_steps: int
) -> Iterator[Float[Tensor, "1 c f h w"]]:
    """Denoises chunks as they come, and gives each one as soon as it is clean.

    At every step a chunk enters, as noise, and the whole window is denoised by one step of the schedule: after
    `num_steps` of them its oldest chunk is clean. Once no chunk comes any more, the window runs empty. Of a chunk and
    its result, nothing is kept.

    Args:
        denoise: predicts a window of up to `num_steps` chunks, oldest first.
        chunks: noise with its pose features; asked for one at a time, and may never end.
        scheduler: the schedule of the checkpoint; its state is set here.
        num_steps: denoising steps, and chunks in a full window.

    Yields:
        Denoised latents, a chunk at a time.

    Raises:
        ValueError: if the number of steps is impossible.
    """
    timesteps = set_timesteps(scheduler, num_steps)
    window: deque[Chunk] = deque()
    entering = iter(chunks)
    while True:
        if (chunk := next(entering, None)) is not None:
            window.append(chunk)
        if not window:
            return
        lengths = [one.latents.shape[2] for one in window]
        levels = timesteps[[one.steps_done for one in window]].repeat_interleave(torch.tensor(lengths))
        latents = torch.cat([one.latents for one in window], dim=2)
        pose_features = torch.cat([one.pose_features for one in window], dim=2)
        predicted = denoise(latents, levels[None].to(latents.device), pose_features).to(latents)
        denoised = step_frames(scheduler, predicted, levels, latents, num_steps=num_steps).split(lengths, dim=2)
        window = deque(
            replace(one, latents=latents, steps_done=one.steps_done + 1)
            for one, latents in zip(window, denoised, strict=True)
        )
        if window[0].steps_done == num_steps:
            yield window.popleft().latents
