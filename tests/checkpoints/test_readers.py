"""Weight files: what is read, and what is refused with a reason."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from animate_anyone.checkpoints.readers import find_weights, read_weights
from animate_anyone.errors import CheckpointError

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


class RunsCode:
    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def write(path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(TENSORS, path)
    else:
        torch.save(TENSORS, path)
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".bin", ".ckpt"])
def test_every_kind_of_file_gives_the_same_tensors(tmp_path: Path, suffix: str):
    read = read_weights(write(tmp_path / f"weights{suffix}"))
    assert read.keys() == TENSORS.keys()
    assert all(torch.equal(read[key], TENSORS[key]) for key in TENSORS)


def test_files_from_before_zip_archives_are_read(tmp_path: Path):
    torch.save(TENSORS, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(read_weights(tmp_path / "old.pth")["a.weight"], TENSORS["a.weight"])


def test_a_training_wrapper_is_unpacked(tmp_path: Path):
    torch.save({"state_dict": TENSORS, "epoch": 3}, tmp_path / "wrapped.ckpt")
    assert read_weights(tmp_path / "wrapped.ckpt").keys() == TENSORS.keys()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path: Path, zipped: bool):
    canary, file = tmp_path / "canary", tmp_path / "bad.pth"
    content = {"a.weight": RunsCode(f"touch {canary}")}
    if zipped:
        torch.save(content, file)
    else:
        file.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(CheckpointError, match=r"refused.*could run code"):
        read_weights(file)
    assert not canary.exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("kept", [0, 7, 100, -8])
def test_a_truncated_file_is_named(tmp_path: Path, suffix: str, kept: int):
    file = write(tmp_path / f"cut{suffix}")
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="cut"):
        read_weights(file)


def test_other_entries_than_tensors_are_named(tmp_path: Path):
    torch.save(TENSORS | {"config": {"layers": 2}}, tmp_path / "mixed.pth")
    with pytest.raises(CheckpointError, match="no tensors: 'config' is of type dict"):
        read_weights(tmp_path / "mixed.pth")
    assert read_weights(tmp_path / "mixed.pth", ignore=("config",)).keys() == TENSORS.keys()


def test_a_file_that_is_no_table_is_refused(tmp_path: Path):
    torch.save([torch.ones(1)], tmp_path / "list.pth")
    with pytest.raises(CheckpointError, match="no table of named tensors but list"):
        read_weights(tmp_path / "list.pth")


def test_other_suffixes_are_refused(tmp_path: Path):
    (tmp_path / "weights.npy").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"expected \.safetensors or one of .*got '\.npy'"):
        read_weights(tmp_path / "weights.npy")


def test_an_absent_file_is_named(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"no weight file .*gone\.pth"):
        read_weights(tmp_path / "gone.pth")


def test_safetensors_come_first(tmp_path: Path):
    write(tmp_path / "model.bin")
    assert find_weights(tmp_path, "model").name == "model.bin"
    write(tmp_path / "model.safetensors")
    assert find_weights(tmp_path, "model").name == "model.safetensors"
    with pytest.raises(CheckpointError, match=r"'other\.\*' or 'third\.\*'"):
        find_weights(tmp_path, "other", other_stems=("third",))
