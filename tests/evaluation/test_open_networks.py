"""Networks from files laid out as published: what is loaded, what is refused, what is said if there is nothing."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from animate_anyone.checkpoints.network_files import FID_INCEPTION, NETWORK_FILES, NetworkFile
from animate_anyone.errors import CheckpointError, MissingExtraError, MissingNetworkError
from animate_anyone.evaluation import networks
from animate_anyone.evaluation.networks import WeightChoice, open_fid, open_fid_vid, open_fvd, open_lpips
from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.networks import lpips
from animate_anyone.metrics.networks.feature_network import Windows
from animate_anyone.metrics.networks.i3d import I3dFeatures, InceptionI3d
from animate_anyone.metrics.networks.inception import FidInception, prepared
from animate_anyone.metrics.networks.resnet3d import ResNet3d50, ResNet3dFeatures
from tiny import randomised

pytest.importorskip("torchmetrics", reason="needs the extra 'evaluate'")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where downloads go: nothing of the machine's own is seen."""
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "models" / "networks"


@pytest.fixture
def video() -> Frames:
    return np.random.default_rng(0).integers(0, 256, (10, 40, 36, 3), dtype=np.uint8)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_counters(network: nn.Module) -> dict[str, Tensor]:
    """The weights as files from before PyTorch 0.4.1 have them."""
    return {key: value for key, value in network.state_dict().items() if "num_batches_tracked" not in key}


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    state = other.state_dict()
    return all(torch.equal(value, state[key]) for key, value in one.state_dict().items())


def alexnet_file(path: Path) -> Path:
    """A file laid out as torchvision's, of random weights."""
    features = randomised(nn.Sequential(*lpips.alexnet_layers()), 1).state_dict()
    tensors = {f"features.{key}": value for key, value in features.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(tensors | {"classifier.1.weight": torch.zeros(3)}, path)
    return path


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NetworkFile:
    """AlexNet's weights as if published: at an address, with their hash."""
    path = alexnet_file(tmp_path / "server" / networks.ALEXNET.name)
    file = replace(networks.ALEXNET, url=path.as_uri(), sha256=sha256(path))
    monkeypatch.setattr(networks, "ALEXNET", file)
    return file


def test_every_file_says_where_it_is_from():
    for name, file in NETWORK_FILES.items():
        assert file.name == name and file.licence and file.trained_by and file.page.startswith("https://")
        assert file.url is None or (file.url.startswith("https://") and file.url.endswith(name))
        assert file.sha256 is None or len(file.sha256) == 64
        stated = re.search(r"-([0-9a-f]{8})\.pth$", name)  # publishers put the start of the hash into the name
        assert stated is None or (file.sha256 is not None and file.sha256.startswith(stated[1]))


def test_inception_is_loaded_under_its_published_keys(tmp_path: Path, video: Frames, monkeypatch: pytest.MonkeyPatch):
    network = FidInception().eval()
    path = tmp_path / FID_INCEPTION.name
    torch.save(network.state_dict(), path)
    monkeypatch.setattr(networks, "FID_INCEPTION", replace(FID_INCEPTION, sha256=sha256(path)))
    opened = open_fid(weights=WeightChoice(path=tmp_path))
    features = opened(video[:1])
    with torch.no_grad():
        expected = network(prepared(torch.from_numpy(video[:1]).permute(0, 3, 1, 2).float()))
    assert features.shape == (1, opened.num_features) and features.dtype == np.float32
    np.testing.assert_array_equal(features, expected)
    assert opened.name.startswith(f"Inception-v3 of FID ({path.name}, SHA-256 {sha256(path)[:8]})")
    assert opened.weights.published
    assert opened.min_frames == 1


def test_i3d_is_loaded_from_a_file_without_counters(tmp_path: Path, video: Frames):
    network = InceptionI3d().eval()
    path = tmp_path / "mine.pt"
    torch.save(without_counters(network), path)
    opened = open_fvd(weights=WeightChoice(path=path, allow_other_weights=True), windows=Windows(length=9, step=9))
    features = opened(video)
    assert features.shape == (1, opened.num_features) == (1, 400) and features.std() > 0
    assert isinstance(opened, I3dFeatures) and same_weights(opened.model, network)
    assert opened.min_frames == 9
    assert f"other weights: mine.pt, SHA-256 {sha256(path)[:8]}" in opened.name
    with pytest.raises(ValueError, match="9 frames; got a video of 8"):
        opened(video[:8])


def test_resnet_is_loaded_from_a_checkpoint_of_several_cards(tmp_path: Path, video: Frames):
    """Such as the published one: an old pickle of a whole training run, every key with `module.` in front."""
    network = ResNet3d50().eval()
    checkpoint: dict[str, Any] = {
        "epoch": 100,
        "arch": "resnet-50",
        "state_dict": {f"module.{key}": value for key, value in without_counters(network).items()},
        "optimizer": {"state": {}, "param_groups": [{"lr": 0.1, "params": [1]}]},
    }
    path = tmp_path / "resnet-50-kinetics.pth"
    torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    opened = open_fid_vid(weights=WeightChoice(path=path), windows=Windows(length=4, step=6))
    features = opened(video)
    assert features.shape == (2, opened.num_features) == (2, 2048) and features.std() > 0
    assert isinstance(opened, ResNet3dFeatures) and same_weights(opened.model, network)
    assert opened.weights.published is None
    assert f"SHA-256 {sha256(path)[:8]}, no published hash" in opened.name


def test_lpips_is_downloaded_once_and_has_its_published_heads(published: NetworkFile, home: Path, video: Frames):
    with pytest.raises(MissingNetworkError, match="Allow the download, or get the file from"):
        open_lpips("alex")
    measure = open_lpips("alex", weights=WeightChoice(download=True))
    assert [path.name for path in home.iterdir()] == [published.name]
    assert "AlexNet" in measure.name and "other" not in measure.name
    assert measure(video[:1], video[:1]).tolist() == [0]
    assert measure(video[:1], video[1:2])[0] > 0
    heads = metadata.distribution("torchmetrics").locate_file("torchmetrics/functional/image/lpips_models/alex.pth")
    stored = torch.load(Path(str(heads)), weights_only=True, map_location="cpu")
    for index, head in enumerate(measure.model.heads):
        assert torch.equal(head.weight, stored[f"lin{index}.model.1.weight"])
    assert open_lpips("alex").weights == measure.weights


def test_a_file_that_is_not_the_published_one_is_refused(published: NetworkFile, tmp_path: Path):
    path = alexnet_file(tmp_path / "mine" / published.name)
    with path.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(CheckpointError, match=rf"not the published.*expected {published.sha256}.*allow other weights"):
        open_lpips("alex", weights=WeightChoice(path=path.parent))


def test_a_download_that_was_tampered_with_leaves_nothing(
    published: NetworkFile, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(networks, "ALEXNET", replace(published, sha256="0" * 64))
    with pytest.raises(MissingNetworkError, match=r"not the published file.*expected 0000") as caught:
        open_lpips("alex", weights=WeightChoice(download=True))
    assert caught.value.needs == "the weights 'alexnet-owt-7be5be79.pth'"
    assert list(home.iterdir()) == []


def test_a_download_that_fails_says_what_to_do(published: NetworkFile, tmp_path: Path):
    Path(tmp_path / "server" / published.name).unlink()
    with pytest.raises(MissingNetworkError, match=r"LPIPS needs.*could not be downloaded.*Check the network"):
        open_lpips("alex", weights=WeightChoice(download=True))


@pytest.mark.parametrize(
    ("needed_by", "open_it"),
    [
        ("FID", open_fid),
        ("FID-VID", lambda: open_fid_vid(weights=WeightChoice(download=True))),
        ("FVD", open_fvd),
        ("LPIPS", open_lpips),
    ],
)
def test_missing_weights_are_named(needed_by: str, open_it: Callable[[], object], home: Path):
    with pytest.raises(MissingNetworkError, match=rf"^{needed_by} needs the weights '.*[Gg]et the file.*{home}"):
        open_it()


def test_a_path_that_leads_nowhere(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no weight file or folder"):
        open_fid(weights=WeightChoice(path=tmp_path / "nowhere.pth"))


def test_weights_of_another_network_are_refused(tmp_path: Path):
    path = alexnet_file(tmp_path / "alexnet.pth")
    with pytest.raises(CheckpointError, match="weights of FidInception missing"):
        open_fid(weights=WeightChoice(path=path, allow_other_weights=True))


def test_lpips_without_torchmetrics(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(MissingExtraError, match=r"torchmetrics.*animate-anyone\[evaluate\]"):
        open_lpips()
