"""What the reference enters through can be chosen: each choice trains what it has, and is saved and loaded as it is."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from animate_anyone import ControlNet
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.errors import CheckpointError, ConfigError
from animate_anyone.train.animation_stages import make_pipeline
from animate_anyone.train.batches import Batches, Sample
from animate_anyone.train.config import Models, TrainConfig, parse_config
from animate_anyone.train.loop import run
from animate_anyone.train.networks import load_network, make_networks
from animate_anyone.train.stages import stage_of

Configure = Callable[..., TrainConfig]
VARIANTS = {
    "clip": {"models.reference": "none"},
    "controlnet": {"models.reference": "controlnet", "diffusion.image_tokens": False},
    "clip-controlnet": {"models.reference": "controlnet"},
    "no-clip": {"diffusion.image_tokens": False},
}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> dict[str, object]:
    return VARIANTS[request.param]


def one_batch(config: TrainConfig, networks, size: int = 3) -> Sample:
    return Batches(draw=stage_of(config).draw(config, networks), seed=0, batch_size=size)[0][0]


def shaken(networks) -> None:
    """Moves what starts at zero, so that each part has an effect."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for network in (networks[name] for name in ("reference_net", "denoising_unet") if name in networks):
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def test_all_that_trains_gets_a_gradient_and_nothing_else(configure: Configure, variant):
    config = configure("stage1", **variant)
    stage, networks = stage_of(config), make_networks(config, stage_of(config))
    parameters = stage.prepare(networks)
    stage.objective(config, networks)(one_batch(config, networks))["loss"].backward()
    assert {name.split(".")[0] for name in parameters} == set(networks) - {"vae", "image_encoder"}
    assert [name for name, parameter in parameters.items() if parameter.grad is None] == []
    chosen = {id(parameter) for parameter in parameters.values()}
    others = [p for network in networks.values() for p in network.parameters() if id(p) not in chosen]
    assert all(parameter.grad is None for parameter in others)


def test_each_way_in_is_open_or_shut_and_dropout_shuts_all(configure: Configure, variant):
    config = configure("stage1", **{**variant, "diffusion.conditioning_dropout": 0.0})
    networks = make_networks(config, stage_of(config))
    shaken(networks)
    objective = stage_of(config).objective(config, networks)
    batch = one_batch(config, networks, 1)
    hidden = {"keep": torch.tensor([False])}

    def error(changes: Sample) -> float:
        with torch.no_grad():
            return float(objective(batch | changes)["mse"])

    picture = {"reference": batch["reference"] + 1}
    token = {"image_token": batch["image_token"] + 1}
    assert (error(picture) != error({})) == (config.models.reference != "none")
    assert (error(token) != error({})) == config.diffusion.image_tokens
    assert error(hidden | picture | token) == error(hidden)


def test_the_pipeline_is_saved_and_loaded_as_it_was_trained(configure: Configure, variant, tmp_path: Path):
    config = configure("stage1", **variant)
    networks = make_networks(config, stage_of(config))
    shaken(networks)
    pipeline = make_pipeline(config, networks)
    pipeline.save_pretrained(tmp_path)
    loaded = open_pipeline(tmp_path)
    kinds = {"reference-net": "ReferenceNet", "controlnet": "ControlNet", "none": "NoneType"}
    assert type(loaded.reference_net).__name__ == kinds[config.models.reference]
    assert loaded.config["image_tokens"] == config.diffusion.image_tokens
    pixels = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
    one, other = (Image.fromarray(picture) for picture in pixels)

    def animated(pipeline, reference: Image.Image) -> np.ndarray:
        pipeline.set_progress_bar_config(disable=True)
        generator = torch.Generator().manual_seed(0)
        return pipeline(reference, [other] * 2, generator=generator, output_type="np").frames

    # Weights lie elsewhere in memory once loaded, and sums of floats in another order may round to the next byte.
    assert np.abs(animated(pipeline, one) - animated(loaded, one)).max() < 1.5 / 255
    assert np.abs(animated(loaded, one) - animated(loaded, other)).max() > 10 / 255


@pytest.mark.parametrize("name", ["clip", "controlnet"])
def test_both_stages_run(configure: Configure, tmp_path: Path, name: str):
    changes = {**VARIANTS[name], "steps": 1}
    run(configure("stage1", output=tmp_path / "1", **changes))
    folder = run(configure("stage2", output=tmp_path / "2", **{"init.pipeline": tmp_path / "1/pipeline"}, **changes))
    pipeline = open_pipeline(folder / "pipeline")
    assert pipeline.denoising_unet.config["temporal"]
    assert isinstance(pipeline.reference_net, ControlNet) == (name == "controlnet")
    assert (folder.parent / "1/reference_net").exists() == (name == "controlnet")


def test_one_stage_trains_everything_from_where_stage_1_starts(configure: Configure):
    config, still = configure("one-stage"), configure("stage1")
    networks, spatial = (make_networks(each, stage_of(each)) for each in (config, still))
    names = set(stage_of(config).prepare(networks))
    temporal = {name for name in names if "motion_modules" in name}
    assert temporal
    assert names - temporal == set(stage_of(still).prepare(spatial))
    for component in ("reference_net", "denoising_unet", "pose_guider"):
        start = networks[component].state_dict()
        for name, weight in spatial[component].state_dict().items():
            assert torch.equal(weight, start[name])
    assert one_batch(config, networks)["latents"].shape[2] == 4


def test_another_network_than_the_configured_is_refused(configure: Configure):
    for reference, message in (("controlnet", "holds a ReferenceNet"), ("none", "has a network for the reference")):
        config = configure("stage2", **{"models.reference": reference})
        with pytest.raises(ConfigError, match=message):
            make_networks(config, stage_of(config))


@pytest.mark.parametrize(("text", "message"), [("{", "no usable"), ("[]", "holds a JSON list")])
def test_a_damaged_configuration_is_refused(tmp_path: Path, text: str, message: str):
    (tmp_path / "config.json").write_text(text)
    for name in ("vae", "reference_net", "denoising_unet", "pose_guider"):
        with pytest.raises(CheckpointError, match=message):
            load_network(name, tmp_path, Models())


def test_a_pipeline_that_should_have_a_reference_net_is_not_opened_without(trained: Path, tmp_path: Path):
    folder = tmp_path / "model"
    folder.mkdir()
    index = json.loads((trained / "stage1/pipeline/model_index.json").read_text())
    for name in set(index) & {"vae", "image_encoder", "denoising_unet", "pose_guider", "scheduler"}:
        (folder / name).symlink_to(trained / "stage1/pipeline" / name)
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="reference_net"):
        open_pipeline(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"diffusion": {"image_tokens": False}},
        {"diffusion": {"reference_pose_share": 0.5}},
        {"init": {"reference_net": "somewhere"}},
    ],
)
def test_meaningless_combinations_are_refused(changes: dict[str, object]):
    values = {"stage": "stage1", "output": "x", "steps": 1, "batch_size": 1, "models": {"reference": "none"}}
    assert parse_config(values, origin="x.toml").models.reference == "none"
    with pytest.raises(ConfigError, match=r"models\.reference = 'none'"):
        parse_config(values | changes, origin="x.toml")
