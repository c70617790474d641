"""The stream of toys: what it makes of a clip of any length, and how its time grows with the length."""

import time
from dataclasses import dataclass

import torch

from animate_anyone.media.size import Size
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.streaming import NUM_STEPS, stream
from benchmarks.networks import TOY_SIZE, picture, toy_decoder, toy_pipeline


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Seconds of the stream by number of frames; each is the least of all rounds."""

    num_steps: int
    rounds: int
    seconds: dict[int, float]

    @property
    def ratio(self) -> float:
        """Time for the longest clip in that for the shortest."""
        return self.seconds[max(self.seconds)] / self.seconds[min(self.seconds)]


def measure_growth(lengths: tuple[int, ...], *, rounds: int) -> Growth:
    """Streams clips of these lengths by turns, `rounds` times each."""
    pipeline = toy_pipeline()
    least: dict[int, float] = {}
    for _ in range(rounds):
        for length in lengths:
            start = time.process_time()
            stream_frames(pipeline, length)
            seconds = time.process_time() - start
            least[length] = min(seconds, least.get(length, seconds))
    return Growth(num_steps=NUM_STEPS, rounds=rounds, seconds=least)


def stream_frames(pipeline: AnimateAnyonePipeline, num_frames: int, size: Size = TOY_SIZE) -> int:
    """Lets each frame go as it comes; returns how many there were."""
    frames = stream(
        pipeline,
        picture(0, size),
        (picture(index + 1, size) for index in range(num_frames)),
        width=size.width,
        height=size.height,
        decoder=toy_decoder(),
        generator=torch.Generator().manual_seed(0),
    )
    return sum(1 for _ in frames)
