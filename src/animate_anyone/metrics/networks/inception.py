"""The Inception-v3 of FID: Szegedy et al. 2015 with the quirks of the TensorFlow graph that FID was defined on.

Keys are those of `pt_inception-2015-12-05-6726825d.pth`, the port of that graph (github.com/mseitzer/pytorch-fid);
they are torchvision's. What differs from torchvision's network: 1008 classes, average pooling that does not count
padding, and a max pooling in the last block, where the paper has an average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from animate_anyone.metrics.frames import Frames, check_frames
from animate_anyone.metrics.networks.feature_network import CPU, NetworkFeatures, NetworkWeights, as_tensor, in_batches

Kernel = tuple[int, int]
"""Height and width."""

SIDE = 299
NUM_FEATURES = 2048
NUM_CLASSES = 1008


class ConvUnit(nn.Module):
    """Convolution without bias, batch normalisation, ReLU; keeps the size of its input unless it is `valid`."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: Kernel = (1, 1), *, stride: int = 1, valid: bool = False
    ):
        super().__init__()
        padding = (0, 0) if valid else (kernel[0] // 2, kernel[1] // 2)
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride=stride, padding=padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(features)))


class InceptionA(nn.Module):
    """35 x 35: 1x1, 5x5, two 3x3, pooling."""

    def __init__(self, channels: int, pool_channels: int):
        super().__init__()
        self.branch1x1 = ConvUnit(channels, 64)
        self.branch5x5_1 = ConvUnit(channels, 48)
        self.branch5x5_2 = ConvUnit(48, 64, (5, 5))
        self.branch3x3dbl_1 = ConvUnit(channels, 64)
        self.branch3x3dbl_2 = ConvUnit(64, 96, (3, 3))
        self.branch3x3dbl_3 = ConvUnit(96, 96, (3, 3))
        self.branch_pool = ConvUnit(channels, pool_channels)

    def forward(self, features: Tensor) -> Tensor:
        branches = (
            self.branch1x1(features),
            self.branch5x5_2(self.branch5x5_1(features)),
            self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(features))),
            self.branch_pool(_average(features)),
        )
        return torch.cat(branches, dim=1)


class InceptionB(nn.Module):
    """35 x 35 to 17 x 17."""

    def __init__(self, channels: int):
        super().__init__()
        self.branch3x3 = ConvUnit(channels, 384, (3, 3), stride=2, valid=True)
        self.branch3x3dbl_1 = ConvUnit(channels, 64)
        self.branch3x3dbl_2 = ConvUnit(64, 96, (3, 3))
        self.branch3x3dbl_3 = ConvUnit(96, 96, (3, 3), stride=2, valid=True)

    def forward(self, features: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(features)))
        return torch.cat((self.branch3x3(features), double, F.max_pool2d(features, 3, stride=2)), dim=1)


class InceptionC(nn.Module):
    """17 x 17: 1x1, 7x7 as 1x7 and 7x1, the same twice, pooling."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        across, down = (1, 7), (7, 1)
        self.branch1x1 = ConvUnit(channels, 192)
        self.branch7x7_1 = ConvUnit(channels, width)
        self.branch7x7_2 = ConvUnit(width, width, across)
        self.branch7x7_3 = ConvUnit(width, 192, down)
        self.branch7x7dbl_1 = ConvUnit(channels, width)
        self.branch7x7dbl_2 = ConvUnit(width, width, down)
        self.branch7x7dbl_3 = ConvUnit(width, width, across)
        self.branch7x7dbl_4 = ConvUnit(width, width, down)
        self.branch7x7dbl_5 = ConvUnit(width, 192, across)
        self.branch_pool = ConvUnit(channels, 192)

    def forward(self, features: Tensor) -> Tensor:
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(features)))
        branches = (
            self.branch1x1(features),
            self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(features))),
            self.branch7x7dbl_5(self.branch7x7dbl_4(double)),
            self.branch_pool(_average(features)),
        )
        return torch.cat(branches, dim=1)


class InceptionD(nn.Module):
    """17 x 17 to 8 x 8."""

    def __init__(self, channels: int):
        super().__init__()
        self.branch3x3_1 = ConvUnit(channels, 192)
        self.branch3x3_2 = ConvUnit(192, 320, (3, 3), stride=2, valid=True)
        self.branch7x7x3_1 = ConvUnit(channels, 192)
        self.branch7x7x3_2 = ConvUnit(192, 192, (1, 7))
        self.branch7x7x3_3 = ConvUnit(192, 192, (7, 1))
        self.branch7x7x3_4 = ConvUnit(192, 192, (3, 3), stride=2, valid=True)

    def forward(self, features: Tensor) -> Tensor:
        long = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(features)))
        branches = (
            self.branch3x3_2(self.branch3x3_1(features)),
            self.branch7x7x3_4(long),
            F.max_pool2d(features, 3, stride=2),
        )
        return torch.cat(branches, dim=1)


class InceptionE(nn.Module):
    """8 x 8: 1x1, 3x3 split into 1x3 and 3x1, two of them, pooling: the average, or (in the last block) the maximum."""

    def __init__(self, channels: int, *, max_pooling: bool):
        super().__init__()
        self.max_pooling = max_pooling
        across, down = (1, 3), (3, 1)
        self.branch1x1 = ConvUnit(channels, 320)
        self.branch3x3_1 = ConvUnit(channels, 384)
        self.branch3x3_2a = ConvUnit(384, 384, across)
        self.branch3x3_2b = ConvUnit(384, 384, down)
        self.branch3x3dbl_1 = ConvUnit(channels, 448)
        self.branch3x3dbl_2 = ConvUnit(448, 384, (3, 3))
        self.branch3x3dbl_3a = ConvUnit(384, 384, across)
        self.branch3x3dbl_3b = ConvUnit(384, 384, down)
        self.branch_pool = ConvUnit(channels, 192)

    def forward(self, features: Tensor) -> Tensor:
        single = self.branch3x3_1(features)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(features))
        pooled = F.max_pool2d(features, 3, stride=1, padding=1) if self.max_pooling else _average(features)
        branches = (
            self.branch1x1(features),
            self.branch3x3_2a(single),
            self.branch3x3_2b(single),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        )
        return torch.cat(branches, dim=1)


class FidInception(nn.Module):
    """Pictures of -1 to 1, (N, 3, 299, 299), to the features of the last pooling, (N, 2048)."""

    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = ConvUnit(3, 32, (3, 3), stride=2, valid=True)
        self.Conv2d_2a_3x3 = ConvUnit(32, 32, (3, 3), valid=True)
        self.Conv2d_2b_3x3 = ConvUnit(32, 64, (3, 3))
        self.Conv2d_3b_1x1 = ConvUnit(64, 80)
        self.Conv2d_4a_3x3 = ConvUnit(80, 192, (3, 3), valid=True)
        self.Mixed_5b = InceptionA(192, 32)
        self.Mixed_5c = InceptionA(256, 64)
        self.Mixed_5d = InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, 128)
        self.Mixed_6c = InceptionC(768, 160)
        self.Mixed_6d = InceptionC(768, 160)
        self.Mixed_6e = InceptionC(768, 192)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280, max_pooling=False)
        self.Mixed_7c = InceptionE(2048, max_pooling=True)
        self.fc = nn.Linear(NUM_FEATURES, NUM_CLASSES)  # FID does not use it; it is in the file

    def forward(self, pictures: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 2048"]:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(pictures)))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, stride=2)
        x = _chain(x, (self.Mixed_5b, self.Mixed_5c, self.Mixed_5d))
        x = _chain(x, (self.Mixed_6a, self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e))
        x = _chain(x, (self.Mixed_7a, self.Mixed_7b, self.Mixed_7c))
        return x.mean(dim=(2, 3))


@dataclass(frozen=True, kw_only=True, eq=False)
class InceptionFeatures:
    """FID's features: one sample for each frame.

    Frames are resized to 299 x 299 whatever their aspect, bilinearly and without antialiasing, as pytorch-fid does
    (which DisCo's evaluator calls for FID), then brought to -1 to 1.
    """

    model: FidInception
    weights: NetworkWeights
    batch_size: int = 16
    device: torch.device = CPU
    num_features: int = NUM_FEATURES
    min_frames: int = 1

    @property
    def name(self) -> str:
        return f"Inception-v3 of FID ({self.weights.label}), frames resized to {SIDE} x {SIDE} bilinearly"

    def __call__(self, frames: Frames) -> NetworkFeatures:
        """Features (F, 2048) of the frames.

        Raises:
            ValueError: These are no frames.
        """
        check_frames(frames, frames)
        return in_batches(
            len(frames), self.batch_size, lambda part: prepared(as_tensor(frames[part], self.device)), self.model
        )


def prepared(pictures: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 299 299"]:
    """Pictures of 0 to 255 as the network reads them: 299 x 299, -1 to 1."""
    unit = pictures / 255
    return 2 * F.interpolate(unit, size=(SIDE, SIDE), mode="bilinear", align_corners=False) - 1


def _average(features: Tensor) -> Tensor:
    return F.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=False)


def _chain(features: Tensor, blocks: Sequence[nn.Module]) -> Tensor:
    for block in blocks:
        features = block(features)
    return features
