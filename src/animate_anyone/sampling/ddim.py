"""A deterministic step of DDIM for frames that are not all equally noisy (Song et al. 2021, arXiv 2010.02502)."""

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor


def step_frames(
    scheduler: DDIMScheduler,
    output: Float[Tensor, "b c f h w"],
    timesteps: Int[Tensor, " f"],
    latents: Float[Tensor, "b c f h w"],
    *,
    num_steps: int,
) -> Float[Tensor, "b c f h w"]:
    """Brings each frame from its timestep to the next one of the schedule, as the scheduler does for all at once.

    Args:
        scheduler: the schedule; how many steps it is set to makes no difference.
        output: prediction of the network.
        timesteps: of each frame, on the CPU as the schedule is.
        latents: the frames at these timesteps.
        num_steps: steps of the whole schedule.

    Raises:
        ValueError: if the network predicts neither noise nor velocity.
    """
    config = scheduler.config
    previous = timesteps - config["num_train_timesteps"] // num_steps
    kept = scheduler.alphas_cumprod[timesteps]
    kept_next = torch.where(
        previous < 0, scheduler.final_alpha_cumprod, scheduler.alphas_cumprod[previous.clamp(min=0)]
    )
    signal, noise, next_signal, next_noise = (
        share.sqrt().to(latents)[:, None, None] for share in (kept, 1 - kept, kept_next, 1 - kept_next)
    )
    match config["prediction_type"]:
        case "epsilon":
            clean, added = (latents - noise * output) / signal, output
        case "v_prediction":
            clean, added = signal * latents - noise * output, signal * output + noise * latents
        case other:
            raise ValueError(f"Frames are stepped by predictions of 'epsilon' or 'v_prediction'; got {other!r}.")
    if config["clip_sample"]:
        clean = clean.clamp(-config["clip_sample_range"], config["clip_sample_range"])
    return next_signal * clean + next_noise * added
