"""Batches as a function of the step: sample i of step s is the same on any number of processes, after any restart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, default_collate

Sample = dict[str, Tensor]
"""One sample, or a batch of them stacked."""

Draw = Callable[[torch.Generator], Sample]
"""Draws one sample: what it shows, and all noise that the loss will use on it."""


def seeded_generator(*seeds: int) -> torch.Generator:
    """A CPU generator whose stream is a function of the seeds, independent between different ones."""
    state = int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state >> 1)


def pick(size: int, generator: torch.Generator) -> int:
    """A whole number in [0, size)."""
    return int(torch.randint(size, (), generator=generator))


@dataclass(frozen=True, kw_only=True)
class Batches(Dataset[list[Sample]]):
    """Item `step` is what this process works on in that optimiser step: one batch for each accumulation step.

    Attributes:
        draw: Draws one sample.
        seed: Seed of the run.
        batch_size: Samples of one optimiser step over all processes; a multiple of `num_processes * accumulation`.
        num_processes: Processes that share the batch.
        process: Number of this process.
        accumulation: Parts a process works through one after the other.
    """

    draw: Draw
    seed: int
    batch_size: int
    num_processes: int = 1
    process: int = 0
    accumulation: int = 1

    def __post_init__(self):
        if self.batch_size % (self.num_processes * self.accumulation):
            raise ValueError(
                f"batch_size {self.batch_size} is no multiple of {self.num_processes} processes x "
                f"{self.accumulation} accumulation steps"
            )

    def __getitem__(self, step: int) -> list[Sample]:
        samples = [
            self.draw(seeded_generator(self.seed, step, index))
            for index in range(self.process, self.batch_size, self.num_processes)
        ]
        size = len(samples) // self.accumulation
        return [default_collate(samples[start : start + size]) for start in range(0, len(samples), size)]
