"""Checkpoints come back as they were written, and a damaged one never counts."""

from pathlib import Path

import pytest
import torch

from animate_anyone.errors import ConfigError
from animate_anyone.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint


def checkpoint(step: int) -> Checkpoint:
    weights = {"a": torch.full((2, 3), float(step)).T, "b": torch.arange(4)}
    layer = torch.nn.Linear(2, 1)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    return Checkpoint(
        step=step, weights=weights, ema=weights, optimiser=optimiser.state_dict(), sums={"loss": 0.1 + step}
    )


def test_a_checkpoint_comes_back(tmp_path: Path):
    written = checkpoint(5)
    save_checkpoint(written, tmp_path, keep=2)
    read = load_checkpoint(tmp_path)
    assert read is not None
    assert (read.step, read.sums) == (5, written.sums)
    assert all(torch.equal(read.weights[name], value) for name, value in written.weights.items())
    assert torch.equal(read.optimiser["state"][0]["exp_avg"], written.optimiser["state"][0]["exp_avg"])


def test_only_the_newest_are_kept(tmp_path: Path):
    for step in (1, 2, 10):
        save_checkpoint(checkpoint(step), tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000002", "step-00000010"]


@pytest.mark.parametrize("name", ["weights.safetensors", "ema.safetensors", "optimiser.pt", "state.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, name: str, damage: str, caplog: pytest.LogCaptureFixture):
    save_checkpoint(checkpoint(1), tmp_path, keep=2)
    path = save_checkpoint(checkpoint(2), tmp_path, keep=2) / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    read = load_checkpoint(tmp_path)
    assert read is not None
    assert read.step == 1
    assert "step-00000002" in caplog.text


def test_no_checkpoint_is_no_error(tmp_path: Path):
    assert load_checkpoint(tmp_path / "none") is None


def test_a_run_without_a_whole_checkpoint_is_not_begun_anew(tmp_path: Path):
    (save_checkpoint(checkpoint(2), tmp_path, keep=2) / "state.json").unlink()
    with pytest.raises(ConfigError, match=r"no checkpoint in it is whole \(step-00000002\)"):
        load_checkpoint(tmp_path)


def test_a_damaged_checkpoint_never_takes_the_place_of_a_new_one(tmp_path: Path):
    save_checkpoint(checkpoint(10), tmp_path, keep=1)
    (save_checkpoint(checkpoint(20), tmp_path, keep=2) / "state.json").unlink()
    save_checkpoint(checkpoint(12), tmp_path, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000012"]
    read = load_checkpoint(tmp_path)
    assert read is not None
    assert read.step == 12


@pytest.mark.parametrize("keep", range(1, 11))
def test_as_many_are_kept_as_asked_for(tmp_path: Path, keep: int):
    for step in range(1, 9):
        save_checkpoint(checkpoint(step), tmp_path, keep=keep)
    steps = sorted(int(path.name.removeprefix("step-")) for path in tmp_path.iterdir())
    assert steps == list(range(1, 9))[-keep:]


def test_what_a_killed_process_left_is_removed(tmp_path: Path):
    (tmp_path / ".step-00000007-abcd1234").mkdir()
    save_checkpoint(checkpoint(8), tmp_path, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000008"]
