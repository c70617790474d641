"""What is made of single frames and wanted at every step: made once, as far as there is memory for it."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Make = Callable[[tuple[int, ...]], Float[Tensor, "1 c f h w"]]
"""Makes something of these frames of the clip; each frame's part depends on that frame alone."""


class FrameCache:
    """Gives what `make` makes of frames, and keeps it until `max_bytes` are full; other frames are made again.

    The first frames stay. Were the last ones kept in their place, a clip too long to be kept whole would be made anew
    at every step, since every step goes through it from start to end.
    """

    def __init__(self, make: Make, *, max_bytes: int):
        self.make = make
        self.free_bytes = max_bytes
        self.kept: dict[int, Float[Tensor, "c h w"]] = {}

    def __call__(self, frames: Sequence[int]) -> Float[Tensor, "1 c f h w"]:
        """What is made of these frames, in this order; a frame may come more than once."""
        missing = tuple(frame for frame in dict.fromkeys(frames) if frame not in self.kept)
        values = {frame: self.kept[frame] for frame in frames if frame in self.kept}
        if missing:
            values |= zip(missing, self.make(missing)[0].unbind(dim=1), strict=True)
        for frame in missing:
            size = values[frame].nbytes
            if size <= self.free_bytes:
                # A copy, as the value is a view that would hold on to the frames beside it.
                values[frame] = self.kept[frame] = values[frame].clone()
                self.free_bytes -= size
        return torch.stack([values[frame] for frame in frames], dim=1)[None]
