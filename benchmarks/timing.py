"""Time for a clip: plain loop, pipeline and stream by turns, in one process on one thread, and how far results differ.

Taken is the processor time of the process, which on one thread is what a clock shows where nothing else runs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from animate_anyone.media.size import Size
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.sampling.presets import EXACT, PRESETS, Preset
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.sampling.windows import ClosedLoopWindows, WindowPlan
from benchmarks.networks import TOY_SIZE, DrawnWhenAsked, picture, toy_pipeline
from benchmarks.plain_loop import plain_frames, plain_latents
from benchmarks.streaming import stream_frames

GUIDANCE_SCALE = 3.5


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How the two compare at one length; each time is the least of all rounds."""

    num_frames: int
    num_steps: int
    rounds: int
    plain_seconds: float
    same_windows_seconds: float
    """The pipeline with the plain loop's window plan."""
    own_windows_seconds: float
    """The pipeline with the window plan that it has by default; a clip of one window is the same in both plans."""
    stream_seconds: float
    """The stream, with the few steps and without the guidance that it has by default."""
    fast_seconds: float
    """As `own_windows_seconds`, with the preset "fast"."""
    difference: float
    """Largest difference of the latents at the same windows, in standard deviations of the plain loop's."""

    @property
    def same_windows_ratio(self) -> float:
        """Times as fast at the same windows."""
        return self.plain_seconds / self.same_windows_seconds

    @property
    def own_windows_ratio(self) -> float:
        """Times as fast as it comes."""
        return self.plain_seconds / self.own_windows_seconds

    @property
    def stream_ratio(self) -> float:
        """Times as fast as a stream."""
        return self.plain_seconds / self.stream_seconds

    @property
    def fast_ratio(self) -> float:
        """Times as fast with the preset "fast"."""
        return self.plain_seconds / self.fast_seconds


def measure_time(num_frames: int, *, num_steps: int, rounds: int) -> Timing:
    """Makes the same clip by turns, `rounds` times each."""
    pipeline = toy_pipeline()
    poses = DrawnWhenAsked(num_frames, TOY_SIZE)
    noise = start_noise(num_frames, TOY_SIZE)
    results: dict[str, Tensor | int] = {}
    least: dict[str, float] = {}

    def plain() -> Tensor:
        latents = plain_latents(
            pipeline,
            poses,
            size=TOY_SIZE,
            noise=noise,
            windows=ClosedLoopWindows(),
            num_steps=num_steps,
            guidance_scale=GUIDANCE_SCALE,
        )
        plain_frames(pipeline, latents)
        return latents

    variants: dict[str, Callable[[], Tensor | int]] = {
        "plain": plain,
        "stream": lambda: stream_frames(pipeline, num_frames),
        "same": lambda: pipeline_latents(pipeline, poses, noise, windows=ClosedLoopWindows(), num_steps=num_steps),
    }
    if num_frames > pipeline.window_size:
        variants["own"] = lambda: pipeline_latents(pipeline, poses, noise, windows=None, num_steps=num_steps)
    variants["fast"] = lambda: pipeline_latents(
        pipeline, poses, noise, windows=None, num_steps=num_steps, preset=PRESETS["fast"]
    )
    for _ in range(rounds):
        for name, run in variants.items():
            start = time.process_time()
            results[name] = run()
            seconds = time.process_time() - start
            least[name] = min(seconds, least.get(name, seconds))
    same, expected = (torch.as_tensor(results[name]) for name in ("same", "plain"))
    difference = (same - expected).abs().max() / expected.std()
    return Timing(
        num_frames=num_frames,
        num_steps=num_steps,
        rounds=rounds,
        plain_seconds=least["plain"],
        same_windows_seconds=least["same"],
        own_windows_seconds=least.get("own", least["same"]),
        stream_seconds=least["stream"],
        fast_seconds=least["fast"],
        difference=float(difference),
    )


def start_noise(num_frames: int, size: Size) -> Tensor:
    """The latents of a toy's clip that both start from."""
    shape = (1, 4, num_frames, size.height // 8, size.width // 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def pipeline_latents(
    pipeline: AnimateAnyonePipeline,
    poses: DrawnWhenAsked,
    noise: Tensor,
    *,
    windows: WindowPlan | None,
    num_steps: int,
    preset: Preset = EXACT,
) -> Tensor:
    """The pipeline's own way from the pictures to the frames; returns the latents, to be compared."""
    reference = pipeline.encode_reference(picture(0, TOY_SIZE), width=TOY_SIZE.width, height=TOY_SIZE.height)
    latents = pipeline.denoise(
        reference,
        poses,
        width=TOY_SIZE.width,
        height=TOY_SIZE.height,
        settings=SamplingSettings(
            num_inference_steps=num_steps, guidance_scale=GUIDANCE_SCALE, windows=windows, preset=preset
        ),
        latents=noise,
    )
    for _ in pipeline.decode(latents):
        pass
    return latents
