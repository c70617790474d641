from dataclasses import replace

import numpy as np
import pytest

from animate_anyone.pose.select import follow_person, person_size
from animate_anyone.pose.skeleton import BODY, Pose, PoseSequence
from animate_anyone.pose.smooth import fill_gaps, smooth_poses


def person(x: float, *, size: float = 100, score: float = 0.9) -> Pose:
    keypoints = np.zeros((134, 2), dtype=np.float32)
    keypoints[BODY] = np.random.default_rng(0).uniform(0, size, (18, 2))
    keypoints[BODY, 0] += x
    scores = np.zeros(134, dtype=np.float32)
    scores[BODY] = score
    return Pose(keypoints=keypoints, scores=scores)


def test_the_largest_and_surest_is_chosen_and_then_followed():
    small, large, unsure = person(0, size=50), person(300, size=120), person(600, size=120, score=0.4)
    grown = person(5, size=140)
    frames = [[small, large, unsure], [grown, person(310, size=110)], [person(320, size=110), grown]]
    track = list(follow_person(frames, patience=5))
    assert [pose.keypoints[BODY, 0].min() > 290 for pose in track if pose] == [True] * 3


def test_a_missed_frame_does_not_hand_over_to_a_bystander():
    frames = [[person(0)], [person(500)], [person(500), person(4)]]
    track = list(follow_person(frames, patience=5))
    assert track[1] is None
    assert track[2] is frames[2][1]


def test_after_patience_somebody_else_is_followed():
    frames = [[person(0)], [], [], [person(500)]]
    assert [pose is not None for pose in follow_person(frames, patience=1)] == [True, False, False, True]


def test_size_of_nobody_is_zero():
    assert person_size(person(0, score=0.0)) == 0


def sequence(keypoints: np.ndarray, scores: np.ndarray | None = None, fps: float = 30.0) -> PoseSequence:
    if scores is None:
        scores = np.ones(keypoints.shape[:2])
    return PoseSequence(
        keypoints=keypoints.astype(np.float32), scores=scores.astype(np.float32), width=640, height=640, fps=fps
    )


def still(num_frames: int) -> np.ndarray:
    return np.broadcast_to(np.random.default_rng(1).uniform(100, 500, (134, 2)), (num_frames, 134, 2)).copy()


def test_jitter_of_a_still_person_shrinks():
    clean = still(60)
    noisy = clean + np.random.default_rng(2).normal(size=clean.shape) * 2
    smooth = smooth_poses(sequence(noisy)).keypoints
    assert np.abs(smooth - clean).mean() < 0.6 * np.abs(noisy - clean).mean()


def test_fast_motion_keeps_its_place_in_time():
    time = np.arange(60) / 30
    keypoints = still(60)
    keypoints[:, :, 0] += 150 * np.sin(2 * np.pi * time)[:, None]
    smooth = smooth_poses(sequence(keypoints)).keypoints
    assert np.abs(smooth - keypoints).max() < 12
    shifts = [np.abs(np.roll(smooth, shift, 0) - keypoints)[5:-5].mean() for shift in (-1, 0, 1)]
    assert np.argmin(shifts) == 1


def test_scale_does_not_matter():
    keypoints = still(20) + np.random.default_rng(3).normal(size=(20, 134, 2)) * 3
    small = smooth_poses(sequence(keypoints)).keypoints
    np.testing.assert_allclose(smooth_poses(sequence(keypoints * 4)).keypoints, small * 4, rtol=1e-4)


def test_short_gaps_are_bridged_and_long_ones_are_not():
    keypoints = still(30)
    keypoints[:, 0, 0] = np.arange(30) * 2
    scores = np.ones((30, 134))
    scores[10:13, 0] = 0
    scores[20, 0] = 0.5
    scores[5:25, 1] = 0.1
    scores[:4, 2] = 0
    keypoints[10:13, 0] = -99
    filled = fill_gaps(sequence(keypoints, scores), max_gap=0.2)
    np.testing.assert_allclose(filled.keypoints[10:13, 0, 0], [20, 22, 24])
    assert (filled.scores[10:13, 0] == 1).all()
    np.testing.assert_array_equal(filled.scores[:, 1:], scores[:, 1:].astype(np.float32))


def test_unseen_keypoints_are_left_alone():
    keypoints = still(10)
    scores = np.ones((10, 134))
    scores[:, 7] = 0.1
    keypoints[:, 7] = np.arange(20).reshape(10, 2)
    smooth = smooth_poses(sequence(keypoints, scores))
    np.testing.assert_array_equal(smooth.keypoints[:, 7], keypoints[:, 7].astype(np.float32))
    nobody = replace(smooth, scores=np.zeros_like(smooth.scores))
    np.testing.assert_array_equal(smooth_poses(nobody).keypoints, smooth.keypoints)


@pytest.mark.parametrize("num_frames", [1, 2])
def test_very_short_clips(num_frames: int):
    assert len(smooth_poses(sequence(still(num_frames)))) == num_frames
