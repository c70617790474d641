"""Procedural characters: the same pixels for the same seeds, and poses that are where the limbs are."""

import numpy as np
import pytest
import torch

from animate_anyone.data.procedural import SPLITS, render_clip, render_frames
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.camera import frame_motion
from animate_anyone.data.procedural.character import Character, character_from_seed
from animate_anyone.data.procedural.colours import mix
from animate_anyone.data.procedural.keypoints import pose_sequence
from animate_anyone.data.procedural.motion import WEIGHTS, View, motion_from_seed
from animate_anyone.data.procedural.render import pose_puppet
from animate_anyone.data.procedural.skeleton import pose_skeleton
from animate_anyone.data.procedural.waves import LIMITS
from animate_anyone.media.size import Size
from animate_anyone.pose.skeleton import BODY_NAMES, NUM_KEYPOINTS, PoseSequence

SEEDS = range(20)


def keypoint(poses: PoseSequence, name: str) -> Array:
    return poses.keypoints[:, BODY_NAMES.index(name)].astype(np.float64)


def exact_poses(character: int, motion: int, frames: list[int], size: Size) -> PoseSequence:
    puppet, _, _ = pose_puppet(character, motion, np.array(frames) / 12.0, size)
    return pose_sequence(puppet, width=size.width, height=size.height, fps=12.0)


def motions_seen_from(view: View) -> list[int]:
    return [seed for seed in range(120) if motion_from_seed(seed).view == view]


def forearm_colours(character: Character, side: str) -> list[tuple[float, float, float]]:
    palette = character.palette
    if character.sleeves != "long":
        return [palette.skin]
    if character.coated:
        return [palette.coat]
    sleeve = palette.left_sleeve if side == "left" else palette.shirt
    if character.outfit.pattern == "plain":
        return [sleeve]
    # A plaid and a gradient also show what lies between their two colours.
    return [mix(sleeve, palette.shirt_detail, share) for share in np.linspace(0.0, 1.0, 5)]


def test_same_seeds_same_pixels():
    first, second = (render_clip(character=3, motion=8, num_frames=4, size=64) for _ in range(2))
    assert torch.equal(first.frames, second.frames)
    assert np.array_equal(first.poses.keypoints, second.poses.keypoints)


def test_pixels_do_not_depend_on_threads():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = render_clip(character=5, motion=2, num_frames=6, size=160)
        torch.set_num_threads(4)
        four = render_clip(character=5, motion=2, num_frames=6, size=160)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(one.frames, four.frames)


@pytest.mark.parametrize("seed", range(0, 12, 3))
def test_chosen_frames_are_those_of_the_clip(seed: int):
    clip = render_clip(character=seed, motion=seed + 1, num_frames=10, size=96)
    chosen = render_frames(seed, seed + 1, [7, 2], size=96)
    assert torch.equal(chosen.frames, clip.frames[[7, 2]])
    assert np.allclose(chosen.poses.keypoints, clip.poses.keypoints[[7, 2]], atol=1e-4)


def test_seeds_make_different_characters_and_motions():
    one = render_clip(character=1, motion=1, num_frames=2, size=64)
    other_character = render_clip(character=2, motion=1, num_frames=2, size=64)
    other_motion = render_clip(character=1, motion=2, num_frames=2, size=64)
    assert not torch.equal(one.frames, other_character.frames)
    assert not torch.equal(one.frames, other_motion.frames)
    kinds = {character_from_seed(seed).kind for seed in range(40)}
    assert kinds == {"human", "cartoon", "robot"}
    assert len({motion_from_seed(seed).kind for seed in range(300)}) == len(WEIGHTS)


def test_mid_forearm_has_the_forearms_colour():
    hits: list[bool] = []
    for seed in SEEDS[:12]:
        clip = render_frames(seed, seed, [0, 9, 20, 31], size=128)
        for side in ("left", "right"):
            colours = forearm_colours(character_from_seed(seed), side)
            elbow, wrist = keypoint(clip.poses, f"{side}_elbow"), keypoint(clip.poses, f"{side}_wrist")
            for frame, (x, y) in enumerate(np.round((elbow + wrist) / 2).astype(int)):
                # An arm that points at the viewer has no visible middle.
                if np.linalg.norm(wrist[frame] - elbow[frame]) > 8 and 0 <= x < 128 and 0 <= y < 128:
                    pixel = clip.frames[frame, :, y, x].numpy() / 255.0
                    hits.append(any(np.abs(pixel - colour).max() < 0.12 for colour in colours))
    assert len(hits) > 48
    # What is missing lies behind a trunk, a head or the other arm.
    assert np.mean(hits) > 0.85


def test_left_is_the_persons_own():
    for seed in motions_seen_from("front")[:20]:
        poses = exact_poses(seed, seed, [0], Size(64, 64))
        assert keypoint(poses, "left_shoulder")[0, 0] > keypoint(poses, "right_shoulder")[0, 0]
        assert keypoint(poses, "left_eye")[0, 0] > keypoint(poses, "right_eye")[0, 0]


def test_face_points_lie_around_the_eyes_and_the_mouth():
    face = exact_poses(0, 0, [0], Size(256, 256))
    points = face.keypoints[0, 24:92]
    right_eye, left_eye = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    assert np.allclose(right_eye, keypoint(face, "right_eye")[0], atol=2.0)
    assert np.allclose(left_eye, keypoint(face, "left_eye")[0], atol=2.0)
    mouth, chin, nose = points[48:68].mean(axis=0), points[8], points[30]
    assert nose[1] < mouth[1] < chin[1]
    assert points[0, 0] < right_eye[0] < left_eye[0] < points[16, 0]


def test_background_is_still():
    clip = render_clip(character=4, motion=9, num_frames=12, size=96)
    corners = clip.frames[:, :, :4, :]
    assert torch.equal(corners, corners[:1].expand_as(corners))
    assert (clip.frames != clip.frames[:1]).any()


def test_whole_bodies_stay_in_the_picture():
    for seed in SEEDS:
        if character_from_seed(seed).framing.half_body:
            continue
        poses = exact_poses(seed, seed, list(range(0, 70, 7)), Size(96, 160))
        body = poses.keypoints[:, : len(BODY_NAMES)]
        assert body.min() >= -0.5
        assert (body <= np.array([95.5, 159.5])).all()


def test_a_motion_has_the_same_angles_on_every_character():
    times = np.linspace(0.0, 3.0, 7)
    angles = motion_from_seed(11).angles(times)
    directions = []
    for seed in (0, 3):
        joints = pose_skeleton(character_from_seed(seed).proportions, angles).joints
        upper_arm = joints["left_elbow"] - joints["left_shoulder"]
        directions.append(upper_arm / np.linalg.norm(upper_arm, axis=-1, keepdims=True))
    assert np.allclose(*directions)


@pytest.mark.parametrize("seed", range(30))
def test_angles_stay_anatomical_and_repeat(seed: int):
    motion = motion_from_seed(seed)
    angles = motion.angles(np.linspace(0.0, motion.period, 40))
    assert set(angles) == set(LIMITS)
    for name, values in angles.items():
        if name != "head_turn":  # which also makes up for the turn of the trunk
            assert LIMITS[name][0] <= values.min() and values.max() <= LIMITS[name][1]
        difference = values[0] - values[-1]
        assert np.isclose((difference + 180.0) % 360.0, 180.0, atol=1e-6) if name == "yaw" else abs(difference) < 1e-6


def test_feet_reach_the_floor_and_never_sink():
    angles = motion_from_seed(4).angles(np.linspace(0.0, 5.0, 50))
    joints = pose_skeleton(character_from_seed(4).proportions, angles).joints
    lowest = np.max([joints[f"{side}_{end}"][:, 1] for side in ("left", "right") for end in ("heel", "toe")], axis=0)
    assert np.allclose(lowest, -angles["lift"])


def test_poses_scale_with_the_picture():
    small = exact_poses(6, 6, [3], Size(128, 128))
    large = exact_poses(6, 6, [3], Size(512, 512))
    assert np.allclose((small.keypoints + 0.5) * 4, large.keypoints + 0.5, atol=0.01)


@pytest.mark.parametrize("size", [Size(64, 96), Size(200, 72), Size(512, 512)])
def test_sizes(size: Size):
    clip = render_frames(7, 7, [0, 5], size=size)
    assert clip.frames.shape == (2, 3, size.height, size.width)
    assert clip.frames.dtype == torch.uint8
    assert clip.poses.keypoints.shape == (2, NUM_KEYPOINTS, 2)
    assert (clip.poses.width, clip.poses.height) == (size.width, size.height)


def test_scores_tell_what_is_in_the_picture():
    close = next(seed for seed in range(50) if character_from_seed(seed).framing.half_body)
    motion = next(seed for seed in range(50) if motion_from_seed(seed).kind == "wave")
    poses = exact_poses(close, motion, [0], Size(128, 128))
    inside = ((poses.keypoints >= -0.5) & (poses.keypoints <= 127.5)).all(axis=-1)
    assert not poses.scores[~inside].any()
    assert poses.scores[0, BODY_NAMES.index("left_ankle")] == 0.0
    assert poses.scores[0, BODY_NAMES.index("neck")] == 1.0


def test_camera_drifts_slowly():
    character, motion = character_from_seed(2), motion_from_seed(2)
    camera = frame_motion(character, motion, width=128, height=128).camera(np.arange(24) / 12.0)
    assert np.abs(np.diff(camera.centre, axis=0)).max() < 1.5


def test_splits_are_disjoint():
    ranges = list(SPLITS.values())
    assert sum(len(r) for r in ranges) == len(set().union(*ranges))
    assert set(SPLITS) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"character": -1}, "character seed must not be negative"),
        ({"motion": -3}, "motion seed must not be negative"),
        ({"num_frames": 0}, "num_frames=0"),
        ({"size": 8}, "8x8"),
        ({"fps": 0.0}, "rate must be positive"),
    ],
)
def test_wrong_arguments(arguments: dict[str, float], message: str):
    with pytest.raises(ValueError, match=message):
        render_clip(**({"character": 0, "motion": 0, "num_frames": 1, "size": 64} | arguments))  # type: ignore[arg-type]


def test_wrong_frame_indices():
    for indices in ([], [3, -1]):
        with pytest.raises(ValueError, match="Frame indices"):
            render_frames(0, 0, indices, size=64)
