"""LPIPS 0.1 (Zhang et al. 2018): how far apart two pictures are for a network that was trained to recognise things.

The backbones are torchvision's VGG16 and AlexNet by structure and keys, up to the last convolution; the heads are the
five weightings of channels that the authors published.

Papers of this field print VGG16's distance, as DisCo's evaluator measures it; the authors of LPIPS advise AlexNet's.
That evaluator also gives values of 0 to 1 to a network that is meant to see -1 to 1, which changes the distances.
`ValueRange.UNIT` does the same, for comparison with what was printed, and the name says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from animate_anyone.metrics.frames import Frames, PerFrame, check_frames
from animate_anyone.metrics.networks.feature_network import CPU, NetworkWeights, as_tensor, in_batches

EPSILON = 1e-10
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


class ValueRange(Enum):
    """What the values of pictures are brought to before the network sees them."""

    SIGNED = "-1 to 1"
    UNIT = "0 to 1, as in DisCo's evaluator"


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """The convolutions of a network, and after which of them activations are compared."""

    title: str
    layers: Callable[[], list[nn.Module]]
    """Makes `features` of torchvision's network, as far as it is needed."""
    compared: tuple[int, ...]
    """Indices in `features`."""
    channels: tuple[int, ...]
    """Of what is compared."""
    min_side: int
    """Smallest side of a picture, in pixels."""


def vgg16_layers() -> list[nn.Module]:
    """The convolutions of VGG16 (Simonyan and Zisserman 2014), from random weights."""
    layers: list[nn.Module] = []
    channels = 3
    for stage, width in enumerate((64, 128, 256, 512, 512)):
        if stage:
            layers.append(nn.MaxPool2d(2))
        for _ in range(2 if stage < 2 else 3):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return layers


def alexnet_layers() -> list[nn.Module]:
    """The convolutions of AlexNet (Krizhevsky 2014), from random weights."""
    return [
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
    ]


VGG16 = Backbone(
    title="VGG16",
    layers=vgg16_layers,
    compared=(3, 8, 15, 22, 29),
    channels=(64, 128, 256, 512, 512),
    min_side=16,
)
ALEXNET = Backbone(
    title="AlexNet",
    layers=alexnet_layers,
    compared=(1, 4, 7, 9, 11),
    channels=(64, 192, 384, 256, 256),
    min_side=31,
)


class LpipsNetwork(nn.Module):
    """Two batches of pictures of -1 to 1, (N, 3, H, W), to their distances, (N,)."""

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Backbone):
        super().__init__()
        self.compared = backbone.compared
        self.features = nn.Sequential(*backbone.layers())
        self.heads = nn.ModuleList(nn.Conv2d(channels, 1, 1, bias=False) for channels in backbone.channels)
        self.register_buffer("shift", torch.tensor(SHIFT).view(3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1), persistent=False)

    def forward(
        self, first: Float[Tensor, "batch 3 height width"], second: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, " batch"]:
        differences = [
            (one - other).square() for one, other in zip(self._directions(first), self._directions(second), strict=True)
        ]
        distances = [
            head(difference).mean(dim=(1, 2, 3)) for head, difference in zip(self.heads, differences, strict=True)
        ]
        return torch.stack(distances).sum(dim=0)

    def _directions(self, pictures: Tensor) -> list[Tensor]:
        """The compared activations, each pixel's divided by its length over channels."""
        x = (pictures - self.shift) / self.scale
        directions: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.compared:
                directions.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + EPSILON))
        return directions


@dataclass(frozen=True, kw_only=True, eq=False)
class Lpips:
    """LPIPS of two videos, frame by frame, at the size they have."""

    model: LpipsNetwork
    backbone: Backbone
    weights: NetworkWeights
    values: ValueRange = ValueRange.SIGNED
    batch_size: int = 4
    device: torch.device = CPU

    @property
    def name(self) -> str:
        """The network, its weights and the range of values, for a report."""
        return f"LPIPS 0.1 with {self.backbone.title} ({self.weights.label}), values of {self.values.value}"

    def __call__(self, result: Frames, truth: Frames) -> PerFrame:
        """Distances (F,) of frames from the true ones; 0 for equal frames.

        Raises:
            ValueError: The videos cannot be compared, or are too small for the network.
        """
        check_frames(result, truth)
        if min(truth.shape[1:3]) < self.backbone.min_side:
            raise ValueError(
                f"LPIPS with {self.backbone.title} needs sides of at least {self.backbone.min_side} pixels; "
                f"got frames of shape {truth.shape}."
            )

        def pairs(part: slice) -> Tensor:
            return torch.stack([self._scaled(result[part]), self._scaled(truth[part])])

        distances = in_batches(len(truth), self.batch_size, pairs, lambda pair: self.model(pair[0], pair[1]))
        return distances.astype(np.float64)

    def _scaled(self, frames: Frames) -> Tensor:
        pictures = as_tensor(frames, self.device) / 255
        return 2 * pictures - 1 if self.values is ValueRange.SIGNED else pictures
