"""The bundled model on characters and motions that it has not been trained on: small, whole, and it moves the limbs."""

import json

import numpy as np
import pytest
from PIL import Image

from animate_anyone.animation import animate
from animate_anyone.checkpoints.notices import read_notices
from animate_anyone.checkpoints.registry import REGISTRY, model_folder, open_pipeline
from animate_anyone.data.procedural import SPLITS, render_frames

REFERENCE_FRAME = 40
SHOWN = [0, 6, 12, 18]


@pytest.fixture(scope="module")
def mini():
    pipeline = open_pipeline("mini")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_it_is_small_and_says_where_it_comes_from():
    folder = model_folder(REGISTRY["mini"])
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 40e6
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pth", ".pkl")]
    record = json.loads((folder / "training.json").read_text())
    assert {"commit", "machine", "stages", "measured"} <= set(record)
    assert all("seed" in stage["config"] for stage in record["stages"].values())
    assert [notice.licence for notice in read_notices(folder)] == ["Apache-2.0"]


def test_it_moves_the_limbs_of_the_character(mini):
    """Nearer to the truth than the reference picture is, where the two differ: there something has moved."""
    errors = []
    for seed in SPLITS["test"][:4]:
        clip = render_frames(seed, seed, [*SHOWN, REFERENCE_FRAME], size=128)
        pictures = clip.frames.permute(0, 2, 3, 1).numpy()
        truth, reference = pictures[:-1], pictures[-1]
        poses = clip.poses.frames(slice(len(SHOWN)))
        reference_pose = clip.poses[len(SHOWN)]
        animation = animate(mini, Image.fromarray(reference), poses, reference_pose=reference_pose, align=False)
        result = np.stack(list(animation.frames)).astype(float)
        moved = np.abs(truth.astype(float) - reference).max(axis=3) > 60
        errors.append(
            [np.abs(frames - truth)[moved].mean() for frames in (result, np.broadcast_to(reference, truth.shape))]
        )
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 0.7 * theirs


def test_the_background_stays(mini):
    seed = SPLITS["test"][1]
    clip = render_frames(seed, seed, [*SHOWN, REFERENCE_FRAME], size=128)
    pictures = clip.frames.permute(0, 2, 3, 1).numpy()
    animation = animate(
        mini,
        Image.fromarray(pictures[-1]),
        clip.poses.frames(slice(len(SHOWN))),
        reference_pose=clip.poses[len(SHOWN)],
        align=False,
    )
    result = np.stack(list(animation.frames)).astype(float)
    still = np.ptp(pictures.astype(int), axis=0).max(axis=2) == 0
    assert np.abs(result - pictures[:-1])[:, still].mean() < 20
