"""Placements on real classes at tiny size: each gives the video that the model gives as it is, or is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from animate_anyone.devices.openvino_unet import OpenVinoUNet, _OfTensors
from animate_anyone.devices.placement import Placement, _offload, place
from animate_anyone.errors import ConfigError, MissingExtraError
from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from levels import levels_apart

CPU = Placement(device="cpu")


def video(pipeline, *, num_frames: int = 3) -> np.ndarray:
    pictures = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (32, 32, 3), dtype=np.uint8))
        for seed in range(num_frames + 1)
    ]
    generator = torch.Generator().manual_seed(0)
    return pipeline(pictures[0], pictures[1:], generator=generator, output_type="np").frames


def stored_bytes(network) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())


def test_what_is_left_open_is_filled_in():
    assert Placement(device="cpu").resolved() == Placement(device="cpu", dtype="float32")
    assert Placement(device="cpu", dtype="bfloat16").resolved().opened_dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (replace(CPU, dtype="float16"), "70 times slower.*bfloat16"),
        (replace(CPU, offload="model"), "the device is the CPU"),
        (replace(CPU, offload="group"), "smaller area"),
        (replace(CPU, compile=True, weights="float8"), "does not go with"),
        (replace(CPU, runtime="openvino", compile=True), "leave compiling"),
        (replace(CPU, runtime="openvino", weights="int8"), "full weights"),
        (Placement(device="toaster"), "cannot be used"),
        (Placement(device="cpu,cpu"), "each another one, such as cuda:0,cuda:1; got cpu,cpu"),
    ],
)
def test_what_does_not_go_together_is_refused(asked, message):
    with pytest.raises(ConfigError, match=message):
        asked.resolved()


@pytest.mark.parametrize(
    ("placement", "preset", "message"),
    [
        (replace(CPU, runtime="openvino"), "fast", "OpenVINO runs the whole denoising UNet"),
        (Placement(device="cuda:0,cuda:1"), "stream", "nothing to share"),
    ],
)
def test_a_preset_that_cannot_be_computed_so_is_refused(placement, preset, message):
    with pytest.raises(ConfigError, match=message):
        placement.check_preset(preset)
    placement.check_preset("exact")


@pytest.mark.parametrize(
    ("asked", "extra"), [(replace(CPU, weights="int8"), "int8"), (replace(CPU, runtime="openvino"), "openvino")]
)
def test_a_missing_package_is_named_with_its_extra(asked, extra, monkeypatch):
    monkeypatch.setattr("animate_anyone.devices.placement.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'animate-anyone\[{extra}\]'"):
        asked.resolved()


def test_waiting_is_announced():
    assert "pays on a GPU" in replace(CPU, compile=True).notes()[0]
    assert "converts" in replace(CPU, runtime="openvino").notes()[0]
    assert not CPU.notes()


def test_tiles_and_slices_decode_the_same_small_picture(tiny_pipeline):
    plain = video(tiny_pipeline)
    tiled = place(tiny_pipeline, replace(CPU, dtype="float32", vae_tiling=True))
    assert tiled.vae.use_tiling and tiled.vae.use_slicing
    assert levels_apart(video(tiled), plain) <= 1


def test_an_autoencoder_without_tiles_says_so(tiny_pipeline):
    tiny_pipeline.vae = PatchAutoencoder(4, (8, 8), (0, 1), (0, 1))
    with pytest.raises(ConfigError, match="PatchAutoencoder, does not work in tiles"):
        place(tiny_pipeline, replace(CPU, vae_tiling=True))


def test_float8_is_a_quarter_and_nearly_the_same(tiny_pipeline):
    plain, before = video(tiny_pipeline), stored_bytes(tiny_pipeline.denoising_unet)
    small = place(tiny_pipeline, replace(CPU, dtype="float32", weights="float8"))
    assert stored_bytes(small.denoising_unet) < 0.4 * before
    assert 0 < np.abs(video(small) - plain).mean() < 0.05


@pytest.mark.filterwarnings("ignore")
def test_int8_linear_layers_give_nearly_the_same(tiny_pipeline):
    pytest.importorskip("torchao", reason="needs the extra 'int8'")
    plain = video(tiny_pipeline)
    small = place(tiny_pipeline, replace(CPU, dtype="float32", weights="int8"))
    assert 0 < np.abs(video(small) - plain).mean() < 0.02


@pytest.mark.parametrize("offload", ["model", "group"])
def test_offloaded_networks_come_when_they_are_called(tiny_pipeline, offload):
    """With the CPU in the place of a GPU: weights travel all the same, as hooks call for them."""
    tiny_pipeline.vae = PatchAutoencoder(4, (8, 8), (0, 1), (0, 1))
    plain = video(tiny_pipeline)
    offloaded = _offload(tiny_pipeline, offload, torch.device("cpu"))
    assert np.array_equal(video(offloaded), plain)


def test_layers_offloaded_one_by_one_wait_elsewhere(tiny_pipeline):
    """Run they can only be with a GPU: accelerate keeps no second copy on a CPU."""
    offloaded = _offload(tiny_pipeline, "sequential", torch.device("cpu"))
    assert {parameter.device.type for parameter in offloaded.denoising_unet.parameters()} == {"meta"}
    assert offloaded._execution_device == torch.device("cpu", 0)


def test_the_transformer_blocks_are_what_is_compiled(denoising_unet):
    denoising_unet.compile_repeated_blocks(backend="eager")
    compiled = {type(module).__name__ for module in denoising_unet.modules() if module._compiled_call_impl is not None}
    assert compiled == {"SpatialTransformerBlock", "TemporalTransformerBlock"}


class GraphsByTorch(OpenVinoUNet):
    """All that is OpenVINO's but OpenVINO: torch computes the graphs of tensors."""

    def _converted(self, like, inputs):
        graph = _OfTensors(self.network, like)
        return lambda arrays: [graph(*map(torch.from_numpy, arrays)).numpy()]


def test_a_pipeline_asks_no_more_of_its_unet_than_a_graph_of_tensors_gives(tiny_pipeline):
    plain = video(tiny_pipeline)
    tiny_pipeline.denoising_unet = GraphsByTorch(tiny_pipeline.denoising_unet, precision="f32")
    assert np.array_equal(video(tiny_pipeline), plain)
    assert len(tiny_pipeline.denoising_unet.graphs) == 2


def test_openvino_gives_the_same_video(tiny_pipeline):
    pytest.importorskip("openvino", reason="needs the extra 'openvino'")
    tiny_pipeline.register_to_config(guidance_scale=1.0)
    plain = video(tiny_pipeline)
    other = place(tiny_pipeline, replace(CPU, dtype="float32", runtime="openvino"))
    assert levels_apart(video(other), plain) <= 1
    assert len(other.denoising_unet.graphs) == 1
