"""What a network is that makes features of a video, and how frames get to it: batches, resizing, windows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from animate_anyone.metrics.frames import Frames, check_frames

CPU = torch.device("cpu")

NetworkFeatures = npt.NDArray[np.float32]
"""Features of N samples of a video, (N, D)."""


@dataclass(frozen=True, kw_only=True)
class NetworkWeights:
    """Which weights a network has, for a report.

    Attributes:
        file: Name of the file.
        sha256: Of the file.
        published: Whether the hash is the published one; None if none was published.
    """

    file: str
    sha256: str
    published: bool | None

    @property
    def label(self) -> str:
        """The file and its hash in short, and what is to be known of it if it is not the published one."""
        short = f"{self.file}, SHA-256 {self.sha256[:8]}"
        if self.published is None:
            return f"{short}, no published hash"
        return short if self.published else f"other weights: {short}"


class FeatureNetwork(Protocol):
    """A network with all that comes before it: from the frames of a video to features."""

    @property
    def name(self) -> str:
        """The network, its weights, and how frames are brought to it, for a report."""
        ...

    @property
    def weights(self) -> NetworkWeights:
        """What it was loaded from."""
        ...

    @property
    def num_features(self) -> int:
        """D."""
        ...

    @property
    def min_frames(self) -> int:
        """The fewest frames that a video may have."""
        ...

    def __call__(self, frames: Frames) -> NetworkFeatures:
        """Features (N, D) of a video of at least `min_frames` frames: of each frame, or of each window of frames.

        Raises:
            ValueError: These are no frames, or too few.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Which frames are looked at together: `length` frames in a row, starting at every `step`th frame.

    A rest that does not fill a window is left out.
    """

    length: int = 16
    step: int = 1

    def starts(self, frames: int) -> range:
        """Where the windows of a video of so many frames start.

        Raises:
            ValueError: The video is shorter than a window.
        """
        if frames < self.length:
            raise ValueError(f"A window has {self.length} frames; got a video of {frames}.")
        return range(0, frames - self.length + 1, self.step)


FIELD_WINDOWS = Windows(length=16, step=1)
"""Those of DisCo's evaluator, whose numbers this field prints: 16 frames, starting at every frame. It leaves out the
last window, and writes each as a GIF of 256 colours and reads that; neither is done here."""


def in_batches(
    items: int, size: int, batch: Callable[[slice], Tensor], network: Callable[[Tensor], Tensor]
) -> NetworkFeatures:
    """Runs a network over items 0 to `items`, `size` at a time, without gradients and in float32 proper.

    Args:
        items: How many there are.
        size: How many the network sees at once.
        batch: Makes the network's input of the items in a slice.
        network: From an input to features (N, D).
    """
    # Graphics cards would else round the inputs of convolutions to 10 bits (TF32).
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        parts = [network(batch(part)).float().cpu() for part in _slices(items, size)]
    return torch.cat(parts).numpy()


def as_tensor(frames: Frames, device: torch.device) -> Float[Tensor, "frames 3 height width"]:
    """Checked frames as float32 of 0 to 255 on a device."""
    return torch.from_numpy(np.ascontiguousarray(frames)).to(device).permute(0, 3, 1, 2).float()


def resized_bicubic(frames: Frames, side: int) -> Float[Tensor, "frames 3 side side"]:
    """Frames as float32 of about 0 to 255 (bicubic overshoots), squeezed into squares whatever their aspect.

    Pillow's bicubic filter, which widens when it makes smaller (antialiasing), on each channel in floating point: the
    "clean" resizing of Parmar et al. 2022.

    Raises:
        ValueError: These are no frames.
    """
    check_frames(frames, frames)
    resized = np.empty((len(frames), 3, side, side), dtype=np.float32)
    for index, frame in enumerate(frames):
        for channel in range(3):
            plane = Image.fromarray(frame[..., channel].astype(np.float32))
            resized[index, channel] = np.asarray(plane.resize((side, side), Image.Resampling.BICUBIC))
    return torch.from_numpy(resized)


def window_features(
    frames: Float[Tensor, "frames 3 side side"],
    windows: Windows,
    network: Callable[[Tensor], Tensor],
    *,
    batch_size: int,
    device: torch.device,
) -> NetworkFeatures:
    """Features (N, D) of the windows of prepared frames, by a network that reads (N, 3, T, side, side).

    Raises:
        ValueError: There are fewer frames than a window has.
    """
    starts = windows.starts(len(frames))

    def batch(part: slice) -> Tensor:
        clips = [frames[start : start + windows.length] for start in starts[part]]
        return torch.stack(clips).transpose(1, 2).to(device)

    return in_batches(len(starts), batch_size, batch, network)


def _slices(items: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, items)) for start in range(0, items, size))
