"""Validation losses: a stage's loss on a fixed set of samples with fixed noise, so that steps and runs compare."""

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from animate_anyone.train.batches import Draw, Sample, seeded_generator
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.stage import device_of

SEED = 0
"""Not the run's own: runs of different seeds are to be compared on the same samples."""

SAMPLES_AT_ONCE = 4


def draw_validation(draw: Draw, config: TrainConfig) -> list[Sample]:
    """The run's fixed validation samples, noise included, in small batches; equal at every call."""
    samples = [draw(seeded_generator(SEED, index)) for index in range(config.validation_samples)]
    size = max(1, min(SAMPLES_AT_ONCE, config.batch_size // config.accumulation))
    return [default_collate(samples[start : start + size]) for start in range(0, len(samples), size)]


@torch.no_grad()
def validation_losses(objective: nn.Module, batches: list[Sample]) -> dict[str, Tensor]:
    """Means over all samples of what the objective returns."""
    device = device_of(objective)
    objective.eval()
    sums: dict[str, Tensor] = {}
    num_samples = 0
    for batch in batches:
        size = len(next(iter(batch.values())))
        num_samples += size
        losses: dict[str, Tensor] = objective({name: tensor.to(device) for name, tensor in batch.items()})
        for name, value in losses.items():
            sums[name] = sums.get(name, torch.zeros((), dtype=torch.float64)) + value.double().cpu() * size
    return {name: value / num_samples for name, value in sums.items()}
