"""The recipes at full size start from published weights: here from miniatures with the same names of weights."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.checkpoints.base_weights import locate_base_weights
from animate_anyone.checkpoints.notices import read_notices
from animate_anyone.checkpoints.registry import HOME_VARIABLE, open_pipeline
from animate_anyone.errors import CheckpointError, ConfigError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.train.config import TrainConfig, load_config
from animate_anyone.train.loop import run
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stages import STAGES
from checkpoints.conftest import CLIP_CONFIG, UNET_CONFIG, VAE_CONFIG, random_state

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Published weights as if they were pulled, in miniature."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    models = tmp_path / "models"
    clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**CLIP_CONFIG))
    unet = UNet2DConditionModel(**{key: value for key, value in UNET_CONFIG.items() if not key.startswith("_")})
    parts: dict[str, tuple[dict[str, Any], Any]] = {
        "sd15/unet": (UNET_CONFIG, unet),
        "sd-vae-ft-mse/sd-vae-ft-mse": ({"_class_name": "AutoencoderKL", **VAE_CONFIG}, AutoencoderKL(**VAE_CONFIG)),
        "sd-image-encoder/image_encoder": (CLIP_CONFIG, clip),
    }
    for seed, (place, (config, network)) in enumerate(parts.items()):
        (models / place).mkdir(parents=True)
        (models / place / "config.json").write_text(json.dumps(config))
        state = random_state(network, seed)
        if network is clip:
            torch.save(state, models / place / "pytorch_model.bin")
        else:
            save_file(state, models / place / "diffusion_pytorch_model.safetensors")
    ours = DenoisingUNet(
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        layers_per_block=1,
        cross_attention_dim=16,
        norm_num_groups=8,
        temporal_max_frames=24,
    )
    motion = {f"module.{key}": value for key, value in random_state(ours, 7).items() if "motion_modules." in key}
    (models / "animatediff").mkdir()
    torch.save(motion | {"animatediff_config": {"version": 2}}, models / "animatediff/mm_sd_v15_v2.ckpt")
    return models


def recipe(name: str, folder: Path, **changes: Any) -> TrainConfig:
    """A recipe as it is shipped, but for places, data and what makes it long."""
    data = {"source": "procedural", "size": 32, "num_frames": 4, "num_clips": 4}
    short = {"steps": 2, "batch_size": 2, "accumulation": 2, "validation_samples": 1, "device": "cpu", "num_threads": 1}
    small = {"diffusion.num_frames": 3, "diffusion.num_inference_steps": 2, "diffusion.pose_style": "compact"}
    places = {"output": folder / name, "cache": folder / "cache", "data": data}
    if name.endswith("stage1"):
        small["models.pose_guider.block_out_channels"] = (4, 8)
    else:
        places["init.pipeline"] = folder / ("ubc-stage1" if name.endswith("stage2") else "ubc-stage2") / "pipeline"
    return load_config(CONFIGS / f"{name}.toml", {**short, **small, **places, **changes})


def test_all_stages_run_from_published_weights(home: Path, tmp_path: Path):
    first, second = recipe("ubc-stage1", tmp_path), recipe("ubc-stage2", tmp_path)
    run(first)
    networks = make_networks(second, STAGES["stage2"])
    published = torch.load(home / "animatediff/mm_sd_v15_v2.ckpt", weights_only=True)
    state = networks["denoising_unet"].state_dict()
    assert all(torch.equal(state[key.removeprefix("module.")], value) for key, value in published.items() if "." in key)
    assert networks["denoising_unet"].config["temporal_max_frames"] == 24

    stills, clips = (open_pipeline(run(config) / "pipeline") for config in (first, second))
    assert clips.denoising_unet.config["temporal"]
    # What is frozen was kept in bfloat16, and is saved as it came.
    whole = clips.denoising_unet.state_dict()
    assert all(torch.equal(whole[key], value) for key, value in stills.denoising_unet.state_dict().items())

    # All of the denoising UNet trains, against a teacher in bfloat16.
    few = open_pipeline(run(recipe("ubc-distil", tmp_path)) / "pipeline")
    changed = {key for key, value in few.denoising_unet.state_dict().items() if not torch.equal(value, whole[key])}
    assert {"conv_in.weight", "conv_out.weight"} < changed
    assert (few.config["num_inference_steps"], few.config["guidance_scale"]) == (4, 1.0)
    frozen = clips.reference_net.state_dict()
    assert all(torch.equal(value, frozen[key]) for key, value in few.reference_net.state_dict().items())
    names = {notice.name for notice in read_notices(tmp_path / "ubc-distil/pipeline")}
    assert {"Stable Diffusion 1.5 UNet", "sd-vae-ft-mse", "AnimateDiff motion module v2"} <= names


def test_stage_1_starts_with_the_published_weights(home: Path, tmp_path: Path):
    networks = make_networks(recipe("free-stage1", tmp_path), STAGES["stage1"])
    published = UNet2DConditionModel.from_pretrained(home / "sd15/unet").state_dict()
    assert all(torch.equal(published[key], value) for key, value in networks["denoising_unet"].state_dict().items())
    assert all(torch.equal(published[key], value) for key, value in networks["reference_net"].state_dict().items())
    assert networks["pose_guider"].config["conditioning_embedding_channels"] == 32
    assert not networks["pose_guider"].conv_out.weight.any()
    by_file = recipe("free-stage1", tmp_path, **{"init.unet": home / "sd15/unet/diffusion_pytorch_model.safetensors"})
    assert make_networks(by_file, STAGES["stage1"]).keys() == networks.keys()


def test_weights_that_were_not_pulled_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with pytest.raises(CheckpointError, match="animate-anyone weights pull sd15"):
        make_networks(recipe("ubc-stage1", tmp_path), STAGES["stage1"])
    assert locate_base_weights("./mine") == Path("mine")


def test_encoders_of_another_model_are_an_error(home: Path, tmp_path: Path):
    other = CLIP_CONFIG | {"projection_dim": 24}
    CLIPVisionModelWithProjection(CLIPVisionConfig(**other)).save_pretrained(tmp_path / "other")
    config = recipe("ubc-stage1", tmp_path, **{"init.image_encoder": tmp_path / "other"})
    with pytest.raises(ConfigError, match="cross_attention_dim 16, but the image_encoder gives 24"):
        make_networks(config, STAGES["stage1"])
