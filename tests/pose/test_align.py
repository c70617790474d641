from dataclasses import replace

import numpy as np
import pytest

from animate_anyone.errors import PoseError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.pose.align import AlignmentReport, align_poses, place_poses
from animate_anyone.pose.skeleton import BODY, FACE, FEET, LEFT_HAND, RIGHT_HAND, Pose, PoseSequence

SIZE = Size(512, 512)
LIMB_NAMES = {"torso", "neck", "head", "shoulders", "hips", "upper arms", "lower arms", "upper legs", "lower legs"}


def figure(
    *, arms: float = 1, legs: float = 1, head: float = 1, raise_by: float = 0.0, at: tuple[float, float] = (256, 300)
) -> np.ndarray:
    """A figure around its hips, in pixels; the arms are raised by an angle in radians."""
    points = np.zeros((134, 2))
    neck = np.array([0.0, -120])
    points[1] = neck
    points[0] = neck - np.array([0, 40])
    points[14:18] = points[0] + head * np.array([[-10, -10], [10, -10], [-20, -5], [20, -5]])
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points[FACE] = points[0] + head * 20 * np.stack([np.cos(angles), np.sin(angles)], 1)
    for side, (shoulder, hip, hand, foot) in ((-1, (2, 8, RIGHT_HAND, 21)), (1, (5, 11, LEFT_HAND, 18))):
        direction = np.array([side * np.sin(raise_by), np.cos(raise_by)])
        points[shoulder] = neck + np.array([side * 40, 0])
        points[shoulder + 1] = points[shoulder] + arms * 60 * direction
        points[shoulder + 2] = points[shoulder + 1] + arms * 50 * direction
        points[hand] = points[shoulder + 2] + arms * np.arange(21)[:, None] * direction
        points[hip] = [side * 25, 0]
        points[hip + 1] = points[hip] + [0, legs * 80]
        points[hip + 2] = points[hip + 1] + [0, legs * 75]
        points[foot : foot + 3] = points[hip + 2] + legs * np.array([[0, 10], [side * 8, 10], [0, 5]])
    return (points + np.array(at)).astype(np.float32)


def pose(points: np.ndarray, hidden: list[int] | slice = []) -> Pose:  # noqa: B006
    scores = np.ones(134, dtype=np.float32)
    scores[hidden] = 0
    return Pose(keypoints=points.astype(np.float32), scores=scores)


def clip(*frames: np.ndarray) -> PoseSequence:
    keypoints = np.stack(frames).astype(np.float32)
    return PoseSequence(
        keypoints=keypoints, scores=np.ones(keypoints.shape[:2], np.float32), width=512, height=512, fps=12.0
    )


def ratios(report: AlignmentReport) -> dict[str, float]:
    return {limb.name: limb.ratio for limb in report.limbs}


WAVING = [figure(raise_by=angle) for angle in (0.0, 0.8, 1.6, 2.4)]


def test_the_same_figure_is_left_alone():
    driving = clip(*WAVING)
    aligned, report = align_poses(driving, pose(WAVING[0]), size=SIZE)
    np.testing.assert_allclose(aligned.keypoints, driving.keypoints, atol=1e-3)
    assert report.scale == pytest.approx(1)
    assert ratios(report) == pytest.approx(dict.fromkeys(LIMB_NAMES, 1.0))
    assert not any(limb.clamped or not limb.measured for limb in report.limbs)


def test_a_scaled_and_shifted_figure_gives_exactly_that_map():
    driving = clip(*WAVING)
    aligned, report = align_poses(driving, pose(WAVING[0] * 0.5 + [30, 90]), size=Size(300, 400))
    np.testing.assert_allclose(aligned.keypoints, driving.keypoints * 0.5 + [30, 90], atol=1e-3)
    assert (aligned.width, aligned.height) == (300, 400)
    assert report.scale == pytest.approx(0.5)
    assert ratios(report) == pytest.approx(dict.fromkeys(LIMB_NAMES, 1.0))


def test_other_proportions_are_taken_over_in_every_frame():
    aligned, report = align_poses(clip(*WAVING), pose(figure(arms=1.5, legs=0.7, head=1.8)), size=SIZE)
    wanted = clip(*(figure(arms=1.5, legs=0.7, head=1.8, raise_by=angle) for angle in (0.0, 0.8, 1.6, 2.4)))
    np.testing.assert_allclose(aligned.keypoints, wanted.keypoints, atol=1e-2)
    found = ratios(report)
    assert (found["upper arms"], found["lower legs"], found["head"]) == pytest.approx((1.5, 0.7, 1.8))
    assert found["torso"] == pytest.approx(1)


def test_a_foreshortened_first_frame_does_not_lengthen_the_arms():
    short = figure(arms=0.3)
    aligned, report = align_poses(clip(short, *WAVING), pose(WAVING[0]), size=SIZE)
    assert ratios(report)["upper arms"] == pytest.approx(1)
    np.testing.assert_allclose(aligned.keypoints[0], short, atol=1e-3)


def test_ratios_are_limited_and_reported():
    _, report = align_poses(clip(*WAVING), pose(figure(head=5)), size=SIZE)
    (head,) = [limb for limb in report.limbs if limb.name == "head"]
    assert (head.ratio, head.clamped) == (2.0, True)
    assert "limited" in report.describe()


def test_standing_feet_stay_while_the_hips_move():
    driving = clip(*(figure(at=(256 + 20 * step, 300)) for step in range(3)))
    driving.keypoints[:, [10, 13]] = driving.keypoints[0, [10, 13]]
    aligned, _ = align_poses(driving, pose(figure(legs=0.6)), size=SIZE)
    feet = aligned.keypoints[:, [10, 13]]
    # Moved by the general scale alone, the feet would slide by 16 pixels.
    np.testing.assert_allclose(feet, np.broadcast_to(feet[0], feet.shape), atol=2)
    assert aligned.keypoints[2, 8, 0] - aligned.keypoints[0, 8, 0] == pytest.approx(24, abs=2)


def test_unseen_keypoints_stay_unseen_and_their_children_hang_higher():
    driving = clip(*WAVING)
    driving.scores[1, 3] = 0
    driving.keypoints[1, 3] = -500
    aligned, _ = align_poses(driving, pose(figure(arms=1.5)), size=SIZE)
    np.testing.assert_array_equal(aligned.scores, driving.scores)
    shoulder, wrist = aligned.keypoints[1, 2], aligned.keypoints[1, 4]
    assert np.linalg.norm(wrist - shoulder) == pytest.approx(1.5 * 110, rel=1e-3)


def test_hips_that_vanish_for_a_frame_do_not_shift_the_rest():
    driving = clip(*WAVING)
    whole, _ = align_poses(driving, pose(figure(arms=1.2)), size=SIZE)
    driving.scores[2, [8, 11]] = 0
    broken, _ = align_poses(driving, pose(figure(arms=1.2)), size=SIZE)
    np.testing.assert_allclose(broken.keypoints[2, :8], whole.keypoints[2, :8], atol=1e-3)
    np.testing.assert_allclose(broken.keypoints[2, [10, 13]], whole.keypoints[2, [10, 13]], atol=1e-3)


@pytest.mark.parametrize(("hidden", "root"), [(slice(8, 24), "neck"), ([*range(1, 24)], "nose")])
def test_a_portrait_is_laid_on_neck_or_nose(hidden: list[int] | slice, root: str):
    reference = pose(WAVING[0] * 2 + [7, 9], hidden)
    aligned, report = align_poses(clip(*WAVING), reference, size=SIZE)
    assert report.root == root
    assert "not seen in both" in report.describe()
    np.testing.assert_allclose(aligned.keypoints, np.stack(WAVING) * 2 + [7, 9], atol=1e-2)


def test_the_anchor_is_a_well_seen_frame():
    driving = clip(*(figure(at=(100 + 50 * step, 300)) for step in range(4)))
    driving.scores[:2, FEET.start - 10 : FEET.start] = 0.1
    driving = replace(driving, scores=driving.scores)
    aligned, report = align_poses(driving, pose(figure(at=(256, 300))), size=SIZE)
    assert report.anchor_frame == 2
    np.testing.assert_allclose(aligned.keypoints[2, BODY], figure(at=(256, 300))[BODY], atol=1e-3)


def test_without_anything_in_common_there_is_one_clear_error():
    with pytest.raises(PoseError, match="neither hips, neck nor nose"):
        align_poses(clip(*WAVING), pose(WAVING[0], [*range(134)]), size=SIZE)


def test_placing_shows_the_whole_driving_canvas():
    geometry = Geometry.fit(Size(100, 200), short_side=64)
    placed = place_poses(clip(*WAVING), geometry)
    assert (placed.width, placed.height) == (geometry.canvas.width, geometry.canvas.height)
    driving_geometry = geometry.placed(Size(512, 512))
    np.testing.assert_allclose(placed.keypoints, driving_geometry.points_to_canvas(np.stack(WAVING)))
