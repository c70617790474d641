"""Training on prepared videos: clips are cut, told apart and looked at, and a run ends with networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from animate_anyone.data.layouts import Split
from animate_anyone.data.manifest import Limits, Making, Manifest, load_manifest, save_manifest
from animate_anyone.data.prepare import prepare
from animate_anyone.data.procedural import render_clip
from animate_anyone.data.shards import write_shards
from animate_anyone.errors import ConfigError, MediaError
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.detect import PoseDetector
from animate_anyone.pose.file import save_poses
from animate_anyone.train.batches import seeded_generator
from animate_anyone.train.config import PreparedData, TrainConfig
from animate_anyone.train.loop import run
from animate_anyone.train.networks import make_networks
from animate_anyone.train.record import LOSS_LOG, read_log
from animate_anyone.train.sources import PreparedSource
from animate_anyone.train.stages import stage_of

Configure = Callable[..., TrainConfig]


def no_detector() -> PoseDetector:
    raise AssertionError("the poses are given")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of drawn characters: three videos to train on and one to test on."""
    videos, out = (tmp_path_factory.mktemp(name) for name in ("videos", "out"))
    for character, name in enumerate(("train/ann", "train/bob", "train/cleo", "test/dan")):
        clip = render_clip(character=character, motion=character, num_frames=13, size=Size(32, 48), fps=12.0)
        pixels = np.ascontiguousarray(clip.frames.permute(0, 2, 3, 1).numpy())
        write_video(pixels, videos / f"{name}.mp4", fps=12.0)
        save_poses(clip.poses, videos / f"{name}.poses.json.gz")
    making = Making(detector="none", fps=None, size=None)
    prepare(videos, out, no_detector, making=making, limits=Limits(min_frames=12), split=Split())
    return out


def data(folder: Path, **settings: float) -> PreparedData:
    values = {"width": 32, "height": 48, "fps": 12.0, "num_frames": 6} | settings
    return PreparedData.model_validate({"source": "prepared", "folder": folder} | values)


def test_videos_are_cut_into_clips_of_one_character_each(folder: Path):
    source = PreparedSource(data(folder), split="train")
    assert [source.identity(index) for index in range(len(source))] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [list(source.same_video(index)) for index in (0, 4, 8)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert source.clip(3).frames.shape == (6, 3, 48, 32)
    # Thirteen frames: the cuts begin at 0, 3 and 7, so that none is left out.
    whole = PreparedSource(data(folder, num_frames=13), split="train")
    for number, start in enumerate((0, 3, 7)):
        expected = whole.clip(1).poses.keypoints[start : start + 6]
        assert np.array_equal(source.clip(3 + number).poses.keypoints, expected)
    assert len(PreparedSource(data(folder, fps=6.0), split="train")) == 3
    assert len(PreparedSource(data(folder), split="validation")) == 3


def test_the_reference_is_any_frame_of_the_video(folder: Path, configure: Configure):
    config = configure("stage2", data=data(folder).model_dump(), **{"diffusion.num_frames": 6})
    networks = make_networks(config, stage_of(config))
    draw = stage_of(config).draw(config, networks)
    samples = [draw(seeded_generator(number)) for number in range(40)]
    given = [
        any(torch.equal(sample["reference"], frame) for frame in sample["latents"].unbind(1)) for sample in samples
    ]
    assert 5 < sum(given) < 35


def test_clips_are_told_apart_by_all_they_depend_on(folder: Path):
    sources = [PreparedSource(data(folder, **change), split="train") for change in ({}, {"fps": 6.0}, {"width": 40})]
    specs = [str(source.spec(index)) for source in sources for index in range(3)]
    assert len(set(specs)) == 9


def test_a_set_without_a_test_is_refused_before_training(folder: Path, tmp_path: Path):
    manifest: Manifest = load_manifest(folder)
    train = tuple(entry for entry in manifest.videos if entry.split == "train")
    save_manifest(manifest.model_copy(update={"videos": train}), tmp_path)
    with pytest.raises(ConfigError, match="on the side 'test'"):
        PreparedSource(data(tmp_path), split="train")
    with pytest.raises(MediaError, match="animate-anyone data prepare"):
        PreparedSource(data(tmp_path / "nowhere"), split="train")


@pytest.mark.parametrize("stage", ["vae", "image-encoder", "stage1", "stage2"])
def test_every_stage_trains_on_prepared_videos(folder: Path, configure: Configure, stage: str):
    config = configure(stage, data=data(folder).model_dump(), steps=2, batch_size=2, log_every=1)
    lines = read_log(run(config) / LOSS_LOG)
    assert [line["step"] for line in lines] == [1, 2]
    assert all(np.isfinite(line["loss"]) for line in lines)


def test_shards_teach_the_same(folder: Path, configure: Configure, tmp_path: Path):
    pytest.importorskip("webdataset", reason="needs the extra 'shards'")
    changes = {"data": data(folder).model_dump(), "steps": 2, "batch_size": 2, "log_every": 1}
    files = run(configure("stage1", output=tmp_path / "files", cache=tmp_path / "cache-files", **changes))
    manifest = load_manifest(folder)
    try:
        write_shards(manifest, folder)
        shards = run(configure("stage1", output=tmp_path / "shards", cache=tmp_path / "cache-shards", **changes))
    finally:
        save_manifest(manifest, folder)
    assert (files / LOSS_LOG).read_bytes() == (shards / LOSS_LOG).read_bytes()
