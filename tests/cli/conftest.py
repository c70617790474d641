"""A model folder, a motion and a picture: what the commands are given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from animate_anyone.data.procedural import render_clip
from animate_anyone.pose.file import save_poses

NUM_FRAMES = 12
FPS = 12.0


@pytest.fixture
def cli() -> CliRunner:
    return CliRunner()


@pytest.fixture
def model(tiny_pipeline, tmp_path) -> Path:
    folder = tmp_path / "model"
    tiny_pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def clip():
    return render_clip(character=3, motion=5, num_frames=NUM_FRAMES, size=48, fps=FPS)


@pytest.fixture
def poses(clip, tmp_path) -> Path:
    """A pose file."""
    path = tmp_path / "walk.json.gz"
    save_poses(clip.poses, path)
    return path


@pytest.fixture
def picture(clip, tmp_path) -> Path:
    """A reference picture, taller than wide."""
    path = tmp_path / "hero.png"
    pixels = clip.frames[0].permute(1, 2, 0).numpy()
    Image.fromarray(np.ascontiguousarray(pixels[:, 8:40])).resize((64, 96)).save(path)
    return path
