"""Following poses: found as driven is perfect, and what is off, missing or nobody counts as it is defined."""

from dataclasses import replace

import numpy as np
import pytest

from animate_anyone.data.procedural import render_frames
from animate_anyone.metrics.pose_following import detect_in_frames, pose_following
from animate_anyone.pose.skeleton import BODY, BODY_NAMES, NUM_KEYPOINTS, Pose, PoseSequence

FRAMES, WIDTH, HEIGHT = 4, 80, 200


@pytest.fixture
def driving() -> PoseSequence:
    """A body on a line: its keypoints go down by 5 pixels each, so that the box is 85 pixels high."""
    keypoints = np.zeros((FRAMES, NUM_KEYPOINTS, 2), dtype=np.float32)
    keypoints[:, BODY] = np.stack([np.full(18, 40), 50 + 5 * np.arange(18)], axis=-1)
    scores = np.zeros((FRAMES, NUM_KEYPOINTS), dtype=np.float32)
    scores[:, BODY] = 1
    return PoseSequence(keypoints=keypoints, scores=scores, width=WIDTH, height=HEIGHT, fps=12.0)


def moved(poses: PoseSequence, by: tuple[float, float]) -> PoseSequence:
    return replace(poses, keypoints=poses.keypoints + np.array(by, dtype=np.float32))


def without(poses: PoseSequence, *names: str) -> PoseSequence:
    scores = poses.scores.copy()
    scores[:, [BODY_NAMES.index(name) for name in names]] = 0
    return replace(poses, scores=scores)


def values(driving: PoseSequence, detected: PoseSequence) -> tuple[float, ...]:
    found = pose_following(driving, detected)
    return found.distance_pixels, found.distance, found.missing, found.pck, found.found


def test_found_as_driven_is_perfect(driving: PoseSequence):
    assert values(driving, driving) == (0, 0, 0, 1, 1)


def test_distances_in_pixels_and_of_the_height(driving: PoseSequence):
    assert values(driving, moved(driving, (3, 4))) == pytest.approx((5, 5 / HEIGHT, 0, 1, 1))
    # A tenth of the box is 8.5 pixels.
    assert pose_following(driving, moved(driving, (0, 8))).pck == 1
    assert pose_following(driving, moved(driving, (0, 9))).pck == 0


def test_what_is_not_found_is_missing_and_not_correct(driving: PoseSequence):
    found = without(driving, "right_wrist", "left_wrist", "nose")
    assert values(driving, found) == pytest.approx((0, 0, 3 / 18, 15 / 18, 1))
    # What was not to be seen does not count, found or not.
    assert values(found, driving) == (0, 0, 0, 1, 1)


def test_frames_without_a_person(driving: PoseSequence):
    scores = driving.scores.copy()
    scores[0] = 0
    nobody_at_first = replace(driving, scores=scores)
    assert values(driving, nobody_at_first) == pytest.approx((0, 0, 0.25, 0.75, 0.75))
    assert values(nobody_at_first, driving) == (0, 0, 0, 1, 1)


def test_nobody_found_and_nobody_driven(driving: PoseSequence):
    nobody = replace(driving, scores=np.zeros_like(driving.scores))
    distance_pixels, distance, *rest = values(driving, nobody)
    assert np.isnan([distance_pixels, distance]).all() and rest == [1, 0, 0]
    assert np.isnan(values(nobody, driving)).all()


def test_a_box_that_is_a_point_says_nothing_of_correctness(driving: PoseSequence):
    alone = without(driving, *BODY_NAMES[1:])
    assert np.isnan(pose_following(alone, driving).pck)
    assert pose_following(alone, moved(driving, (0, 2))).distance_pixels == 2


def test_more_error_is_worse():
    poses = render_frames(7, 7, range(4), size=96).poses
    generator = np.random.default_rng(0)
    noise = generator.normal(size=poses.keypoints.shape).astype(np.float32)
    found = [
        pose_following(poses, replace(poses, keypoints=poses.keypoints + spread * noise)) for spread in (0, 1, 4, 16)
    ]
    assert sorted(found, key=lambda value: value.distance) == found
    assert sorted(found, key=lambda value: -value.pck) == found
    assert found[0].pck == 1 > found[-1].pck


def test_poses_of_another_video_are_refused(driving: PoseSequence):
    with pytest.raises(ValueError, match="agree in frames; got 4 and 3"):
        pose_following(driving, driving.frames(slice(3)))
    with pytest.raises(ValueError, match=r"agree in canvas; got \(80, 200\) and \(80, 100\)"):
        pose_following(driving, replace(driving, height=100))


class BrightestPixel:
    """Finds a "person" whose keypoints are all at the brightest pixel, and nobody in a black picture."""

    provider = "brightest pixel"
    weights = ()

    def detect(self, image: np.ndarray) -> list[Pose]:
        if not image.any():
            return []
        y, x = np.unravel_index(image.sum(axis=-1).argmax(), image.shape[:2])
        keypoints = np.full((NUM_KEYPOINTS, 2), (x, y), dtype=np.float32)
        keypoints[:, 1] += np.arange(NUM_KEYPOINTS) % 7  # a person has a size
        return [Pose(keypoints=keypoints, scores=np.ones(NUM_KEYPOINTS, dtype=np.float32))]

    def close(self) -> None: ...


def test_a_detector_looks_at_every_frame():
    frames = np.zeros((3, 40, 60, 3), dtype=np.uint8)
    frames[0, 10, 20] = frames[2, 11, 21] = 255
    poses = detect_in_frames(frames, BrightestPixel(), fps=12.0)
    assert (len(poses), poses.width, poses.height, poses.fps) == (3, 60, 40, 12.0)
    assert poses.keypoints[[0, 2], 0].tolist() == [[20, 10], [21, 11]]
    assert poses.scores.any(axis=1).tolist() == [True, False, True]
    assert not detect_in_frames(frames[1:2], BrightestPixel(), fps=12.0).scores.any()
    with pytest.raises(ValueError, match="uint8"):
        detect_in_frames(frames / 255, BrightestPixel(), fps=12.0)
