"""Body maps: pixels with the same values show the same part of the body, in whatever pose."""

import numpy as np
import pytest

from animate_anyone.media.size import Size
from animate_anyone.pose.body_map import body_places
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.skeleton import BODY_NAMES, FACE, NUM_KEYPOINTS, Pose

SIZE = Size(96, 128)
STANDING = {
    "nose": (48, 26), "neck": (48, 40), "right_eye": (45, 23), "left_eye": (51, 23),
    "right_shoulder": (38, 40), "right_elbow": (30, 54), "right_wrist": (26, 68),
    "left_shoulder": (58, 40), "left_elbow": (66, 54), "left_wrist": (70, 68),
    "right_hip": (42, 70), "right_knee": (41, 92), "right_ankle": (40, 114),
    "left_hip": (54, 70), "left_knee": (55, 92), "left_ankle": (56, 114),
}  # fmt: skip


def pose_of(places: dict[str, tuple[float, float]]) -> Pose:
    keypoints, scores = np.zeros((NUM_KEYPOINTS, 2), np.float32), np.zeros(NUM_KEYPOINTS, np.float32)
    for name, place in places.items():
        keypoints[BODY_NAMES.index(name)], scores[BODY_NAMES.index(name)] = place, 1
    return Pose(keypoints=keypoints, scores=scores)


def at(places: np.ndarray, x: float, y: float) -> np.ndarray:
    return places[round(y), round(x)]


def between(pose: dict[str, tuple[float, float]], start: str, end: str, share: float) -> tuple[float, float]:
    (x0, y0), (x1, y1) = pose[start], pose[end]
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(
    ("start", "end"),
    [("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("right_knee", "right_ankle"), ("neck", "nose")],
)
def test_a_limb_keeps_its_places_wherever_it_moves(start, end, share):
    raised_arm = {"left_elbow": (78, 34), "left_wrist": (80, 16)}
    raised_leg = {"right_knee": (34, 90), "right_ankle": (22, 104)}
    moved = {name: (x + 3, y - 4) for name, (x, y) in (STANDING | raised_arm | raised_leg).items()}
    before, after = (
        at(body_places(pose_of(pose), size=SIZE), *between(pose, start, end, share)) for pose in (STANDING, moved)
    )
    assert before.all()
    # A pixel is up to a fifth of an arm's length.
    np.testing.assert_allclose(before, after, atol=0.03)


def test_a_body_of_twice_the_size_has_the_same_places():
    large = {name: (2 * x, 2 * y) for name, (x, y) in STANDING.items()}
    places = body_places(pose_of(STANDING), size=SIZE)
    larger = body_places(pose_of(large), size=Size(192, 256))[::2, ::2]
    both = places.any(axis=2) & larger.any(axis=2)
    assert both.mean() > 0.3 and (places.any(axis=2) != larger.any(axis=2)).mean() < 0.02
    assert np.abs(places - larger)[both].mean() < 0.005


def test_who_turns_around_keeps_left_and_right():
    behind = {name: (96 - x, y) for name, (x, y) in STANDING.items()}
    front, back = (body_places(pose_of(pose), size=SIZE) for pose in (STANDING, behind))
    np.testing.assert_allclose(at(front, 53, 55), at(back, 96 - 53, 55), atol=0.01)
    assert at(front, 53, 55)[0] > 0.5 > at(front, 43, 55)[0]
    # The outer side of a leg is its outer side from behind.
    np.testing.assert_allclose(at(front, 58, 80), at(back, 96 - 58, 80), atol=0.01)


def test_an_arm_hides_the_torso():
    folded = STANDING | {"left_elbow": (64, 56), "left_wrist": (46, 56)}
    arm = at(body_places(pose_of(STANDING), size=SIZE), *between(STANDING, "left_elbow", "left_wrist", 0.8))
    np.testing.assert_allclose(at(body_places(pose_of(folded), size=SIZE), 50, 56), arm, atol=0.03)


def test_far_from_the_body_there_is_nothing():
    places = body_places(pose_of(STANDING), size=SIZE)
    assert not places[:10, :20].any() and not places[:, :3].any()
    assert places[places.any(axis=2)].min() > 0 and places.max() <= 1


def test_without_hips_there_are_head_and_arms():
    bust = {name: place for name, place in STANDING.items() if "hip" not in name and "knee" not in name}
    whole, part = (body_places(pose_of(pose), size=SIZE) for pose in (STANDING, bust))
    np.testing.assert_allclose(at(part, 48, 30), at(whole, 48, 30), atol=0.03)
    assert at(part, *between(STANDING, "left_elbow", "left_wrist", 0.5)).all()


@pytest.mark.parametrize("missing", ["neck", "right_elbow", "left_hip", "nose", "right_ankle"])
def test_points_that_are_not_seen_leave_finite_places(missing):
    pose = pose_of({name: place for name, place in STANDING.items() if name != missing})
    places = body_places(pose, size=SIZE)
    assert np.isfinite(places).all() and places.any() == (missing != "neck")


@pytest.mark.parametrize(("right", "down"), [(-70, 0), (-40, -60), (80, 0), (0, 90), (0, -110), (-300, 10)])
def test_a_body_that_is_partly_outside_has_its_places_inside(right, down):
    moved = pose_of({name: (x + right, y + down) for name, (x, y) in STANDING.items()})
    room = Size(SIZE.width + 600, SIZE.height + 400)
    whole = body_places(
        pose_of({name: (x + 300 + right, y + 200 + down) for name, (x, y) in STANDING.items()}), size=room
    )
    seen = whole[200 : 200 + SIZE.height, 300 : 300 + SIZE.width]
    np.testing.assert_allclose(body_places(moved, size=SIZE), seen, atol=1e-4)


@pytest.mark.parametrize("where", [(-500.0, -500.0), (5000.0, 40.0), (48.0, 40.0)])
def test_points_in_one_place_or_outside_are_no_error(where):
    pose = pose_of(dict.fromkeys(STANDING, where))
    assert np.isfinite(body_places(pose, size=SIZE)).all()


def test_the_picture_holds_the_map_and_the_skeleton():
    pose = pose_of(STANDING)
    picture = draw_pose(pose, size=SIZE, style=STYLES["body-map"])
    np.testing.assert_array_equal(picture[..., :2], np.rint(255 * body_places(pose, size=SIZE)))
    np.testing.assert_array_equal(picture[..., 2], draw_pose(pose, size=SIZE, style=STYLES["dwpose"]).max(axis=2))
    assert not pose.visible[FACE].any() and picture[..., 2].any()
