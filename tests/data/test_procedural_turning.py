"""Procedural characters that turn: what is behind the body, what of the face is found, left and right from behind."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from animate_anyone.data.procedural import render_frames
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.character import Character, character_from_seed
from animate_anyone.data.procedural.keypoints import hand_hidden, pose_sequence
from animate_anyone.data.procedural.motion import motion_from_seed
from animate_anyone.data.procedural.order import PARTS, arm_behind, depth_order, painting_passes
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.render import pose_puppet
from animate_anyone.data.procedural.skeleton import pose_skeleton
from animate_anyone.data.procedural.waves import LIMITS, Angles
from animate_anyone.media.size import Size
from animate_anyone.pose.skeleton import BODY_NAMES, FACE, LEFT_HAND, RIGHT_HAND, PoseSequence

SIZE = Size(128, 128)
HUMAN = next(seed for seed in range(50) if character_from_seed(seed).kind == "human")


def standing(yaws: list[float], **channels: float) -> Puppet:
    """A character at rest, turned by `yaws` in degrees, with other channels as given."""
    angles: Angles = {name: np.zeros(len(yaws)) for name in LIMITS}
    rest = {"left_arm_out": 10.0, "right_arm_out": 10.0, "left_elbow": 8.0, "right_elbow": 8.0} | channels
    angles = angles | {name: np.full(len(yaws), value) for name, value in rest.items()} | {"yaw": np.array(yaws)}
    puppet, _, _ = pose_puppet(HUMAN, 0, np.zeros(len(yaws)), SIZE)
    skeleton = pose_skeleton(puppet.character.proportions, angles)
    return replace(puppet, angles=angles, skeleton=skeleton, late=skeleton)


def found(puppet: Puppet) -> PoseSequence:
    return pose_sequence(puppet, width=4096, height=4096, fps=12.0)


def score(poses: PoseSequence, name: str) -> Array:
    return poses.scores[:, BODY_NAMES.index(name)].astype(np.float64)


def test_about_two_in_five_motions_turn_away_from_the_viewer():
    views = [motion_from_seed(seed).view for seed in range(400)]
    shares = {view: views.count(view) / len(views) for view in ("front", "side", "back")}
    assert 0.5 < shares["front"] < 0.7
    assert 0.18 < shares["side"] < 0.32
    assert 0.1 < shares["back"] < 0.22


def test_motions_show_the_side_they_say():
    for seed in range(150):
        motion = motion_from_seed(seed)
        yaw = motion.angles(np.linspace(0.0, motion.period, 60, endpoint=False))["yaw"]
        if motion.view == "front":
            assert np.abs(yaw).max() <= 75.0
        elif motion.view == "side":
            assert 40.0 < np.abs(yaw).max() < 120.0
        else:
            assert np.abs(yaw).max() > 100.0


def test_far_arm_is_behind_the_trunk_in_a_side_view_and_the_near_one_before_it():
    puppet = standing([0.0, 90.0, -90.0])
    order = [[PARTS[part] for part in row] for row in depth_order(puppet)]
    assert order[0].index("trunk") < min(order[0].index("left arm"), order[0].index("right arm"))
    # A character that looks to the image's right has its left arm on the far side.
    assert order[1].index("left arm") < order[1].index("left leg") < order[1].index("right leg")
    assert order[1].index("right leg") < order[1].index("trunk") < order[1].index("right arm")
    assert order[2].index("right arm") < order[2].index("trunk") < order[2].index("left arm")


def test_arms_stretched_forward_are_behind_a_back():
    for side in ("left", "right"):
        assert arm_behind(standing([180.0], left_arm_forward=80.0, right_arm_forward=80.0), side).all()
        assert not arm_behind(standing([0.0], left_arm_forward=80.0, right_arm_forward=80.0), side).any()


def test_passes_keep_every_frames_order():
    order = depth_order(pose_puppet(3, 9, np.arange(40) / 12.0, SIZE)[0])
    painted: list[list[int]] = [[] for _ in order]
    for name, members in painting_passes(order):
        for frame in members:
            painted[frame].append(PARTS.index(name))
    assert np.array_equal(painted, order)


def test_left_is_on_the_images_left_in_a_back_view():
    poses = found(standing([180.0, 150.0, -150.0]))
    for joint in ("shoulder", "hip", "ear"):
        left, right = (poses.keypoints[:, BODY_NAMES.index(f"{side}_{joint}"), 0] for side in ("left", "right"))
        assert (left < right).all()


@pytest.mark.parametrize(
    ("name", "yaws", "expected"),
    [
        ("nose", [0.0, 90.0, -90.0, 100.0, 180.0], [1, 1, 1, 0, 0]),
        ("left_eye", [0.0, 50.0, 65.0, -90.0, -100.0, 180.0], [1, 1, 0, 1, 0, 0]),
        ("right_eye", [0.0, -50.0, -65.0, 90.0, 100.0, 180.0], [1, 1, 0, 1, 0, 0]),
        ("left_ear", [0.0, 30.0, 90.0, -90.0, 150.0, 180.0], [1, 0, 0, 1, 0, 1]),
        ("right_ear", [0.0, -30.0, -90.0, 90.0, -150.0, 180.0], [1, 0, 0, 1, 0, 1]),
    ],
)
def test_points_of_the_head_are_found_where_they_face_the_viewer(name: str, yaws: list[float], expected: list[int]):
    assert score(found(standing(yaws)), name).tolist() == expected


def test_face_is_found_until_it_is_nearly_in_profile():
    scores = found(standing([0.0, 70.0, 80.0, -80.0, 180.0])).scores[:, FACE]
    assert scores.min(axis=1).tolist() == scores.max(axis=1).tolist() == [1, 1, 0, 0, 0]


def test_joints_behind_the_body_are_found_but_hands_are_not():
    poses = found(standing([90.0, 180.0], left_elbow=60.0, right_elbow=60.0))
    for name in BODY_NAMES:
        if name.split("_")[-1] not in ("nose", "eye", "ear"):
            assert score(poses, name).all(), name
    hidden = hand_hidden(standing([90.0], left_arm_out=4.0), "left")
    assert hidden.all()
    scores = found(standing([90.0], left_arm_out=4.0)).scores
    assert not scores[:, LEFT_HAND].any()
    assert scores[:, RIGHT_HAND].all()


def test_emblem_is_on_the_chest_and_not_on_the_back():
    def shows_it(character: Character) -> bool:
        outfit, style = character.outfit, character.style
        bare = (outfit.layer, outfit.neckwear, outfit.bag, style.shading, style.texture)
        return outfit.emblem in ("heart", "diamond", "disc") and bare == ("none", "none", "none", "flat", "none")

    seed = next(seed for seed in range(3000) if (c := character_from_seed(seed)).kind == "human" and shows_it(c))
    character = character_from_seed(seed)
    seen: dict[bool, list[bool]] = {True: [], False: []}
    for motion in motions("back")[:6]:
        frames = list(range(0, 60, 4))
        clip = render_frames(seed, motion, frames, size=128)
        puppet, _, _ = pose_puppet(seed, motion, np.array(frames) / 12.0, SIZE)
        places = puppet.in_chest(np.array([[0.0, 0.36 * character.proportions.torso, 0.0]]))[:, 0]
        for frame, (x, y) in enumerate(np.round(places).astype(int)):
            turned = abs(puppet.chest_yaw[frame])
            if turned < 0.3 or turned > 2.4:
                pixel = clip.frames[frame, :, y, x].numpy() / 255.0
                seen[bool(turned < 0.3)].append(bool(np.abs(pixel - character.palette.shirt_detail).max() < 0.15))
    assert np.mean(seen[True]) > 0.6
    assert np.mean(seen[False]) == 0.0


def motions(view: str) -> list[int]:
    return [seed for seed in range(120) if motion_from_seed(seed).view == view]


def test_frames_of_a_turn_do_not_depend_on_which_are_drawn_together():
    for motion in motions("back")[:2]:
        together = render_frames(2, motion, list(range(0, 60, 6)), size=96).frames
        for index in (1, 4, 8):
            assert torch.equal(render_frames(2, motion, [6 * index], size=96).frames[0], together[index])


def test_trunk_stays_deep_in_a_side_view():
    puppet = standing([0.0, 90.0])
    p = puppet.character.proportions
    left, right = np.moveaxis(
        puppet.cross_section(
            puppet.skeleton.joints["neck"], puppet.skeleton.chest,
            half_width=p.shoulder, depth=0.6 * p.shoulder, rounding=0.0,
        ), 1, 0,
    )  # fmt: skip
    width = (right - left)[:, 0] / puppet.unit
    assert np.allclose(width, [2 * p.shoulder, 1.2 * p.shoulder], rtol=0.02)


def test_sitting_keeps_the_feet_in_place_and_the_hips_on_the_stool():
    seed = next(seed for seed in range(200) if motion_from_seed(seed).kind == "sit")
    motion = motion_from_seed(seed)
    puppet, stool, _ = pose_puppet(HUMAN, seed, np.linspace(0.0, motion.period, 40), SIZE)
    joints = puppet.skeleton.joints
    feet = (joints["left_ankle"] + joints["right_ankle"]) / 2
    assert np.ptp(feet[:, [0, 2]], axis=0).max() < 1e-9
    assert stool is not None
    lowest = joints["pelvis"][np.argmax(joints["pelvis"][:, 1])]
    assert np.allclose(lowest[[0, 2]], stool.seat[[0, 2]], atol=0.02)
