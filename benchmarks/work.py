"""Counted work: floating-point operations for a clip at the width of Stable Diffusion 1.5, without computing anything.

Each kind of call is counted on the meta device, where attention is taken apart into its products, and multiplied by how
often a clip calls it. A multiplication and an addition are two operations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from animate_anyone.media.size import Size
from animate_anyone.sampling.presets import PRESETS, Preset
from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows, WindowPlan
from animate_anyone.streaming import NUM_STEPS
from benchmarks.networks import full_size_networks
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
        latents, token = torch.empty(1, 4, WINDOW, height, width), torch.empty(1, 1, 768)
        timestep = torch.empty(1, dtype=torch.int64)
        still: Any = latents[:, :, 0]
        picture = torch.empty(1, 3, size.height, size.width)
    reading, features = _counted(lambda: reference_net(still, token))
    projecting, conditional = _counted(lambda: unet.project(token, features))
    projecting_nothing, unconditional = _counted(lambda: unet.project(token))
    # Features of the right shape, without the work of a whole window of pictures.
    guiding, one = _counted(lambda: pose_guider(picture[:, :, None]))
    pose = one.expand(-1, -1, WINDOW, -1, -1)
    encoding, _ = _counted(lambda: vae.encode(picture))
    decoding, _ = _counted(lambda: vae.decode(still))
    decoding_tiny, _ = _counted(lambda: tiny_decoder.decode(still))

    with_reference, without = (
        _Branch.count(
            lambda deep, given=given: unet(latents, timestep, given, pose_features=pose, deep=deep),
            lambda given=given: unet.deep_features(latents, timestep, given, pose_features=pose),
        )
        for given in (conditional, unconditional)
    )
    plain_window, _ = _counted(
        lambda: plain_prediction(
            unet,
            latents.repeat(2, 1, 1, 1, 1),
            timestep.repeat(2),
            token.repeat(2, 1, 1),
            pose_features=pose.repeat(2, 1, 1, 1, 1),
            reference=reference_net(still.repeat(2, 1, 1, 1), token.repeat(2, 1, 1)),
        )
    )
    # The plain loop's own forward of the ReferenceNet was counted with its window.
    plain_window -= 2 * reading
    frames = num_frames * (guiding + decoding) + encoding
    streamed = num_frames * (guiding + decoding_tiny + NUM_STEPS * with_reference.whole / WINDOW)
    plain_calls = _num_windows(ClosedLoopWindows(WINDOW), num_frames, num_steps)
    plan = OverlappingWindows(WINDOW, WINDOW // 6)
    calls = _num_windows(plan, num_frames, num_steps)
    once = frames + reading + projecting + projecting_nothing
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

    whole: int
    deep: int
    last_layer: int

    @classmethod
    def count(cls, predict: Callable[[Tensor | None], Tensor], compute_deep: Callable[[], Tensor]) -> "_Branch":
        whole, _ = _counted(lambda: predict(None))
        deep, features = _counted(compute_deep)
        last_layer, _ = _counted(lambda: predict(features))
        return cls(whole=whole, deep=deep, last_layer=last_layer)


def _fast(
    preset: Preset, plan: WindowPlan, num_frames: int, num_steps: int, with_reference: _Branch, without: _Branch
) -> int:
    """Work for all windows of a clip that is denoised by this preset."""
    together = preset.steps_together(num_steps)
    work = 0
    for first in range(0, num_steps, together):
        steps = range(first, min(first + together, num_steps))
        num_guided = sum(preset.guides(step, num_steps) for step in steps)
        for branch, num_predicted in ((with_reference, len(steps)), (without, num_guided)):
            if num_predicted > 0:
                work += len(plan(num_frames, first)) * (branch.deep + num_predicted * branch.last_layer)
    return work


def _num_windows(plan: WindowPlan, num_frames: int, num_steps: int) -> int:
    return sum(len(plan(num_frames, step)) for step in range(num_steps))


def _counted(run: Callable[[], Any]) -> tuple[int, Any]:
    with FlopCounterMode(display=False) as counter:
        result = run()
    return counter.get_total_flops(), result
