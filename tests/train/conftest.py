"""Configurations and networks of the smallest size, made as a run makes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from animate_anyone.train.config import TrainConfig, load_config
from animate_anyone.train.loop import run

CONFIGS = Path(__file__).parents[2] / "configs"
Configure = Callable[..., TrainConfig]


def tiny(stage: str, folder: Path, **overrides: Any) -> TrainConfig:
    """The tiny configuration of a stage with all its folders below `folder`."""
    encoders = {"init.vae": folder / "vae/vae", "init.image_encoder": folder / "image-encoder/image_encoder"}
    pipelines = {"stage2": folder / "stage1/pipeline"} | dict.fromkeys(("lora", "distil"), folder / "stage2/pipeline")
    start: dict[str, Any] = encoders if stage in ("stage1", "one-stage") else {}
    start |= {"init.pipeline": pipelines[stage]} if stage in pipelines else {}
    places: dict[str, Any] = {"output": folder / stage, "cache": folder / "cache", "device": "cpu", **start}
    return load_config(CONFIGS / f"tiny-{stage}.toml", places | overrides)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all four stages have run, each from what the ones before left."""
    folder = tmp_path_factory.mktemp("trained")
    for stage in ("vae", "image-encoder", "stage1", "stage2"):
        run(tiny(stage, folder))
    return folder


@pytest.fixture
def configure(trained: Path, tmp_path: Path) -> Configure:
    """Makes the tiny configuration of a stage that starts from `trained` and writes to a fresh folder."""

    def make(stage: str, **overrides: Any) -> TrainConfig:
        return tiny(stage, trained, **({"output": tmp_path / stage} | overrides))

    return make
