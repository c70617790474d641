"""Counted work: floating-point operations for a clip at the width of Stable Diffusion 1.5, without computing anything.

Each kind of call is counted on the meta device by what the package forecasts with, and multiplied by how
often a clip calls it. A multiplication and an addition are two operations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from animate_anyone.devices.clip_work import Networks, count_clip
from animate_anyone.devices.counting import counted
from animate_anyone.media.size import Size
from animate_anyone.sampling.presets import PRESETS, Preset
from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows, WindowPlan
from animate_anyone.streaming import NUM_STEPS
from benchmarks.networks import CLIP, full_size_networks
from benchmarks.plain_loop import plain_prediction

WINDOW = 24
SIZE = Size(512, 768)
TERA = 1e12


@dataclass(frozen=True, kw_only=True)
class Work:
    """TFLOP for a clip; CLIP, which all run once, is left out."""

    num_frames: int
    size: Size
    num_steps: int
    """Of plain loop and pipeline, with guidance."""
    plain: float
    pipeline: float
    fast: float
    """The pipeline with the preset "fast"."""
    stream_steps: int
    stream: float
    """Without guidance, with a tiny decoder. Frames are counted as those of a full window, also at start and end."""


@torch.no_grad()
def count_work(num_frames: int = 64, *, num_steps: int = 20, size: Size = SIZE) -> Work:
    """Counts for clips of at least one window."""
    reference_net, unet, pose_guider, vae, tiny_decoder = full_size_networks()
    height, width = size.height // 8, size.width // 8
    with torch.device("meta"):
        image_encoder = CLIPVisionModelWithProjection(CLIP)
        latents, token = torch.empty(1, 4, WINDOW, height, width), torch.empty(1, 1, 768)
        timestep = torch.empty(1, dtype=torch.int64)
        still: Any = latents[:, :, 0]
        pose = torch.empty(1, 320, WINDOW, height, width)
    networks = Networks(
        vae=vae,
        image_encoder=image_encoder,
        reference_net=reference_net,
        denoising_unet=unet,
        pose_guider=pose_guider,
    )
    clip = count_clip(networks, size, window=WINDOW, guidance=True)
    decoding_tiny = _flops(lambda: tiny_decoder.decode(still))
    given = unet.project(token, reference_net(still, token)), unet.project(token)
    with_reference, without = (
        _Branch.count(
            whole.work.flops,
            lambda deep, conditions=conditions: unet(latents, timestep, conditions, pose_features=pose, deep=deep),
            lambda conditions=conditions: unet.deep_features(latents, timestep, conditions, pose_features=pose),
        )
        for whole, conditions in zip(clip.predicting, given, strict=True)
    )
    plain_window = _flops(
        lambda: plain_prediction(
            unet,
            latents.repeat(2, 1, 1, 1, 1),
            timestep.repeat(2),
            token.repeat(2, 1, 1),
            pose_features=pose.repeat(2, 1, 1, 1, 1),
            reference=reference_net(latents[:, :, 0].repeat(2, 1, 1, 1), token.repeat(2, 1, 1)),
        )
    )
    reading = clip.reading.work.flops
    # The plain loop's own forward of the ReferenceNet was counted with its window.
    plain_window -= 2 * reading
    guiding, encoding = clip.guiding.work.flops, clip.encoding.work.flops
    projecting, projecting_nothing = (count.work.flops for count in clip.projecting)
    frames = num_frames * guiding + encoding + clip.finishing(num_frames=num_frames).flops
    once = frames + reading + projecting + projecting_nothing
    plan = OverlappingWindows(WINDOW, WINDOW // 6)
    calls, plain_calls = (_num_windows(each, num_frames, num_steps) for each in (plan, ClosedLoopWindows(WINDOW)))
    streamed = num_frames * (guiding + decoding_tiny + NUM_STEPS * with_reference.whole / WINDOW)
    return Work(
        num_frames=num_frames,
        size=size,
        num_steps=num_steps,
        plain=(frames + 2 * reading + plain_calls * plain_window) / TERA,
        pipeline=(once + calls * (with_reference.whole + without.whole)) / TERA,
        fast=(once + _fast(PRESETS["fast"], plan, num_frames, num_steps, with_reference, without)) / TERA,
        stream_steps=NUM_STEPS,
        stream=(encoding + reading + projecting + streamed) / TERA,
    )


@dataclass(frozen=True, kw_only=True)
class _Branch:
    """Work for a window, with conditions or without."""

    whole: float
    deep: float
    last_layer: float

    @classmethod
    def count(
        cls, whole: float, run_last_layer: Callable[[Tensor], Tensor], compute_deep: Callable[[], Tensor]
    ) -> "_Branch":
        deep, features = counted(compute_deep)
        return cls(whole=whole, deep=deep.work.flops, last_layer=_flops(lambda: run_last_layer(features)))


def _fast(
    preset: Preset, plan: WindowPlan, num_frames: int, num_steps: int, with_reference: _Branch, without: _Branch
) -> float:
    """Work for all windows of a clip that is denoised by this preset."""
    together = preset.steps_together(num_steps)
    work = 0.0
    for first in range(0, num_steps, together):
        steps = range(first, min(first + together, num_steps))
        num_guided = sum(preset.guides(step, num_steps) for step in steps)
        for branch, num_predicted in ((with_reference, len(steps)), (without, num_guided)):
            if num_predicted > 0:
                work += len(plan(num_frames, first)) * (branch.deep + num_predicted * branch.last_layer)
    return work


def _num_windows(plan: WindowPlan, num_frames: int, num_steps: int) -> int:
    return sum(len(plan(num_frames, step)) for step in range(num_steps))


def _flops(run: Callable[[], Any]) -> float:
    return counted(run)[0].work.flops
