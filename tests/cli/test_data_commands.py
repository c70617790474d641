"""The command that prepares videos: what it prints, and what it says about wrong options."""

from pathlib import Path

import numpy as np
import pytest

from animate_anyone.cli.app import app
from animate_anyone.data.manifest import load_manifest
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import save_poses


@pytest.fixture
def videos(clip, tmp_path) -> Path:
    """A video with its poses beside it on each side of the UBC layout, and one that is none."""
    folder = tmp_path / "videos"
    for side in ("train", "test"):
        write_video(np.ascontiguousarray(clip.frames.permute(0, 2, 3, 1).numpy()), folder / side / "a.mp4", fps=12.0)
        save_poses(clip.poses, folder / side / "a.poses.json.gz")
    (folder / "train/b.mp4").write_bytes(b"no video")
    (folder / "train/b.poses.json.gz").write_bytes((folder / "train/a.poses.json.gz").read_bytes())
    return folder


def test_videos_are_prepared_and_counted(cli, videos, tmp_path):
    result = cli.invoke(app, ["data", "prepare", str(videos), "--min-frames", "6", "--size", "32", "--fps", "6"])
    assert result.exit_code == 0, result.output
    assert "Layout: ubc" in result.stderr
    assert "1 videos to train on, 1 to test on" in result.stdout
    assert "left out: train/b.mp4: train/b.mp4: cannot be read" in result.stdout
    manifest = load_manifest(tmp_path / "videos-prepared")
    assert manifest.settings.making.size == (32, 32)
    assert [entry.video for entry in manifest.videos] == ["clips/test/a.mp4", "clips/train/a.mp4", None]


def test_shards_and_a_split_without_a_test(cli, videos, tmp_path):
    pytest.importorskip("webdataset", reason="needs the extra 'shards'")
    out = tmp_path / "out"
    options = ["--layout", "free", "--test-share", "0", "--min-frames", "6", "--shards", "--shard-size", "1KB"]
    result = cli.invoke(app, ["data", "prepare", str(videos), "-o", str(out), *options])
    assert result.exit_code == 0, result.output
    assert "2 videos to train on, 0 to test on" in result.stdout
    assert "give another --test-share" in result.stdout
    assert len(list((out / "shards").glob("train-*.tar"))) == 2


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--size", "8x512", "WIDTHxHEIGHT"),
        ("--size", "big", "WIDTHxHEIGHT"),
        ("--shard-size", "1.5TB", "such as 1GB"),
        ("--test-sequences", "335..340", "335-340,12"),
        ("--test-sequences", "340-335", "lower number first"),
        ("--layout", "other", "tiktok"),
    ],
)
def test_wrong_options_are_explained(cli, tmp_path, option, value, message):
    result = cli.invoke(app, ["data", "prepare", str(tmp_path), option, value])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_without_videos_is_explained(cli, tmp_path):
    result = cli.invoke(app, ["data", "prepare", str(tmp_path), "-o", str(tmp_path / "out")])
    assert (result.exit_code, "holds no video" in result.stderr) == (1, True)
