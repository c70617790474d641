"""Where clips come from: drawn characters, or a folder of videos. Clips are numbered, and number i is always the same."""

from typing import Any, Protocol

from torch import Tensor

from animate_anyone.data.clip import Clip
from animate_anyone.data.procedural import SPLITS, Split, render_clip
from animate_anyone.train.config import ProceduralData, VideoData

class Source(Protocol):
    """Numbered clips of one character each, all of `num_frames` frames."""

    num_frames: int

    def __len__(self) -> int: ...

    def clip(self, index: int) -> Clip: ...

    def frame(self, index: int, number: int) -> Tensor:
        """Frame `number` of a clip alone, (3, H, W) uint8."""
        ...

    def identity(self, index: int) -> int:
        """Clips of one character have the same number."""
        ...

    def spec(self, index: int) -> dict[str, Any]:
        """Plain values that say all there is to say about a clip: equal for equal clips only."""
        ...
