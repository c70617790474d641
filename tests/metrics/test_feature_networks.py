"""The networks of LPIPS, FID, FID-VID and FVD: keys and sizes as published, and what they do without weights."""

from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.frechet import Moments, frechet_distance
from animate_anyone.metrics.networks import i3d, inception, lpips, resnet3d
from animate_anyone.metrics.networks.feature_network import (
    FeatureNetwork,
    NetworkWeights,
    Windows,
    resized_bicubic,
    window_features,
)
from tiny import randomised

RANDOM = NetworkWeights(file="random.pth", sha256="0123456789abcdef" * 4, published=False)


@pytest.fixture
def video() -> Frames:
    return np.random.default_rng(0).integers(0, 256, (18, 40, 36, 3), dtype=np.uint8)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def stages(network: nn.Module, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Shapes that the children of a network (on the meta device) return, by name, and its own as ''."""
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str):
        return lambda _module, _inputs, output: shapes.__setitem__(name, tuple(output.shape[1:]))

    for name, child in network.named_children():
        child.register_forward_hook(note(name))
    shapes[""] = tuple(network.eval()(torch.empty(shape, device="meta")).shape[1:])
    return shapes


def test_inception_is_the_published_network():
    with torch.device("meta"):
        network = inception.FidInception()
    # torchvision states 27,161,264 with 1000 classes and the auxiliary classifier, which has 3,326,696.
    assert parameters(network) == 27_161_264 - 3_326_696 + 8 * 2049
    assert len(network.state_dict()) == 566
    assert {"Conv2d_1a_3x3.conv.weight", "Mixed_6b.branch7x7dbl_5.bn.running_var", "fc.bias"} <= set(
        network.state_dict()
    )
    shapes = stages(network, (2, 3, 299, 299))
    # Szegedy et al. 2015, table 1.
    assert shapes["Conv2d_1a_3x3"] == (32, 149, 149)
    assert shapes["Conv2d_2b_3x3"] == (64, 147, 147)
    assert shapes["Conv2d_4a_3x3"] == (192, 71, 71)
    assert [shapes[f"Mixed_5{letter}"] for letter in "bcd"] == [(256, 35, 35), (288, 35, 35), (288, 35, 35)]
    assert {shapes[f"Mixed_6{letter}"] for letter in "abcde"} == {(768, 17, 17)}
    assert [shapes[f"Mixed_7{letter}"] for letter in "abc"] == [(1280, 8, 8), (2048, 8, 8), (2048, 8, 8)]
    assert shapes[""] == (2048,)


def test_pooling_of_inception_does_not_count_padding():
    """Constant features stay constant under the average, up to the border."""
    block = inception.InceptionE(4, max_pooling=False)
    pooled: list[Tensor] = []
    block.branch_pool.register_forward_hook(lambda _module, inputs, _output: pooled.append(inputs[0]))
    with torch.no_grad():
        block(torch.full((2, 4, 5, 5), 3.0))
    torch.testing.assert_close(pooled[0], torch.full((2, 4, 5, 5), 3.0))


def test_inception_reads_minus_one_to_one():
    black_and_white = torch.tensor([0.0, 255.0]).view(2, 1, 1, 1).expand(2, 3, 8, 6)
    prepared = inception.prepared(black_and_white)
    assert prepared.shape == (2, 3, 299, 299)
    torch.testing.assert_close(prepared[0], torch.full_like(prepared[0], -1))
    torch.testing.assert_close(prepared[1], torch.full_like(prepared[1], 1))


@pytest.mark.parametrize("frames", [16, 24])
def test_i3d_is_the_published_network(frames: int):
    with torch.device("meta"):
        network = i3d.InceptionI3d()
    assert parameters(network) == 12_697_264
    assert {"Conv3d_1a_7x7.conv3d.weight", "Mixed_5c.b2b.bn.running_mean", "logits.conv3d.bias"} <= set(
        network.state_dict()
    )
    shapes = stages(network, (1, 3, frames, 224, 224))
    # Carreira and Zisserman 2017, figure 3: time halves at the first convolution and at two poolings.
    assert shapes["Conv3d_1a_7x7"] == (64, frames // 2, 112, 112)
    assert shapes["Conv3d_2c_3x3"] == (192, frames // 2, 56, 56)
    assert shapes["Mixed_3c"] == (480, frames // 2, 28, 28)
    assert shapes["Mixed_4f"] == (832, frames // 4, 14, 14)
    assert shapes["Mixed_5c"] == (1024, frames // 8, 7, 7)
    assert shapes[""] == (400,)


def test_i3d_pads_as_tensorflow_does():
    """An even size under stride 2 gets less before than after."""
    unit = i3d.ConvUnit(1, 1, 3, stride=2).eval()
    torch.nn.init.zeros_(unit.conv3d.weight)
    with torch.no_grad():
        unit.conv3d.weight[0, 0, 0, 0, 0] = 1  # passes on the first value that it sees
        values = torch.arange(1.0, 65.0).view(1, 1, 4, 4, 4)
        even, odd = unit(values), unit(values[..., :3, :3, :3])
    scale = (1 + 0.001) ** 0.5
    assert even.shape == odd.shape == (1, 1, 2, 2, 2)
    assert even[0, 0, 0, 0, 0] * scale == pytest.approx(1)  # nothing before the first
    assert odd[0, 0, 0, 0, 0] == 0  # a zero before it


def test_resnet_is_the_published_network():
    with torch.device("meta"):
        network = resnet3d.ResNet3d50()
    keys = set(network.state_dict())
    assert {"conv1.weight", "layer1.0.downsample.0.weight", "layer4.2.bn3.running_var", "fc.bias"} <= keys
    assert "layer1.1.downsample.0.weight" not in keys
    assert len([key for key in keys if key.endswith("weight") and "bn" not in key and "downsample.1" not in key]) == 54
    shapes = stages(network, (1, 3, 16, 112, 112))
    # Hara et al. 2018, table 1.
    assert shapes["conv1"] == (64, 16, 56, 56)
    assert shapes["layer1"] == (256, 8, 28, 28)
    assert shapes["layer2"] == (512, 4, 14, 14)
    assert shapes["layer3"] == (1024, 2, 7, 7)
    assert shapes["layer4"] == (2048, 1, 4, 4)
    assert shapes[""] == (2048,)


@pytest.mark.parametrize(
    ("backbone", "convolutions"), [(lpips.VGG16, 14_714_688), (lpips.ALEXNET, 2_469_696)], ids=["vgg", "alex"]
)
def test_backbones_of_lpips_are_the_published_networks(backbone: lpips.Backbone, convolutions: int):
    with torch.device("meta"):
        network = lpips.LpipsNetwork(backbone)
    assert parameters(network.features) == convolutions
    assert all(isinstance(network.features[index], nn.ReLU) for index in backbone.compared)
    assert len(network.features) == backbone.compared[-1] + 1
    side = torch.empty((1, 3, backbone.min_side, backbone.min_side), device="meta")
    assert network(side, side).shape == (1,)
    with pytest.raises(RuntimeError):
        network(side[..., 1:, 1:], side[..., 1:, 1:])


@pytest.fixture(scope="module")
def alexnet() -> lpips.Lpips:
    network = randomised(lpips.LpipsNetwork(lpips.ALEXNET), 1)
    with torch.no_grad():
        for head in network.heads:
            head.weight.abs_()
    return lpips.Lpips(model=network, backbone=lpips.ALEXNET, weights=RANDOM, batch_size=2)


def test_lpips_of_equal_frames_is_zero_and_grows_with_noise(alexnet: lpips.Lpips, video: Frames):
    noise = np.random.default_rng(1).normal(0, 1, (3, *video.shape[1:]))
    spoiled = [(video[:3] + noise * spread).clip(0, 255).astype(np.uint8) for spread in (20, 120)]
    little, much = (alexnet(frames, video[:3]) for frames in spoiled)
    assert alexnet(video[:3], video[:3]).tolist() == [0, 0, 0]
    assert little.shape == (3,) and np.all(little > 0) and np.all(little < much)
    np.testing.assert_allclose(alexnet(video[:3], spoiled[1]), much, rtol=1e-6)
    one = alexnet(spoiled[1][2:], video[2:3])
    np.testing.assert_allclose(one, much[2:], rtol=1e-5)


def test_lpips_in_closed_form():
    """With layers that pass on their input: the mean over pixels of weighed squared differences of directions."""
    backbone = lpips.Backbone(
        title="identity", layers=lambda: [nn.Identity()], compared=(0,), channels=(3,), min_side=1
    )
    network = lpips.LpipsNetwork(backbone).eval()
    weights = np.array([1.0, 2.0, 3.0])
    with torch.no_grad():
        network.heads[0].weight.copy_(torch.tensor(weights).view(1, 3, 1, 1))
    measure = lpips.Lpips(model=network, backbone=backbone, weights=RANDOM)
    first, second = (np.full((1, 2, 2, 3), colour, dtype=np.uint8) for colour in ((255, 0, 10), (3, 200, 90)))

    def direction(frames: Frames) -> np.ndarray:
        values = (frames[0, 0, 0] / 127.5 - 1 - np.array(lpips.SHIFT)) / np.array(lpips.SCALE)
        return values / np.linalg.norm(values)

    expected = np.sum(weights * (direction(first) - direction(second)) ** 2)
    assert measure(first, second) == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize(("name", "backbone"), [("vgg", lpips.VGG16), ("alex", lpips.ALEXNET)])
def test_lpips_agrees_with_torchmetrics(
    name: Literal["vgg", "alex"], backbone: lpips.Backbone, video: Frames, monkeypatch: pytest.MonkeyPatch
):
    """Its implementation, which needs torchvision for the backbone alone, is given ours; both take the learnt heads."""
    theirs = pytest.importorskip("torchmetrics.functional.image.lpips", reason="needs the extra 'evaluate'")
    network = randomised(lpips.LpipsNetwork(backbone), 5)
    monkeypatch.setattr(theirs, "_get_tv_model_features", lambda *_: network.features)
    reference = theirs._LPIPS(pretrained=True, pnet_rand=True, net=name)
    with torch.no_grad():
        for mine, learnt in zip(network.heads, reference.lins, strict=True):
            mine.weight.copy_(learnt.model[-1].weight)
        pictures = [torch.from_numpy(frames).permute(0, 3, 1, 2) / 255 for frames in (video[:3], video[3:6])]
        expected = reference(*pictures, normalize=True).flatten()
    measure = lpips.Lpips(model=network, backbone=backbone, weights=RANDOM, batch_size=2)
    np.testing.assert_allclose(measure(video[:3], video[3:6]), expected, rtol=1e-5)


def test_the_range_of_values_is_in_the_name(alexnet: lpips.Lpips, video: Frames):
    unit = lpips.Lpips(model=alexnet.model, backbone=lpips.ALEXNET, weights=RANDOM, values=lpips.ValueRange.UNIT)
    assert unit(video[:1] // 2, video[:1]) != alexnet(video[:1] // 2, video[:1])
    assert "0 to 1, as in DisCo's evaluator" in unit.name
    assert alexnet.name == "LPIPS 0.1 with AlexNet (other weights: random.pth, SHA-256 01234567), values of -1 to 1"


def test_lpips_refuses_what_it_cannot_compare(alexnet: lpips.Lpips, video: Frames):
    with pytest.raises(ValueError, match="shape of the truth"):
        alexnet(video[:2], video[:1])
    with pytest.raises(ValueError, match="at least 31 pixels"):
        alexnet(video[:, :30], video[:, :30])


def test_inception_refuses_what_is_no_video(video: Frames):
    network = inception.InceptionFeatures(model=inception.FidInception(), weights=RANDOM)
    for wrong in (video[:0], video[0], video.astype(np.float32)):
        with pytest.raises(ValueError, match="Frames must be uint8"):
            network(wrong)


def test_frames_are_resized_as_pillow_does_in_floating_point(video: Frames):
    resized = resized_bicubic(video[:2], 20)
    assert resized.shape == (2, 3, 20, 20)
    expected = np.asarray(Image.fromarray(video[1]).resize((20, 20), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(resized[1].permute(1, 2, 0).clip(0, 255), expected, atol=1)


def test_windows():
    assert list(Windows(length=16, step=1).starts(18)) == [0, 1, 2]
    assert list(Windows(length=16, step=16).starts(40)) == [0, 16]
    with pytest.raises(ValueError, match="16 frames; got a video of 15"):
        Windows().starts(15)
    with pytest.raises(ValueError, match="at least 9 frames"):
        i3d.I3dFeatures(model=i3d.InceptionI3d(), weights=RANDOM, windows=Windows(length=8))


class TinyNetwork:
    """Any network will do that has the members of `FeatureNetwork`: here mean colours of windows, mixed at random."""

    name = "tiny"
    weights = RANDOM
    num_features = 6
    min_frames = 4

    def __init__(self) -> None:
        self.model = randomised(nn.Linear(3 * 4, 6), 3)

    def __call__(self, frames: Frames) -> np.ndarray:
        return window_features(
            resized_bicubic(frames, 8),
            Windows(length=self.min_frames, step=2),
            lambda clips: self.model(clips.mean(dim=(3, 4)).flatten(1) / 255),
            batch_size=2,
            device=torch.device("cpu"),
        )


def test_a_distance_of_two_sets_of_videos_from_end_to_end(video: Frames):
    network: FeatureNetwork = TinyNetwork()
    truth = Moments.of(network(video)).merged(Moments.of(network(video[::-1])))
    assert network(video).shape == (8, 6) and truth.count == 16
    darker = Moments.of(network(video // 2)).merged(Moments.of(network(video[::-1] // 2)))
    dark = Moments.of(network(video // 8)).merged(Moments.of(network(video[::-1] // 8)))
    assert frechet_distance(truth, truth) == pytest.approx(0, abs=1e-9)
    assert 0 < frechet_distance(darker, truth) < frechet_distance(dark, truth)
