"""Peak memory against the length of the clip, each length in a process of its own: what stays of one is not another's.

    python -m benchmarks.memory {pipeline,fast,plain,stream} NUM_FRAMES

prints the peak of one process in bytes.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch

from animate_anyone.media.size import Size
from animate_anyone.sampling.presets import PRESETS
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.sampling.windows import ClosedLoopWindows
from benchmarks.networks import DrawnWhenAsked, picture, toy_pipeline
from benchmarks.plain_loop import plain_frames, plain_latents
from benchmarks.processes import peak_of, print_peak
from benchmarks.streaming import stream_frames
from benchmarks.timing import GUIDANCE_SCALE, start_noise

NUM_STEPS = 1
SIZE = Size(64, 96)
"""Small: what is kept of poses has a bound, which a clip of full size reaches at 64 frames, and one of toys never."""
REUSING = replace(PRESETS["fast"], fewest_refreshes=1)
"""The preset "fast", in that all its steps together take features of one: what it keeps, it keeps in these."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Peak of resident memory by number of frames, in bytes."""

    pipeline: dict[int, int]
    fast: dict[int, int]
    plain: dict[int, int]
    stream: dict[int, int]


def measure_memory(lengths: tuple[int, ...]) -> Memory:
    """Runs each length of all three in a process of its own."""
    peaks = {name: {length: peak_of("benchmarks.memory", name, str(length)) for length in lengths} for name in RUNS}
    return Memory(**peaks)


def run_pipeline(num_frames: int) -> None:
    """Makes a clip and lets each frame go as it comes."""
    _run(num_frames, SamplingSettings(num_inference_steps=NUM_STEPS, guidance_scale=GUIDANCE_SCALE))


def run_fast(num_frames: int) -> None:
    """Makes a clip whose steps share deep features."""
    num_steps = REUSING.refresh_every
    _run(
        num_frames,
        SamplingSettings(num_inference_steps=num_steps, guidance_scale=GUIDANCE_SCALE, preset=REUSING),
    )


def _run(num_frames: int, settings: SamplingSettings) -> None:
    pipeline = toy_pipeline()
    for _ in pipeline.animate(
        picture(0, SIZE),
        DrawnWhenAsked(num_frames, SIZE),
        width=SIZE.width,
        height=SIZE.height,
        settings=settings,
        generator=torch.Generator().manual_seed(0),
    ):
        pass


def run_plain(num_frames: int) -> None:
    """Makes the same clip by the plain loop."""
    pipeline = toy_pipeline()
    latents = plain_latents(
        pipeline,
        DrawnWhenAsked(num_frames, SIZE),
        size=SIZE,
        noise=start_noise(num_frames, SIZE),
        windows=ClosedLoopWindows(),
        num_steps=NUM_STEPS,
        guidance_scale=GUIDANCE_SCALE,
    )
    plain_frames(pipeline, latents)


def run_stream(num_frames: int) -> None:
    """Streams as many frames."""
    stream_frames(toy_pipeline(), num_frames, SIZE)


RUNS: Mapping[str, Callable[[int], None]] = MappingProxyType(
    {"pipeline": run_pipeline, "fast": run_fast, "plain": run_plain, "stream": run_stream}
)


if __name__ == "__main__":
    torch.set_num_threads(1)
    RUNS[sys.argv[1]](int(sys.argv[2]))
    print_peak()
