import colorsys
import math
import time
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from animate_anyone.media.size import Size
from animate_anyone.pose.draw import HAND_EDGES, LIMBS, STYLES, draw_pose
from animate_anyone.pose.skeleton import BODY, FACE, LEFT_HAND, RIGHT_HAND, Pose

STANDING = np.array(
    [[.5, .15], [.5, .25], [.4, .25], [.35, .38], [.33, .5], [.6, .25], [.65, .38], [.68, .5], [.44, .5],
     [.43, .7], [.42, .9], [.56, .5], [.57, .7], [.58, .9], [.48, .13], [.52, .13], [.45, .14], [.55, .14]]
)  # fmt: skip

# The colours as DWPose has them, limb by limb.
COLOURS = (
    "ff0000 ff5500 ffaa00 ffff00 aaff00 55ff00 00ff00 00ff55 00ffaa "
    "00ffff 00aaff 0055ff 0000ff 5500ff aa00ff ff00ff ff00aa ff0055"
)
PALETTE = [tuple(bytes.fromhex(colour)) for colour in COLOURS.split()]


def random_pose(seed: int, size: Size) -> Pose:
    rng = np.random.default_rng(seed)
    keypoints = np.zeros((134, 2))
    keypoints[BODY] = STANDING
    keypoints[FACE] = STANDING[0] + rng.normal(size=(68, 2)) * 0.02
    for hand, wrist in ((LEFT_HAND, 7), (RIGHT_HAND, 4)):
        directions = rng.uniform(0, 2 * np.pi, 5).repeat(4)
        fingers = np.stack([np.cos(directions), np.sin(directions)], 1) * np.tile([1, 2, 3, 4], 5)[:, None]
        keypoints[hand] = STANDING[wrist] + 0.012 * np.concatenate([np.zeros((1, 2)), fingers])
    keypoints += rng.normal(size=keypoints.shape) * 0.01
    scores = rng.uniform(0.1, 1, 134)
    pixels = keypoints * [size.width, size.height]
    return Pose(keypoints=pixels.astype(np.float32), scores=scores.astype(np.float32))


def draw_with_opencv(pose: Pose, size: Size) -> npt.NDArray[np.uint8]:
    """DWPose's drawing in its own terms."""
    canvas = np.zeros((size.height, size.width, 3), dtype=np.uint8)
    points, seen = pose.keypoints.astype(float), pose.scores >= 0.3
    for (start, end), colour in zip(LIMBS, PALETTE, strict=False):
        if seen[start] and seen[end]:
            (x0, y0), (x1, y1) = points[start], points[end]
            angle = math.degrees(math.atan2(y0 - y1, x0 - x1))
            centre = (int((x0 + x1) / 2), int((y0 + y1) / 2))
            axes = (int(math.hypot(x0 - x1, y0 - y1) / 2), 4)
            cv2.fillConvexPoly(canvas, cv2.ellipse2Poly(centre, axes, int(angle), 0, 360, 1), colour)
    canvas = (canvas * 0.6).astype(np.uint8)
    pixels = np.where(seen[:, None], points, -1).astype(int)
    for joint, colour in enumerate(PALETTE):
        if seen[joint]:
            cv2.circle(canvas, pixels[joint].tolist(), 4, colour, -1)
    for hand in (LEFT_HAND, RIGHT_HAND):
        for i, (start, end) in enumerate(HAND_EDGES):
            ends = pixels[hand][[start, end]]
            if (ends > 0).all():
                colour = tuple(255 * c for c in colorsys.hsv_to_rgb(i / 20, 1, 1))
                cv2.line(canvas, ends[0].tolist(), ends[1].tolist(), colour, 2)
        for point in pixels[hand][(pixels[hand] > 0).all(1)]:
            cv2.circle(canvas, point.tolist(), 4, (0, 0, 255), -1)
    for point in pixels[FACE][(pixels[FACE] > 0).all(1)]:
        cv2.circle(canvas, point.tolist(), 3, (255, 255, 255), -1)
    return canvas


@pytest.mark.parametrize("size", [Size(512, 768), Size(768, 512), Size(512, 512)], ids=str)
def test_dwpose_style_is_dwposes_drawing(size: Size):
    for seed in range(6):
        pose = random_pose(seed, size)
        expected = draw_with_opencv(pose, size)
        differing = (draw_pose(pose, size=size, style=STYLES["dwpose"]) != expected).any(2).sum()
        assert differing <= 0.015 * expected.any(2).sum()


def test_the_face_is_exact():
    pose = random_pose(0, Size(512, 512))
    scores = np.zeros(134, dtype=np.float32)
    scores[FACE] = 1
    pose = Pose(keypoints=pose.keypoints, scores=scores)
    size = Size(512, 512)
    drawn = draw_pose(pose, size=size, style=STYLES["dwpose"])
    np.testing.assert_array_equal(drawn, draw_with_opencv(pose, size))


def test_limbs_are_dimmed_and_joints_are_not():
    keypoints = np.zeros((134, 2), dtype=np.float32)
    scores = np.zeros(134, dtype=np.float32)
    keypoints[[2, 3]], scores[[2, 3]] = [[100, 100], [200, 100]], 1
    pose = Pose(keypoints=keypoints, scores=scores)
    picture = draw_pose(pose, size=Size(512, 512), style=STYLES["dwpose"])
    assert picture[100, 150].tolist() == [153, 102, 0]
    assert picture[100, 100].tolist() == [255, 170, 0]
    assert picture[100, 200].tolist() == [255, 255, 0]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [Size(128, 128), Size(96, 144), Size(1, 1)], ids=str)
def test_any_size_comes_out_as_asked(style: str, size: Size):
    picture = draw_pose(random_pose(0, size), size=size, style=STYLES[style])
    assert picture.shape == (size.height, size.width, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("style", STYLES)
def test_nothing_seen_is_black_and_far_away_is_harmless(style: str):
    nobody = Pose(keypoints=np.ones((134, 2), np.float32), scores=np.zeros(134, np.float32))
    assert not draw_pose(nobody, size=Size(64, 64), style=STYLES[style]).any()
    unknown = Pose(keypoints=np.full((134, 2), np.nan, np.float32), scores=np.zeros(134, np.float32))
    assert not draw_pose(unknown, size=Size(64, 64), style=STYLES[style]).any()
    for far in (-900, 1e6):
        outside = Pose(keypoints=np.full((134, 2), far, np.float32), scores=np.ones(134, np.float32))
        assert not draw_pose(outside, size=Size(64, 64), style=STYLES[style]).any()
    across = np.where(np.arange(134) % 2 == 0, 1e6, -1e6).astype(np.float32)[:, None].repeat(2, 1)
    draw_pose(Pose(keypoints=across, scores=np.ones(134, np.float32)), size=Size(64, 64), style=STYLES[style])


def test_a_large_canvas_is_drawn_at_the_training_size_and_enlarged():
    size = Size(1024, 1024)
    pose = random_pose(1, size)
    width = (draw_pose(pose, size=size, style=STYLES["dwpose"])[..., 0] > 100).sum()
    half = Pose(keypoints=pose.keypoints / 2, scores=pose.scores)
    native = (draw_pose(half, size=Size(512, 512), style=STYLES["dwpose"])[..., 0] > 100).sum()
    assert width == pytest.approx(4 * native, rel=0.1)


@pytest.mark.parametrize("size", [Size(128, 128), Size(96, 128)])
@pytest.mark.parametrize("moved", [0, 50])
def test_a_small_canvas_has_the_pixels_of_the_whole_drawing_shrunk(size: Size, moved: int):
    render = Size(512, 512) if size.width == size.height else Size(512, 704)
    scale = np.array([render.width / size.width, render.height / size.height], dtype=np.float32)
    small = random_pose(3, size)
    small = replace(small, keypoints=small.keypoints + np.float32(moved))
    large = draw_pose(replace(small, keypoints=small.keypoints * scale), size=render, style=STYLES["dwpose"])
    expected = Image.fromarray(large).resize((size.width, size.height), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(draw_pose(small, size=size, style=STYLES["dwpose"]), expected)


def test_compact_is_fast_enough_to_draw_while_training():
    poses = [random_pose(seed, Size(128, 128)) for seed in range(20)]
    start = time.process_time()
    for pose in poses:
        draw_pose(pose, size=Size(128, 128), style=STYLES["compact"])
    assert (time.process_time() - start) / len(poses) < 0.01
