"""Bodies read back from pictures of skeletons."""

from dataclasses import replace

import numpy as np
import pytest

from animate_anyone.data.procedural import render_clip
from animate_anyone.errors import PoseError
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.skeleton import BODY, NUM_KEYPOINTS, Pose, PoseSequence
from animate_anyone.pose.skeleton_reading import read_skeleton, read_skeleton_video

SIZE = Size(512, 512)
NOSE = 0
"""Mostly under the points of the face."""


@pytest.fixture(scope="module")
def poses() -> PoseSequence:
    clip = render_clip(character=12, motion=7, num_frames=6, size=128, fps=4.0)
    return replace(clip.poses, keypoints=clip.poses.keypoints * 4, width=512, height=512)


def draw(pose: Pose) -> np.ndarray:
    return draw_pose(pose, size=SIZE, style=STYLES["dwpose"])


def errors(read: PoseSequence, poses: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
    """Distances of the joints that are in both, but for the nose, and which were not found."""
    known, found = (one.scores[:, BODY] > 0.3 for one in (poses, read))
    distances = np.linalg.norm(read.keypoints[:, BODY] - poses.keypoints[:, BODY], axis=-1)
    assert not (found & ~known).any()
    both = known & found
    both[:, NOSE] = False
    return distances[both], known & ~found


def test_joints_are_read_back_from_a_compressed_video(poses, tmp_path):
    write_video((draw(poses[index]) for index in range(len(poses))), tmp_path / "skeletons.mp4", fps=poses.fps)
    read = read_skeleton_video(tmp_path / "skeletons.mp4")
    assert (len(read), read.width, read.height, read.fps) == (6, 512, 512, 4.0)
    distances, missed = errors(read, poses)
    assert np.median(distances) < 2 and np.mean(distances > 12) < 0.03
    assert missed[:, 1:14].mean() < 0.03


def test_a_joint_under_a_hand_is_where_its_limb_ends(poses):
    pose, wrist = poses[0], 4
    picture = draw(pose)
    x, y = pose.keypoints[wrist].round().astype(int)
    picture[y - 6 : y + 7, x - 6 : x + 7] = (0, 0, 255)
    read = read_skeleton(picture)
    assert 0 < read.scores[wrist] < 1
    assert np.hypot(*(read.keypoints[wrist] - pose.keypoints[wrist])) < 20


def test_ears_are_read_from_behind(poses):
    scores = poses.scores[0].copy()
    scores[[NOSE, 14, 15]], scores[[16, 17]], scores[BODY.stop :] = 0, 1, 0
    pose = replace(poses[0], scores=scores)
    read = read_skeleton(draw(pose))
    assert read.scores[16] == read.scores[17] == 1
    assert np.linalg.norm(read.keypoints[16:18] - pose.keypoints[16:18], axis=1).max() < 3


def test_nobody_is_read_from_black():
    assert not read_skeleton(np.zeros((64, 48, 3), np.uint8)).scores.any()


def test_what_is_not_seen_is_not_found(poses):
    scores = poses.scores[0].copy()
    hidden = [8, 9, 10]
    scores[hidden] = 0
    scores[BODY.stop :] = 0
    read = read_skeleton(draw(replace(poses[0], scores=scores)))
    assert read.scores.shape == (NUM_KEYPOINTS,) and not read.scores[hidden].any()
    assert read.scores[[2, 5, 11, 12, 13]].all()


def test_a_video_without_skeletons_is_refused(tmp_path):
    frames = np.random.default_rng(0).integers(100, 130, (3, 64, 64, 3), dtype=np.uint8)
    write_video(iter(frames), tmp_path / "grey.mp4", fps=5)
    with pytest.raises(PoseError, match=r"No joint was recognised in the 3 frames"):
        read_skeleton_video(tmp_path / "grey.mp4")
