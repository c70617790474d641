"""3D ResNet-50 with shortcuts of type B, trained on Kinetics-400 (Hara et al. 2018): the network of FID-VID.

Keys are those of `resnet-50-kinetics.pth` (github.com/kenshohara/3D-ResNets-PyTorch, the release of 2018), without the
`module.` in front. DisCo's evaluator, from which this field has its FID-VID, uses that file with the 2048 features of
the last pooling, on windows of 16 frames of 112 x 112. FID-VID is called "FVD-3DRN50" in its code.
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

SIDE = 112
NUM_FEATURES = 2048
NUM_CLASSES = 400
PIXEL_MEAN = (114.7748, 107.7354, 99.4750)
"""Of ActivityNet's RGB, in levels of 0 to 255: what is taken off each channel. Nothing is divided."""

EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1x1, 3x3x3, 1x1x1, and the input added."""

    def __init__(self, channels: int, width: int, *, stride: int):
        super().__init__()
        out_channels = width * EXPANSION
        self.conv1 = nn.Conv3d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(out_channels)
        self.downsample = (
            nn.Identity()
            if channels == out_channels
            else nn.Sequential(
                nn.Conv3d(channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm3d(out_channels)
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(features)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + self.downsample(features))


class ResNet3d50(nn.Module):
    """Clips with the mean taken off, (N, 3, T, H, W), to the features of the last pooling, (N, 2048)."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, stride=(1, 2, 2), padding=3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.layer1 = _layer(64, 64, blocks=3, stride=1)
        self.layer2 = _layer(256, 128, blocks=4, stride=2)
        self.layer3 = _layer(512, 256, blocks=6, stride=2)
        self.layer4 = _layer(1024, 512, blocks=3, stride=2)
        self.fc = nn.Linear(NUM_FEATURES, NUM_CLASSES)  # FID-VID does not use it; it is in the file

    def forward(self, clips: Float[Tensor, "batch 3 time height width"]) -> Float[Tensor, "batch 2048"]:
        x = F.max_pool3d(F.relu(self.bn1(self.conv1(clips))), 3, stride=2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3, 4))


@dataclass(frozen=True, kw_only=True, eq=False)
class ResNet3dFeatures:
    """FID-VID's features: one sample for each window of frames.

    As in DisCo's evaluator, frames are squeezed to 112 x 112 with Pillow's bicubic filter in floating point, the mean
    of each channel is taken off, and a window is 16 frames.
    """

    model: ResNet3d50
    weights: NetworkWeights
    windows: Windows = FIELD_WINDOWS
    batch_size: int = 8
    device: torch.device = CPU
    num_features: int = NUM_FEATURES

    @property
    def min_frames(self) -> int:
        return self.windows.length

    @property
    def name(self) -> str:
        return (
            f"3D ResNet-50 ({self.weights.label}), windows of {self.windows.length} frames at every "
            f"{self.windows.step}, frames resized to {SIDE} x {SIDE} bicubically"
        )

    def __call__(self, frames: Frames) -> NetworkFeatures:
        """Features (N, 2048) of the windows.

        Raises:
            ValueError: These are no frames, or fewer than a window has.
        """
        prepared = resized_bicubic(frames, SIDE) - torch.tensor(PIXEL_MEAN).view(3, 1, 1)
        return window_features(prepared, self.windows, self.model, batch_size=self.batch_size, device=self.device)


def _layer(channels: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
    first = Bottleneck(channels, width, stride=stride)
    return nn.Sequential(first, *(Bottleneck(width * EXPANSION, width, stride=1) for _ in range(1, blocks)))
