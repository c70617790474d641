"""The demonstration on a tiny model: one video of several dancers that repeats without a seam, and its report."""

import json

import numpy as np
import pytest

from animate_anyone.demo import CAST, Demo, run_demo
from animate_anyone.errors import AnimateAnyoneError, MediaError
from animate_anyone.media.image import load_image
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.file import load_poses

NUM_FRAMES = 4


class Progress:
    def __init__(self):
        self.shares: list[float] = []

    def progress(self, phase, done, total):
        assert phase == "denoising"
        self.shares.append(done / total)

    def note(self, text):
        raise AssertionError(text)


@pytest.fixture
def model(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path / "model")
    return str(tmp_path / "model")


def demo(model, tmp_path, *, truth=False) -> Demo:
    return Demo(folder=tmp_path / "demo", model=model, truth=truth, num_frames=NUM_FRAMES, num_steps=1)


def test_everybody_dances_there_and_back_beside_the_truth_if_wanted(model, tmp_path):
    asked, progress = demo(model, tmp_path), Progress()
    report = run_demo(asked, progress)
    assert progress.shares == sorted(progress.shares) and progress.shares[-1] == 1
    assert (report.output.num_frames, report.output.fps, report.output.width) == (2 * NUM_FRAMES - 2, 12.0, 960)
    assert json.loads((asked.folder / "demo.json").read_text())["settings"]["num_inference_steps"] == 1
    frames = np.stack(list(read_frames(asked.video))).astype(int)
    # Forwards and backwards the same, and the last frame is a neighbour of the first.
    assert np.abs(frames[1] - frames[-1]).mean() < 2 < np.abs(frames[0] - frames[3]).mean()
    gif = probe(asked.gif)
    assert (gif.num_frames, gif.size.width) == (2 * NUM_FRAMES - 2, 480)

    # References and motions are left to try.
    pictures = [load_image(asked.folder / "references" / f"{name}.png") for name in CAST]
    motions = [load_poses(asked.folder / "motions" / f"{name}.json.gz") for name in CAST]
    assert len({picture.tobytes() for picture in pictures}) == len(CAST)
    assert {len(motion) for motion in motions} == {NUM_FRAMES}
    # One motion, but each has it in its own proportions.
    assert not np.allclose(motions[0].keypoints, motions[1].keypoints, atol=1)

    # With the truth, three small pictures in the place of two are smaller, and so is the whole.
    with_truth = run_demo(demo(model, tmp_path / "other", truth=True), Progress())
    assert with_truth.settings["truth"] is True
    assert with_truth.output.height < report.output.height


def test_what_is_in_the_way_is_not_lost(model, tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "demo.json").write_text("{}")
    with pytest.raises(MediaError, match="is in the way"):
        run_demo(demo(model, tmp_path), Progress())
    with pytest.raises(AnimateAnyoneError, match="none-such"):
        run_demo(demo("none-such", tmp_path / "other"), Progress())
