"""A configuration file may build on another, and says so if that leads nowhere."""

from pathlib import Path

import pytest

from animate_anyone.config_file import read_values
from animate_anyone.errors import ConfigError
from animate_anyone.train.config import load_config


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.toml").write_text(content)
    return folder


def test_values_lie_over_those_of_the_base(tmp_path: Path):
    (tmp_path / "base").mkdir()
    write(tmp_path / "base", low="steps = 1\n[data]\nfps = 8.0\nsize = 64\n", middle='base = "low.toml"\nseed = 3\n')
    write(tmp_path, top='base = "base/middle.toml"\nsteps = 2\n[data]\nsize = 32\n[optimiser]\nwarmup_steps = 0\n')
    assert read_values(tmp_path / "top.toml") == {
        "steps": 2,
        "seed": 3,
        "data": {"fps": 8.0, "size": 32},
        "optimiser": {"warmup_steps": 0},
    }


def test_a_circle_of_bases_is_an_error(tmp_path: Path):
    write(tmp_path, a='base = "b.toml"\n', b='base = "a.toml"\n')
    with pytest.raises(ConfigError, match=r"base = 'a\.toml' in .*b\.toml must be the name of another file"):
        load_config(tmp_path / "a.toml")


def test_a_base_that_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"Cannot read the configuration .*none\.toml"):
        load_config(write(tmp_path, a='base = "none.toml"\n') / "a.toml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init.unet": "sd15", "init.pipeline": "moore"}, "remove one or the other"),
        ({"init.motion_modules": "animatediff"}, "init.motion_modules is for stage2"),
        ({"frozen_precision": "bf16"}, "frozen_precision 'bf16' is for the stages stage2, lora and distil"),
    ],
)
def test_starts_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, str], message: str):
    path = write(tmp_path, a='stage = "stage1"\noutput = "a"\nsteps = 1\nbatch_size = 1\n') / "a.toml"
    with pytest.raises(ConfigError, match=message):
        load_config(path, changes)
