"""The denoising loop: noise becomes latents, window by window, step by step, and the first frames are out first."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol, runtime_checkable

import torch
from diffusers import DDIMScheduler
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.sampling.guidance import DeepFeatures, Prediction, guide
from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.schedule import set_timesteps
from animate_anyone.sampling.walk import goes_along, last_holders, walk
from animate_anyone.sampling.windows import Window, WindowPlan


@runtime_checkable
class Denoise(Protocol):
    """Predicts windows."""

    def __call__(
        self,
        latents: Float[Tensor, "b c f h w"],
        timestep: Int[Tensor, " b"],
        frames: Sequence[tuple[int, ...]],
        /,
        *,
        guided: bool,
        deep: DeepFeatures | None,
    ) -> Prediction:
        """Predicts.

        Args:
            latents: noisy latents of the windows.
            timestep: of each window.
            frames: which frames of the clip each window holds.
            guided: whether the unconditional prediction is wanted too.
            deep: what an earlier step left of these windows, to be taken where it is there, and to be computed and
                returned where it is not; None: nothing is reused.
        """
        ...


def sample(
    denoise: Denoise,
    noise: Float[Tensor, "1 c f h w"],
    scheduler: SchedulerMixin,
    *,
    num_steps: int,
    windows: WindowPlan,
    guidance_scale: float,
    windows_at_once: int = 1,
    preset: Preset = EXACT,
    generator: torch.Generator | None = None,
    on_step: Callable[[int, Tensor, Tensor], None] | None = None,
    on_window: Callable[[int, int, int], None] | None = None,
) -> Iterator[Float[Tensor, "1 c f h w"]]:
    """Denoises a clip of any length.

    The clip stays on the device of `noise`, which should be the CPU; `denoise` moves what it needs of it, so that only
    a few windows are ever on the compute device. Steps that share deep features share their windows too, and are walked
    along the clip together (see `walk`), so that the features of a few windows are ever kept.

    In the last step frames are given as soon as no window to come holds them, so that they can be decoded and written
    while the windows after them are denoised.

    Args:
        denoise: predicts windows.
        noise: latents to start from, of unit variance.
        scheduler: the schedule of the checkpoint, or another of diffusers' that predicts once a step (see
            `schedule.ONE_PREDICTION_A_STEP`); its state is set here.
        num_steps: denoising steps.
        windows: which frames are denoised together at each step.
        guidance_scale: 1 for the conditional prediction alone.
        windows_at_once: how many windows `denoise` is given together, where they are equally long.
        preset: what is left out of the work.
        generator: for schedulers that add noise.
        on_step: called after every step with its index, the guided model output and the latents; after the last one of
            steps that share deep features.
        on_window: called after every window with the index of the step, the number of its windows done, and of all;
            windows of steps that share deep features are counted as if they came step by step.

    Yields:
        Denoised latents of some frames, from the first of the clip to the last.

    Raises:
        ValueError: if a number of steps or of windows is impossible, if the scheduler predicts more than once a step,
            or if windows that wrap around, or a schedule that counts its steps, are to reuse deep features.
    """
    if windows_at_once < 1:
        raise ValueError(f"At least one window is denoised at once; got windows_at_once = {windows_at_once}.")
    timesteps = set_timesteps(scheduler, num_steps)
    stepper: Any = scheduler  # as its methods' annotations forbid the tensors that they take
    takes_generator = "generator" in inspect.signature(stepper.step).parameters
    options = {"generator": generator} if takes_generator else {}
    together = preset.steps_together(num_steps)
    # Other schedulers may count their steps, or draw noise for all frames: they take the whole clip at once.
    by_frame = isinstance(scheduler, DDIMScheduler)
    if together > 1 and not by_frame:
        raise ValueError(
            f"Deep features are reused along the clip, some frames being steps ahead of others, which "
            f"{type(scheduler).__name__} does not allow. Choose DDIMScheduler, or the preset 'exact'."
        )
    num_frames = noise.shape[2]
    latents = noise * stepper.init_noise_sigma
    for first in range(0, num_steps, together):
        num_together = min(together, num_steps - first)
        plan = windows(num_frames, first)
        if num_together > 1 and not goes_along(plan):
            raise ValueError(
                "Deep features are reused only where windows follow each other from the start of the clip to its end: "
                "for one that wraps around, those of the whole clip would have to be kept. Choose OverlappingWindows, "
                "or the preset 'exact'."
            )
        batches = _batches(plan, windows_at_once)
        ending = first + num_together == num_steps
        last = last_holders(batches)
        if num_together == 1 and not (ending and by_frame):
            last = dict.fromkeys(last, len(batches) - 1)
        latents = latents.clone()
        output, total = torch.zeros_like(latents), torch.zeros_like(latents)
        weight_sum = torch.zeros(num_frames, dtype=latents.dtype)
        kept: dict[int, DeepFeatures] = {}
        done = given = 0
        for ahead, index in walk(batches, num_together):
            batch, step = batches[index], first + ahead
            indices = torch.tensor([window.frames for window in batch])
            noisy = stepper.scale_model_input(torch.cat([latents[:, :, frames] for frames in indices]), timesteps[step])
            prediction = denoise(
                noisy,
                timesteps[step].expand(len(batch)),
                [window.frames for window in batch],
                guided=guidance_scale > 1 and preset.guides(step, num_steps),
                deep=kept.pop(index, DeepFeatures()) if num_together > 1 else None,
            )
            if ahead < num_together - 1:
                kept[index] = prediction.deep
            predicted = guide(prediction, guidance_scale).to(latents)
            for window, frames, one in zip(batch, indices, predicted.split(1), strict=True):
                weights = window.weights.to(latents.dtype)
                total.index_add_(2, frames, one * weights[:, None, None])
                weight_sum.index_add_(0, frames, weights)
                done += 1
                if on_window is not None:
                    on_window(first + (done - 1) // len(plan), (done - 1) % len(plan) + 1, len(plan))
            complete = [frame for frame in range(num_frames) if last[frame] == index]
            if complete:
                output[:, :, complete] = total[:, :, complete] / weight_sum[complete, None, None]
                latents[:, :, complete] = stepper.step(
                    output[:, :, complete], timesteps[step], latents[:, :, complete], **options
                ).prev_sample
                total[:, :, complete] = 0
                weight_sum[complete] = 0
            if ending and step == num_steps - 1:
                # Of a plan that wraps around, the first frames are held by the last window.
                clean = next((frame for frame in range(num_frames) if last[frame] > index), num_frames)
                if clean > given:
                    yield latents[:, :, given:clean]
                    given = clean
        if on_step is not None:
            on_step(first + num_together - 1, output, latents)


def _batches(plan: Sequence[Window], size: int) -> list[list[Window]]:
    """Neighbours of one length together, at most `size` of them."""
    batches: list[list[Window]] = []
    for _, group in groupby(plan, key=lambda window: len(window.frames)):
        equally_long = list(group)
        batches += [equally_long[start : start + size] for start in range(0, len(equally_long), size)]
    return batches
