"""Adapters alone are trained and kept, and the pipeline that a run leaves has them in its weights."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from animate_anyone.checkpoints.adapters import merge_adapters
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.errors import CheckpointError, ConfigError
from animate_anyone.train.batches import Batches
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.loop import run
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stage import Networks
from animate_anyone.train.stages import STAGES
from animate_anyone.train.stopping import OUT_OF_TIME
from train.conftest import tiny

Configure = Callable[..., TrainConfig]
STAGE = STAGES["lora"]
SHORT = {"steps": 3, "batch_size": 2, "optimiser.learning_rate": 0.3, "optimiser.warmup_steps": 0}
SHORT |= {"optimiser.ema_decay": 0.0, "validation_samples": 1}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def prediction_error(config: TrainConfig, networks: Networks) -> torch.Tensor:
    batch = Batches(draw=STAGE.draw(config, networks), seed=9, batch_size=2)[0][0]
    with torch.no_grad():
        return STAGE.objective(config, networks)(batch)["mse"]


@pytest.fixture(scope="module")
def tuned(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of this stage."""
    return run(tiny("lora", trained, output=tmp_path_factory.mktemp("lora"), **SHORT))


def test_the_merged_pipeline_is_the_adapted_one(configure: Configure, tuned: Path):
    config = configure("lora", **SHORT)
    adapted = make_networks(config, STAGE)
    before = prediction_error(config, adapted)
    folder = tuned
    for component in ("reference_net", "denoising_unet"):
        trained = load_file(folder / "adapters" / component / "adapter_model.safetensors")
        own = dict(adapted[component].named_parameters())
        for name, value in trained.items():
            name = name.removeprefix("base_model.model.").replace(".weight", ".default.weight")
            own[name].data.copy_(value)
    after = prediction_error(config, adapted)
    merged = {name: part for name, part in open_pipeline(folder / "pipeline").components.items() if name in adapted}
    assert abs(after - before) > 1e-4
    torch.testing.assert_close(prediction_error(config, merged), after, rtol=1e-5, atol=1e-6)
    assert not any("lora" in name for name in merged["denoising_unet"].state_dict())
    assert size_of(folder / "adapters") < 0.2 * size_of(folder / "pipeline")
    assert not (folder / "denoising_unet").exists()


def test_a_run_in_pieces_ends_with_the_same_adapters(configure: Configure, tuned: Path):
    pieces = configure("lora", stop_after_minutes=0.0, **SHORT)
    for _ in range(2):
        with pytest.raises(SystemExit) as stop:
            run(pieces)
        assert stop.value.code == OUT_OF_TIME
    run(pieces)
    name = "adapters/denoising_unet/adapter_model.safetensors"
    assert (pieces.output / name).read_bytes() == (tuned / name).read_bytes()


def test_frozen_weights_in_bfloat16_are_not_what_is_saved(configure: Configure, trained: Path):
    config = configure("lora", **SHORT, precision="bf16", frozen_precision="bf16", gradient_checkpointing=True)
    folder = run(config)
    base, tuned = (
        open_pipeline(place / "pipeline").denoising_unet.state_dict() for place in (trained / "stage2", folder)
    )
    changed = {name for name in base if not torch.equal(base[name], tuned[name])}
    assert changed
    assert all(".attn1.to_" in name for name in changed)


def test_targets_choose_the_layers(configure: Configure):
    config = configure("lora", **{"lora.targets": ("attention_blocks.0.to_q",)})
    names = STAGE.prepare(make_networks(config, STAGE))
    assert names
    assert all("motion_modules" in name and ".to_q.lora_" in name for name in names)
    with pytest.raises(ConfigError, match=r"lora\.targets: .* ends in to_z"):
        make_networks(configure("lora", **{"lora.targets": ("to_q", "to_z")}), STAGE)


def test_adapters_need_a_model_to_adapt(configure: Configure):
    config = configure("lora")
    without = config.model_copy(update={"init": config.init.model_copy(update={"pipeline": None})})
    with pytest.raises(ConfigError, match=r"init\.pipeline"):
        make_networks(without, STAGE)


def test_adapters_of_another_model_are_an_error(tuned: Path, tmp_path: Path):
    networks = dict(open_pipeline("mini").components)
    with pytest.raises(CheckpointError, match="do not fit the model"):
        merge_adapters(networks, tuned / "adapters")
    with pytest.raises(CheckpointError, match="holds no adapters"):
        merge_adapters(networks, tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"lora_alpha": 1, "r": 0}', '{"lora_alpha": "much", "r": 4}'])
def test_adapters_without_a_usable_scale_are_an_error(tuned: Path, tmp_path: Path, content: str):
    shutil.copytree(tuned / "adapters", tmp_path / "adapters")
    (tmp_path / "adapters/denoising_unet/adapter_config.json").write_text(content)
    with pytest.raises(CheckpointError, match="expected PEFT's"):
        merge_adapters({"denoising_unet": nn.Linear(1, 1)}, tmp_path / "adapters")
