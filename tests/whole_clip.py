"""Sampling, with all frames at once."""

from typing import Any

import torch
from torch import Tensor

from animate_anyone.sampling.sampler import sample


def whole_clip(*inputs: Any, **options: Any) -> Tensor:
    """What `sample` gives piece by piece, in one."""
    return torch.cat(list(sample(*inputs, **options)), dim=2)
