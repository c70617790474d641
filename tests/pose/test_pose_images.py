import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animate_anyone.data.procedural import render_clip
from animate_anyone.errors import MediaError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.media.video import read_frames
from animate_anyone.media.writer import write_video
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.images import DrawnPoseImages, SkeletonVideoImages, is_skeleton_video
from animate_anyone.pose.skeleton import PoseSequence

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "examples"


def poses(size: int, num_frames: int = 6) -> PoseSequence:
    return render_clip(character=3, motion=5, num_frames=num_frames, size=size).poses


@pytest.fixture(scope="module")
def skeleton_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "skeleton.mp4"
    with DrawnPoseImages(poses(128), style=STYLES["compact"]) as images:
        write_video(iter(images.window(range(len(images)))), path, fps=12)
    return path


def test_poses_are_drawn_on_demand_in_the_order_asked_for():
    sequence = poses(96)
    with DrawnPoseImages(sequence, style=STYLES["compact"]) as images:
        assert (len(images), images.size, images.fps) == (6, Size(96, 96), 12.0)
        window = images.window([4, 1, 1])
    expected = draw_pose(sequence[4], size=Size(96, 96), style=STYLES["compact"])
    np.testing.assert_array_equal(window[0], expected)
    np.testing.assert_array_equal(window[1], window[2])
    assert (window[0] != window[1]).any()


@pytest.mark.parametrize("index", [-1, 6])
def test_frames_that_do_not_exist(index: int):
    with pytest.raises(IndexError, match="0 to 5"):
        DrawnPoseImages(poses(64), style=STYLES["compact"]).window([index])


def test_a_skeleton_video_is_placed_on_the_canvas(skeleton_video: Path):
    geometry = Geometry.fit(Size(300, 200), short_side=64)
    with SkeletonVideoImages(skeleton_video, geometry=geometry) as images:
        assert (len(images), images.size, images.fps) == (6, geometry.canvas, 12.0)
        window = images.window([5, 2])
        assert window.flags.writeable
    frames = list(read_frames(skeleton_video))
    placed = geometry.placed(Size(128, 128))
    for picture, index in zip(window, (5, 2), strict=True):
        expected = placed.to_canvas(Image.fromarray(frames[index]), fill="black")
        np.testing.assert_array_equal(picture, np.asarray(expected))
    assert not window[:, :, :10].any()


def test_the_spool_goes_with_the_images(skeleton_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    geometry = Geometry.fit(Size(64, 64), short_side=64)
    with SkeletonVideoImages(skeleton_video, geometry=geometry) as images:
        images.window([0])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        images.window([0])


def test_the_first_frames_only(skeleton_video: Path):
    geometry = Geometry.fit(Size(64, 64), short_side=64)
    with SkeletonVideoImages(skeleton_video, geometry=geometry, max_frames=4) as images:
        assert len(images) == 4


def test_what_is_no_video_is_refused(tmp_path: Path):
    (tmp_path / "no.mp4").write_text("no video")
    geometry = Geometry.fit(Size(64, 64), short_side=64)
    with pytest.raises(MediaError):
        SkeletonVideoImages(tmp_path / "no.mp4", geometry=geometry)


def test_drawn_skeletons_are_recognised(skeleton_video: Path, tmp_path: Path):
    assert is_skeleton_video(skeleton_video)
    with DrawnPoseImages(poses(512, 3), style=STYLES["dwpose"]) as images:
        write_video(iter(images.window(range(3))), tmp_path / "dwpose.mp4", fps=30)
    assert is_skeleton_video(tmp_path / "dwpose.mp4")


@pytest.mark.parametrize("size", [96, 128, 192])
@pytest.mark.parametrize("style", ["dwpose", "compact"])
def test_small_skeletons_are_recognised(size: int, style: str, tmp_path: Path):
    drawn = render_clip(character=2, motion=4, num_frames=3, size=size).poses
    with DrawnPoseImages(drawn, style=STYLES[style]) as images:
        write_video(iter(images.window(range(3))), tmp_path / "small.mp4", fps=30)
    assert is_skeleton_video(tmp_path / "small.mp4")


@pytest.mark.parametrize("character", range(4))
@pytest.mark.parametrize("black", [False, True])
def test_characters_are_not_taken_for_skeletons(character: int, black: bool, tmp_path: Path):
    clip = render_clip(character=character, motion=1, num_frames=4, size=128)
    frames = clip.frames.permute(0, 2, 3, 1).numpy().copy()
    if black:  # as cut out by hand: only what lies near the skeleton stays
        for index, frame in enumerate(frames):
            low, high = (f(clip.poses.keypoints[index, :18], axis=0).astype(int) for f in (np.min, np.max))
            mask = np.zeros(frame.shape[:2], dtype=bool)
            mask[max(low[1], 0) : high[1], max(low[0], 0) : high[0]] = True
            frame[~mask] = 0
    write_video(iter(frames), tmp_path / "character.mp4", fps=12)
    assert not is_skeleton_video(tmp_path / "character.mp4")


def test_black_is_no_skeleton(tmp_path: Path):
    write_video(iter(np.zeros((3, 64, 64, 3), dtype=np.uint8)), tmp_path / "black.mp4", fps=12)
    assert not is_skeleton_video(tmp_path / "black.mp4")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((f"moore/pose_videos/anyone-video-{number}_kps.mp4", True) for number in (1, 2, 4, 5)),
        *((f"moore/talkinghead_videos/{number}.mp4", False) for number in (1, 2)),
        ("real/dance_musepose.mp4", False),
    ],
)
def test_published_skeleton_videos_and_real_clips(name: str, expected: bool):
    if not (EXAMPLES / name).is_file():
        pytest.skip("the example videos are not here")
    assert is_skeleton_video(EXAMPLES / name) is expected
