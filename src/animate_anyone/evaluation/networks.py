"""Opens the networks that measure, from their published weights: a file of the user, one pulled before, or a download.

Without its weights a measure is not run; no other network stands in for it. Weights whose hash is not the published one
are refused, unless they are asked for, and then the name of the network says so.
"""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import nn

from animate_anyone.checkpoints.download import fetch_url, sha256_of
from animate_anyone.checkpoints.keymap import Drop, KeyMap, Rename, load_into
from animate_anyone.checkpoints.network_files import (
    ALEXNET,
    FID_INCEPTION,
    I3D_KINETICS,
    LPIPS_HEADS,
    RESNET3D_KINETICS,
    VGG16,
    NetworkFile,
)
from animate_anyone.checkpoints.readers import read_weights
from animate_anyone.checkpoints.registry import models_home
from animate_anyone.errors import CheckpointError, MissingExtraError, MissingNetworkError
from animate_anyone.metrics.networks import lpips
from animate_anyone.metrics.networks.feature_network import FIELD_WINDOWS, NetworkWeights, Windows
from animate_anyone.metrics.networks.i3d import I3dFeatures, InceptionI3d
from animate_anyone.metrics.networks.inception import FidInception, InceptionFeatures
from animate_anyone.metrics.networks.resnet3d import ResNet3d50, ResNet3dFeatures

NetworkT = TypeVar("NetworkT", bound=nn.Module)

STEP_COUNTERS = r"(.*\.)?num_batches_tracked"
"""Buffers that files from before PyTorch 0.4.1 lack, and that only training uses."""
FEATURE_KEYS = KeyMap(
    drops=(Drop(STEP_COUNTERS, reason="counts training steps"),),
    renames=(Rename(r"^module\.", ""),),  # saved from several graphics cards
)
BACKBONE_KEYS = KeyMap(
    drops=(Drop(r"classifier\..*", reason="LPIPS compares convolutions alone"),),
    renames=(Rename(r"^features\.", ""),),
)
HEAD_KEYS = KeyMap(renames=(Rename(r"^lin(\d)\.model\.1\.", r"\1."),))


@dataclass(frozen=True, kw_only=True)
class WeightChoice:
    """Where weights come from, and which are taken."""

    path: Path | None = None
    """A weight file, or a folder that has it under its published name; None for the folder that downloads go to."""
    download: bool = False
    """Whether a file that is not there is downloaded to that folder."""
    allow_other_weights: bool = False
    """Whether a file is taken whose hash is not the published one."""

    def place(self, file: NetworkFile) -> Path:
        """Where the file is, or will be."""
        folder = models_home() / "networks" if self.path is None else self.path
        return folder / file.name if self.path is None or folder.is_dir() else folder


PULLED = WeightChoice()


def open_fid(*, weights: WeightChoice = PULLED, device: torch.device | str = "cpu") -> InceptionFeatures:
    """The network of FID: Inception-v3, which looks at single frames.

    Args:
        weights: Where its weights come from.
        device: Where it runs.

    Raises:
        MissingNetworkError: The weights are not on this machine, or cannot be downloaded.
        CheckpointError: The file is not the published one, or not of this network.
    """
    found = _find(FID_INCEPTION, weights, purpose="FID")
    device = torch.device(device)
    return InceptionFeatures(model=_loaded(FidInception(), found, device), weights=found.record, device=device)


def open_fid_vid(
    *, weights: WeightChoice = PULLED, windows: Windows = FIELD_WINDOWS, device: torch.device | str = "cpu"
) -> ResNet3dFeatures:
    """The network of FID-VID: 3D ResNet-50, which looks at windows of frames.

    Args:
        weights: Where its weights come from.
        windows: Which frames are looked at together.
        device: Where it runs.

    Raises:
        MissingNetworkError: The weights are not on this machine.
        CheckpointError: The file is not of this network.
    """
    found = _find(RESNET3D_KINETICS, weights, purpose="FID-VID")
    device = torch.device(device)
    return ResNet3dFeatures(
        model=_loaded(ResNet3d50(), found, device), weights=found.record, windows=windows, device=device
    )


def open_fvd(
    *, weights: WeightChoice = PULLED, windows: Windows = FIELD_WINDOWS, device: torch.device | str = "cpu"
) -> I3dFeatures:
    """The network of FVD: I3D, which looks at windows of frames.

    Args:
        weights: Where its weights come from.
        windows: Which frames are looked at together.
        device: Where it runs.

    Raises:
        MissingNetworkError: The weights are not on this machine, or cannot be downloaded.
        CheckpointError: The file is not the published one, or not of this network.
    """
    found = _find(I3D_KINETICS, weights, purpose="FVD")
    device = torch.device(device)
    return I3dFeatures(
        model=_loaded(InceptionI3d(), found, device), weights=found.record, windows=windows, device=device
    )


def open_lpips(
    backbone: Literal["vgg", "alex"] = "vgg",
    *,
    weights: WeightChoice = PULLED,
    values: lpips.ValueRange = lpips.ValueRange.SIGNED,
    device: torch.device | str = "cpu",
) -> lpips.Lpips:
    """LPIPS 0.1. The backbone's weights are torchvision's; its heads come with the package torchmetrics.

    Args:
        backbone: `vgg` (VGG16, as printed in this field) or `alex` (AlexNet).
        weights: Where the backbone's weights come from.
        values: What the network is shown.
        device: Where it runs.

    Raises:
        MissingExtraError: torchmetrics is not installed.
        MissingNetworkError: The backbone's weights are not on this machine, or cannot be downloaded.
        CheckpointError: A file is not the published one, or not of this network.
    """
    device = torch.device(device)
    structure, file = (lpips.VGG16, VGG16) if backbone == "vgg" else (lpips.ALEXNET, ALEXNET)
    heads = _lpips_heads(f"{backbone}.pth")
    found = _find(file, weights, purpose="LPIPS")
    model = lpips.LpipsNetwork(structure)
    load_into(model.features, read_weights(found.path), source=str(found.path), keymap=BACKBONE_KEYS)
    load_into(model.heads, read_weights(heads), source=str(heads), keymap=HEAD_KEYS)
    return lpips.Lpips(
        model=_ready(model, device), backbone=structure, weights=found.record, values=values, device=device
    )


@dataclass(frozen=True)
class _Found:
    path: Path
    record: NetworkWeights


def _find(file: NetworkFile, weights: WeightChoice, *, purpose: str) -> _Found:
    place = weights.place(file)
    if not place.is_file():
        _download(file, place, weights, purpose=purpose)
    digest = sha256_of(place)
    published = None if file.sha256 is None else digest == file.sha256
    if published is False and not weights.allow_other_weights:
        raise CheckpointError(
            f"'{place}' is not the published '{file.name}': its SHA-256 is {digest}, expected {file.sha256}. Get that "
            f"file from {file.url or file.page}, or allow other weights; the results are then named after them."
        )
    return _Found(place, NetworkWeights(file=place.name, sha256=digest, published=published))


def _download(file: NetworkFile, place: Path, weights: WeightChoice, *, purpose: str) -> None:
    if weights.path is not None and not weights.path.is_dir():
        raise CheckpointError(f"There is no weight file or folder '{weights.path}'.")
    needs = f"the weights '{file.name}'"
    if file.url is None:
        remedy = f"Get the file by the links on {file.page} and put it at '{place}'."
        raise MissingNetworkError(needs, purpose=purpose, remedy=remedy)
    if not weights.download:
        remedy = f"Allow the download, or get the file from {file.url} and put it at '{place}'."
        raise MissingNetworkError(needs, purpose=purpose, remedy=remedy)
    try:
        fetch_url(file.url, place, sha256=file.sha256)
    except CheckpointError as error:
        raise MissingNetworkError(needs, purpose=purpose, remedy=str(error)) from error


def _lpips_heads(name: str) -> Path:
    # The package is located, not imported: importing it takes seconds, and fails beside some other packages.
    try:
        package = metadata.distribution("torchmetrics")
    except metadata.PackageNotFoundError as error:
        raise MissingExtraError("torchmetrics", extra="evaluate", purpose="LPIPS") from error
    path = Path(str(package.locate_file(f"torchmetrics/functional/image/lpips_models/{name}")))
    if not path.is_file() or sha256_of(path) != LPIPS_HEADS[name]:
        raise CheckpointError(
            f"'{path}' of torchmetrics {package.version} is not the published '{name}' of LPIPS 0.1, whose SHA-256 is "
            f"{LPIPS_HEADS[name]}. Install another version: pip install 'animate-anyone[evaluate]'"
        )
    return path


def _loaded(model: NetworkT, found: _Found, device: torch.device) -> NetworkT:
    # Checkpoints of whole training runs have their weights under `state_dict`, which is what is read.
    tensors = read_weights(found.path)
    load_into(model, tensors, source=str(found.path), keymap=FEATURE_KEYS, keep=rf"^{STEP_COUNTERS}$")
    return _ready(model, device)


def _ready(model: NetworkT, device: torch.device) -> NetworkT:
    return model.eval().requires_grad_(False).to(device)
