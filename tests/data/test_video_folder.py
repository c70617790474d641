"""A folder of videos gives the frames and poses that were put into it, resized."""

from pathlib import Path

import numpy as np
import pytest
import torch

from animate_anyone.data.clip import Clip
from animate_anyone.data.procedural import render_clip
from animate_anyone.data.video_folder import VideoFolder, pose_path
from animate_anyone.errors import MediaError, PoseError
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import save_poses
from animate_anyone.pose.skeleton import NUM_KEYPOINTS, Pose


class CentreDetector:
    """Finds one person in every picture: all keypoints in its middle."""

    provider = "centre"

    def __init__(self):
        self.calls = 0

    def detect(self, image: np.ndarray) -> list[Pose]:
        self.calls += 1
        height, width = image.shape[:2]
        middle = np.array([(width - 1) / 2, (height - 1) / 2], dtype=np.float32)
        keypoints = middle + np.linspace(-8, 8, NUM_KEYPOINTS, dtype=np.float32)[:, None]
        return [Pose(keypoints=keypoints, scores=np.ones(NUM_KEYPOINTS, dtype=np.float32))]

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def drawn() -> Clip:
    return render_clip(character=0, motion=4, num_frames=8, size=Size(64, 96), fps=8.0)


@pytest.fixture
def folder(tmp_path: Path, drawn: Clip) -> Path:
    write_video(drawn.frames.permute(0, 2, 3, 1).contiguous().numpy(), tmp_path / "a.mp4", fps=8.0)
    return tmp_path


def test_frames_and_poses_come_back(folder: Path, drawn: Clip):
    save_poses(drawn.poses, folder / "a.poses.json.gz")
    (clip,) = VideoFolder(folder=folder, size=Size(64, 96))
    assert clip.frames.shape == drawn.frames.shape
    assert (clip.frames.float() - drawn.frames.float()).abs().mean() < 6.0
    assert np.allclose(clip.poses.keypoints, drawn.poses.keypoints, atol=0.01)
    assert clip.poses.fps == 8.0


def test_another_aspect_is_shown_whole_in_the_middle(folder: Path, drawn: Clip):
    save_poses(drawn.poses, folder / "a.poses.json.gz")
    clip = VideoFolder(folder=folder, size=Size(96, 96)).clip(0)
    assert clip.frames.shape[2:] == (96, 96)
    assert np.allclose(clip.poses.keypoints, drawn.poses.keypoints + np.array([16, 0]), atol=0.01)


def test_rate_leaves_out_frames(folder: Path, drawn: Clip):
    save_poses(drawn.poses, folder / "a.poses.json.gz")
    videos = VideoFolder(folder=folder, size=Size(64, 96), fps=4.0)
    clip = videos.clip(0)
    assert len(clip) == videos.num_frames(0) == 4
    assert clip.poses.fps == 4.0
    assert np.allclose(clip.poses.keypoints, drawn.poses.keypoints[::2], atol=0.01)
    chosen = videos.clip(0, [3, 1])
    assert torch.equal(chosen.frames, clip.frames[[3, 1]])


def test_poses_are_detected_once(folder: Path):
    detector = CentreDetector()
    videos = VideoFolder(folder=folder, size=Size(32, 48), detector=detector)
    first = videos.clip(0)
    assert detector.calls == 8
    assert pose_path(folder / "a.mp4").is_file()
    again = VideoFolder(folder=folder, size=Size(32, 48)).clip(0)
    assert np.allclose(first.poses.keypoints, again.poses.keypoints, atol=0.01)
    assert np.allclose(first.poses.keypoints.mean(axis=1), [15.5, 23.5], atol=0.1)


def test_missing_poses_without_a_detector(folder: Path):
    with pytest.raises(PoseError, match=r"no poses for a\.mp4"):
        VideoFolder(folder=folder, size=Size(32, 48)).clip(0)


def test_poses_of_another_video(folder: Path):
    other = render_clip(character=0, motion=3, num_frames=5, size=64)
    save_poses(other.poses, folder / "a.poses.json.gz")
    with pytest.raises(PoseError, match=r"5 frames of 64x64, but a\.mp4 has 8 frames of 64x96"):
        VideoFolder(folder=folder, size=Size(32, 48)).clip(0)


def test_frames_that_do_not_exist(folder: Path, drawn: Clip):
    save_poses(drawn.poses, folder / "a.poses.json.gz")
    for frames in ([8], [-1], []):
        with pytest.raises(ValueError, match="frames 0 to 7"):
            VideoFolder(folder=folder, size=Size(32, 48)).clip(0, frames)


def test_folders_that_are_none(tmp_path: Path, folder: Path):
    with pytest.raises(MediaError, match="not a folder"):
        VideoFolder(folder=tmp_path / "nowhere", size=Size(32, 48))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="holds no video"):
        VideoFolder(folder=tmp_path / "empty", size=Size(32, 48))
    (folder / "a.mov").touch()
    with pytest.raises(MediaError, match="Rename one"):
        VideoFolder(folder=folder, size=Size(32, 48))
    (folder / "a.mov").unlink()
    with pytest.raises(ValueError, match="rate must be positive"):
        VideoFolder(folder=folder, size=Size(32, 48), fps=0.0)
