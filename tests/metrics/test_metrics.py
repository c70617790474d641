"""Measures in closed form: what is equal is perfect, and what is worse measures worse."""

import importlib.util
import sys

import numpy as np
import pytest

from animate_anyone.data.procedural import render_frames
from animate_anyone.errors import MissingExtraError
from animate_anyone.metrics.background import background_error, still_pixels
from animate_anyone.metrics.flicker import background_flicker, limb_flicker
from animate_anyone.metrics.frames import Frames, l1, psnr, ssim
from animate_anyone.metrics.intervals import estimate
from animate_anyone.metrics.limbs import LIMBS, PARTS, colour_error, part_points
from animate_anyone.metrics.pattern import body_correlation, chest_correlation, correlation
from animate_anyone.pose.skeleton import BODY_NAMES, NUM_KEYPOINTS, PoseSequence

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")

SIDE = 64


@pytest.fixture(scope="module")
def clip() -> tuple[Frames, Frames, PoseSequence]:
    """True frames, reference and poses of a drawn character."""
    drawn = render_frames(7, 7, [*range(8), 20], size=96)
    pictures = drawn.frames.permute(0, 2, 3, 1).numpy()
    return pictures[:-1], pictures[-1], drawn.poses.frames(slice(8))


@pytest.fixture
def noise() -> Frames:
    return np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)


def grey(level: int, *, frames: int = 2) -> Frames:
    return np.full((frames, SIDE, SIDE, 3), level, dtype=np.uint8)


def standing(frames: int = 2) -> PoseSequence:
    """A body in the middle of the picture with the right forearm stretched out: row 20, columns 10 to 20."""
    keypoints = np.zeros((frames, NUM_KEYPOINTS, 2), dtype=np.float32)
    scores = np.zeros((frames, NUM_KEYPOINTS), dtype=np.float32)
    joints = {
        "neck": (32, 20), "right_shoulder": (26, 20), "left_shoulder": (38, 20),
        "right_hip": (26, 40), "left_hip": (38, 40), "right_elbow": (20, 20), "right_wrist": (10, 20),
    }  # fmt: skip
    for name, point in joints.items():
        keypoints[:, BODY_NAMES.index(name)] = point
        scores[:, BODY_NAMES.index(name)] = 1
    return PoseSequence(keypoints=keypoints, scores=scores, width=SIDE, height=SIDE, fps=12.0)


def test_a_constant_difference_in_closed_form():
    assert l1(grey(110), grey(100)) == pytest.approx([10, 10])
    assert psnr(grey(110), grey(100)) == pytest.approx(20 * np.log10(255 / 10))
    # Without variance only the first factor of SSIM is left.
    c1 = (0.01 * 255) ** 2
    expected = (2 * 110 * 100 + c1) / (110**2 + 100**2 + c1)
    assert ssim(grey(110), grey(100)) == pytest.approx(expected)


def test_equal_frames_are_perfect(noise: Frames):
    assert np.all(np.isinf(psnr(noise, noise)))
    assert ssim(noise, noise) == pytest.approx([1, 1, 1])
    assert l1(noise, noise) == pytest.approx([0, 0, 0])


def test_ssim_of_one_window_by_its_formula(noise: Frames):
    """Pictures of 7 x 7 hold a single window: Wang et al.'s equation 13 on sample statistics, channel by channel."""
    truth, result = noise[:1, :7, :7], noise[1:2, :7, :7] // 2 + noise[:1, :7, :7] // 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    channels: list[float] = []
    for channel in range(3):
        x, y = (frames[0, ..., channel].ravel().astype(float) for frames in (result, truth))
        covariance = np.cov(x, y)
        channels.append(
            (2 * x.mean() * y.mean() + c1) * (2 * covariance[0, 1] + c2)
            / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2))
        )  # fmt: skip
    assert ssim(result, truth) == pytest.approx([np.mean(channels)])


def test_shifted_frames_lose_their_pattern(clip: tuple[Frames, Frames, PoseSequence]):
    truth, _, poses = clip
    near, far = (body_correlation(np.roll(truth, by, axis=2), truth, poses) for by in (1, 12))
    assert 1 > near > far


def test_the_colour_of_a_limb():
    truth, result = grey(100), grey(100)
    result[:, 20, 10:21] = (130, 100, 100)
    poses = standing()
    assert colour_error(result, truth, poses, "forearms") == pytest.approx(10)
    assert colour_error(result, truth, poses, "trunk") == 0
    result[1] = truth[1]
    assert colour_error(result, truth, poses, "forearms") == pytest.approx(5)


def test_what_is_not_seen_does_not_count():
    poses = standing()
    assert np.isnan(colour_error(grey(0), grey(9), poses, "shins"))
    poses.scores[0, BODY_NAMES.index("right_wrist")] = 0
    line = part_points(poses, "forearms")[0]
    assert np.isnan(line[0]).all() and not np.isnan(line[1]).any()
    result = grey(100)
    result[0] = 0
    assert colour_error(result, grey(100), poses, "forearms") == 0


def test_points_beyond_the_edge_do_not_count():
    poses = standing()
    poses.keypoints[:, BODY_NAMES.index("right_wrist")] = (-20, 20)
    line = part_points(poses, "forearms")[0]
    assert np.isnan(line[0]).any(axis=-1).tolist() == [False, False, False, True, True]


def test_hair_is_above_the_face(clip: tuple[Frames, Frames, PoseSequence]):
    _, _, poses = clip
    nose = poses.keypoints[:, 0, 1]
    assert np.all(part_points(poses, "hair")[0][..., 1] < nose[:, None])
    with pytest.raises(ValueError, match="no part 'tail'"):
        part_points(poses, "tail")
    assert set(PARTS) == {*LIMBS, "trunk", "hair"}


def test_still_pixels_are_still_in_truth_and_reference():
    truth, reference = grey(100, frames=3), grey(100)[0].copy()
    truth[1, 5, 5, 0] = 103
    truth[1, 6, 6, 0] = 102
    reference[7, 7, 2] = 97
    still = still_pixels(truth, reference)
    assert (~still).nonzero()[0].tolist() == [5, 7]
    result = truth.copy()
    result[:, 5, 5] = result[:, 7, 7] = 0
    assert background_error(result, truth, reference) == 0
    result[0, :, :, 0] += 6
    assert background_error(result, truth, reference) == pytest.approx(6 / 3 / 3)
    with pytest.raises(ValueError, match=r"\(64, 64, 3\); got \(32, 64, 3\)"):
        still_pixels(truth, reference[:32])


def test_flicker_is_the_change_between_frames():
    truth = grey(100, frames=3)
    result = truth.copy()
    result[1] = 104
    assert background_flicker(result, truth, truth[0]) == pytest.approx(4)
    assert background_flicker(result + 50, truth, truth[0]) == pytest.approx(4)
    assert limb_flicker(result, standing(3)) == pytest.approx(4)
    assert limb_flicker(truth, standing(3)) == 0
    assert np.isnan(background_flicker(result[:1], truth[:1], truth[0]))


def test_limbs_are_followed():
    """A bright forearm on black that moves down by a row a frame: no flicker along it, though pixels change."""
    frames, poses = grey(0, frames=4), standing(4)
    for index in range(4):
        frames[index, 20 + index] = 200
        poses.keypoints[index, :, 1] += index
    assert limb_flicker(frames, poses) == 0
    still = np.broadcast_to(frames[:1], frames.shape)
    assert limb_flicker(still, poses) == pytest.approx(200 / 3)


def test_correlation_in_closed_form():
    ramp = np.broadcast_to(np.arange(0, 200, 10, dtype=np.uint8)[:, None, None], (20, 10, 3))
    assert correlation(ramp, ramp) == pytest.approx(1)
    assert correlation(ramp // 2 + 30, ramp) == pytest.approx(1)
    assert correlation(ramp[::-1], ramp) == pytest.approx(-1)
    assert correlation(np.full_like(ramp, 7), ramp) == 0
    assert np.isnan(correlation(ramp, np.full_like(ramp, 7)))


def test_the_chest_is_between_shoulders_and_hips():
    truth = grey(100)
    truth[:, 24:30, 28:34] = 200
    result = truth.copy()
    result[:, 50:, :] = 0
    result[:, :, :10] = 0
    assert chest_correlation(result, truth, standing()) == pytest.approx(1)
    assert np.isnan(chest_correlation(result, grey(100), standing()))


def test_intervals_hold_the_mean():
    generator = np.random.default_rng(0)
    sure = estimate([3.0] * 5, generator)
    assert (sure.mean, sure.low, sure.high, sure.clips) == (3, 3, 3, 5)
    values = generator.normal(10, 2, 100).tolist()
    found = estimate([*values, float("nan")], generator)
    assert found.clips == 100
    assert found.mean == pytest.approx(np.mean(values))
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 10, rel=0.25)
    assert np.isnan(estimate([float("nan")], generator).mean)


@pytest.mark.parametrize("measure", [l1, psnr, ssim])
def test_shapes_that_differ_are_refused(measure):
    with pytest.raises(ValueError, match=r"\(2, 64, 64, 3\); got \(2, 32, 64, 3\)"):
        measure(grey(0)[:, :32], grey(0))
    with pytest.raises(ValueError, match="uint8"):
        measure(grey(0).astype(np.float32), grey(0))


def test_poses_of_another_video_are_refused():
    with pytest.raises(ValueError, match=r"got \(2, 64, 64\) and poses \(3, 64, 64\)"):
        colour_error(grey(0), grey(0), standing(3), "trunk")
    with pytest.raises(ValueError, match="at least 7 pixels"):
        ssim(grey(0)[:, :6], grey(0)[:, :6])


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    assert importlib.util.find_spec("skimage")
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(MissingExtraError, match=r"animate-anyone\[evaluate\]"):
        ssim(grey(0), grey(0))
