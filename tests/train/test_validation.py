"""Validation losses are of the same samples at every call, and a run cut into pieces logs what a whole one does."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from animate_anyone.cli.app import app
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.loop import run
from animate_anyone.train.networks import make_networks
from animate_anyone.train.record import LOSS_LOG, VALIDATION_LOG, read_log
from animate_anyone.train.stages import STAGES
from animate_anyone.train.stopping import OUT_OF_TIME
from animate_anyone.train.validation import draw_validation, validation_losses

Configure = Callable[..., TrainConfig]
CONFIGS = Path(__file__).parents[2] / "configs"


def test_samples_and_noise_are_fixed_and_not_those_of_training(configure: Configure):
    stage, batches = STAGES["stage1"], []
    for seed in (1, 2):
        config = configure("stage1", seed=seed, validation_samples=5)
        batches.append(draw_validation(stage.draw(config, make_networks(config, stage), split="validation"), config))
    assert [len(batch["timestep"]) for batch in batches[0]] == [4, 1]
    for first, second in zip(*batches, strict=True):
        assert all(torch.equal(first[name], second[name]) for name in first)
    trained_on = draw_validation(stage.draw(config, make_networks(config, stage)), config)
    assert not torch.equal(trained_on[0]["latents"], batches[0][0]["latents"])


def test_every_sample_counts_the_same(configure: Configure):
    config, stage = configure("stage1", validation_samples=5), STAGES["stage1"]
    networks = make_networks(config, stage)
    objective = stage.objective(config, networks)
    batches = draw_validation(stage.draw(config, networks, split="validation"), config)
    one_by_one = [{name: value[i : i + 1] for name, value in b.items()} for b in batches for i in range(len(b["keep"]))]
    whole, single = (validation_losses(objective, parts)["loss"] for parts in (batches, one_by_one))
    torch.testing.assert_close(whole, single, rtol=1e-5, atol=0)


def run_in_pieces(config: TrainConfig) -> int:
    """Runs until done, a step at a time; returns the number of pieces."""
    for piece in range(1, config.steps + 1):
        try:
            run(config.model_copy(update={"stop_after_minutes": 0.0}))
        except SystemExit as stop:
            assert stop.code == OUT_OF_TIME
        else:
            return piece
    raise AssertionError("the run did not end")


@pytest.mark.parametrize("stage", ["stage1", "distil"])
def test_a_run_in_pieces_writes_the_logs_of_a_whole_one(configure: Configure, tmp_path: Path, stage: str):
    pace = {"steps": 3, "log_every": 2, "validation_every": 2, "batch_size": 2, "validation_samples": 3}
    pace |= {"diffusion.num_frames": 2}
    whole = run(configure(stage, **pace))
    config = configure(stage, output=tmp_path / "pieces", **pace)
    assert run_in_pieces(config) == 3
    for name in (LOSS_LOG, VALIDATION_LOG):
        assert (config.output / name).read_bytes() == (whole / name).read_bytes()
    lines = read_log(whole / VALIDATION_LOG)
    assert [line["step"] for line in lines] == [2, 3]
    assert {"loss", "mse"} < lines[0].keys()
    assert (whole / "pictures/step-00000002.png").read_bytes() == (
        config.output / "pictures/step-00000002.png"
    ).read_bytes()


def test_tensorboard_has_curves_and_pictures(configure: Configure):
    pytest.importorskip("tensorboard", reason="needs TensorBoard (extra train)")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = run(configure("vae", steps=4, validation_every=2, validation_samples=2))
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("validation/loss")] == [2, 4]
    assert [event.step for event in events.Scalars("loss")] == [2, 4]
    assert [event.step for event in events.Images("validation")] == [2, 4]


def test_the_command_stops_in_time_with_a_code_of_its_own(tmp_path: Path):
    command = ["train", str(CONFIGS / "tiny-vae.toml"), "--set", f'output="{tmp_path}"', "--set", "steps=2"]
    assert CliRunner().invoke(app, [*command, "--max-minutes", "0"]).exit_code == OUT_OF_TIME
    assert len(list((tmp_path / "checkpoints").iterdir())) == 1
    assert CliRunner().invoke(app, [*command, "--max-minutes", "0"]).exit_code == 0
    assert (tmp_path / "vae/config.json").exists()
