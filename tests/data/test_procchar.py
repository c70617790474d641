"""ProcChar-100: the published pixels, regenerated and checked; what was changed is named."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from animate_anyone.cli.app import app
from animate_anyone.data import procchar
from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.errors import AnimateAnyoneError, MediaError

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import procchar_manifest


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("procchar")
    procchar.write_test_set(folder, num_clips=2)
    return folder


@pytest.fixture
def folder(drawn: Path, tmp_path: Path) -> Path:
    """The first two clips, to be changed."""
    return shutil.copytree(drawn, tmp_path / "set")


def test_the_manifest_is_that_of_the_drawings():
    published = procchar.published_hashes()
    assert len(published) == procchar.NUM_CLIPS == len(set(published))
    for index in (0, 57, 99):
        assert procchar.hashes_of(procchar.draw_clip(index)) == published[index], (
            "characters are drawn otherwise than the published test set; run: python tools/procchar_manifest.py"
        )


def test_clips_are_of_the_test_split():
    clip, seed = procchar.draw_clip(3), SPLITS["test"][3]
    drawn = render_frames(seed, seed, [0, 47, 60], size=128, fps=12.0)
    assert np.array_equal(clip.frames[[0, 47]], drawn.frames[:2].permute(0, 2, 3, 1).numpy())
    assert np.array_equal(clip.reference, drawn.frames[2].permute(1, 2, 0).numpy())
    assert (clip.frames.shape, len(clip.poses)) == ((48, 128, 128, 3), 48)


def test_what_is_written_is_what_was_drawn(folder: Path):
    drawn, read = procchar.draw_clip(1), procchar.load_clip(folder / "clip-001")
    assert np.array_equal(read.frames, drawn.frames)
    assert np.array_equal(read.reference, drawn.reference)
    assert procchar.hashes_of(read) == procchar.hashes_of(drawn)


def test_clips_that_are_there_are_kept(folder: Path):
    before = (folder / "clip-000/0000.png").stat().st_mtime_ns
    hashes = procchar.write_test_set(folder, num_clips=3)
    assert (folder / "clip-000/0000.png").stat().st_mtime_ns == before
    assert (folder / "manifest.json").read_text() == procchar.manifest(hashes)
    procchar.check_hashes(hashes)


def test_a_changed_pixel_and_a_changed_pose_are_found(folder: Path):
    path = folder / "clip-001/0005.png"
    pixels = np.array(Image.open(path))
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(path)
    result = CliRunner().invoke(app, ["data", "procchar", str(folder), "--clips", "2"])
    assert result.exit_code == 1
    assert "clip-001 of ProcChar-100" in result.stderr and "its frames differ" in result.stderr

    clip = procchar.draw_clip(4)
    clip.poses.keypoints[0, 0, 0] += 0.02
    with pytest.raises(AnimateAnyoneError, match=r"clip-004 .* its poses differ"):
        procchar.check_hashes([procchar.hashes_of(clip)], first=4)


def test_a_missing_frame_is_named(folder: Path):
    (folder / "clip-000/0007.png").unlink()
    with pytest.raises(MediaError, match=r"clip-000/0007\.png"):
        procchar.write_test_set(folder, num_clips=1)


def test_the_command_says_that_all_is_well(folder: Path):
    result = CliRunner().invoke(app, ["data", "procchar", str(folder), "--clips", "1"])
    assert result.exit_code == 0, result.output
    assert "1 clips, bit for bit" in result.stdout


@pytest.mark.parametrize("clips", ["0", "101", "x"])
def test_impossible_numbers_are_wrong_arguments(clips: str, tmp_path: Path):
    assert CliRunner().invoke(app, ["data", "procchar", str(tmp_path), "--clips", clips]).exit_code == 2


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="clips 0 to 99; got 100"):
        procchar.draw_clip(100)
    with pytest.raises(ValueError, match="num_clips=0"):
        procchar.write_test_set(Path("nowhere"), num_clips=0)


def test_the_tool_writes_the_manifest_that_is_read(tmp_path: Path):
    procchar_manifest.write_manifest(tmp_path / "procchar.json", num_clips=1)
    assert (tmp_path / "procchar.json").read_text() == procchar.manifest(procchar.published_hashes()[:1])
