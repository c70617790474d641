"""A tiny model and the folders that its training would leave."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))


@pytest.fixture
def model(tiny_pipeline, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    tiny_pipeline.save_pretrained(folder)
    return folder


@pytest.fixture
def runs(tiny_pipeline, tmp_path: Path) -> Path:
    """Four runs of 100 steps, logged every step; stage1 went on from a run of 40."""
    folder = tmp_path / "runs"
    for stage in ("vae", "image-encoder", "stage1-first", "stage1", "stage2"):
        write_run(folder / stage, stage=stage.removesuffix("-first"), steps=40 if "first" in stage else 100)
    (folder / "stage1" / "previous.json").write_text('["../stage1-first"]')
    tiny_pipeline.save_pretrained(folder / "stage2" / "pipeline")
    return folder


def write_run(folder: Path, *, stage: str, steps: int) -> None:
    folder.mkdir(parents=True)
    config = {
        "stage": stage,
        "steps": steps,
        "batch_size": 2,
        "seed": 5,
        "diffusion": {"num_frames": 24, "targets_per_reference": 4},
        "vae": {"frames_per_clip": 2},
    }
    (folder / "config.json").write_text(json.dumps(config))
    lines = [json.dumps({"step": step, "loss": 1 / step, "learning_rate": 1e-4}) for step in range(1, steps + 1)]
    (folder / "losses.jsonl").write_text("\n".join(lines) + "\n")
