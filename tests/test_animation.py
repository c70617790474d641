"""The engine on real classes: driving motions of every kind become frames of the right number, rate and shape."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from animate_anyone import AnimateAnyonePipeline, DenoisingUNet, PoseGuider, ReferenceNet
from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.data.procedural import render_clip
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.driving import SkeletonVideo, open_driving
from animate_anyone.pose.file import save_poses
from levels import levels_apart
from tiny import TINY_TEMPORAL, TINY_UNET, randomised


@pytest.fixture(scope="module")
def clip():
    return render_clip(character=3, motion=5, num_frames=5, size=64, fps=10.0)


def reference(clip) -> Image.Image:
    return Image.fromarray(clip.frames[0].permute(1, 2, 0).numpy())


def no_detector():
    raise AssertionError("no person has to be found here")


def test_the_video_follows_a_pose_file(tiny_pipeline, clip, tmp_path):
    save_poses(clip.poses, tmp_path / "motion.json.gz")
    driving = open_driving(tmp_path / "motion.json.gz", no_detector)
    animation = animate(tiny_pipeline, reference(clip), driving)
    frames = [(frame, animation.pose_frame(index)) for index, frame in enumerate(animation.frames)]
    assert len(frames) == len(animation.pose_images) == 5
    assert animation.pose_images.fps == 10.0
    for frame, pose in frames:
        assert frame.shape == pose.shape == (32, 32, 3)
        assert pose.max() > 0


def test_a_skeleton_video_is_recognised_and_followed(tiny_pipeline, clip, tmp_path):
    path = tmp_path / "skeletons.mp4"
    large = replace(clip.poses, keypoints=clip.poses.keypoints * 8, width=512, height=512)
    skeletons = (draw_pose(large[i], size=Size(512, 512), style=STYLES["dwpose"]) for i in range(5))
    write_video(skeletons, path, fps=10)
    driving = open_driving(path, no_detector, max_frames=3)
    assert isinstance(driving, SkeletonVideo)
    animation = animate(tiny_pipeline, reference(clip), driving)
    assert len(list(animation.frames)) == 3


@pytest.fixture
def body_map_pipeline(tiny_pipeline) -> AnimateAnyonePipeline:
    heads = {"num_attention_heads": 2, "rotary_positions": True, "body_heads": 1}
    parts = tiny_pipeline.components | {
        "reference_net": randomised(ReferenceNet(**TINY_UNET | heads), 1),
        "denoising_unet": randomised(DenoisingUNet(**TINY_UNET | heads, **TINY_TEMPORAL), 2),
        "pose_guider": randomised(PoseGuider(16, (4, 8, 8), body_map=True), 3),
    }
    options = {"pose_style": "body-map", "reference_pose": True, "num_inference_steps": 2, "area": 32 * 32}
    pipeline = AnimateAnyonePipeline(**parts, **options)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_a_body_map_is_drawn_for_the_reference_too(body_map_pipeline, clip, tmp_path):
    body_map_pipeline.save_pretrained(tmp_path)
    loaded = AnimateAnyonePipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    known, again, unknown = (
        np.stack(list(animate(pipeline, reference(clip), clip.poses.frames([1, 2]), reference_pose=pose).frames))
        for pipeline, pose in ((body_map_pipeline, clip.poses[0]), (loaded, clip.poses[0]), (loaded, None))
    )
    # Weights that are read from a file lie elsewhere in memory, where sums may be rounded in another order.
    assert levels_apart(known / 255, again / 255) <= 1
    assert levels_apart(known / 255, unknown / 255) > 10


def test_a_skeleton_video_has_its_keypoints_read_for_body_maps(body_map_pipeline, tmp_path):
    clip = render_clip(character=12, motion=7, num_frames=5, size=64, fps=10.0)
    path = tmp_path / "skeletons.mp4"
    large = replace(clip.poses, keypoints=clip.poses.keypoints * 8, width=512, height=512)
    write_video((draw_pose(large[i], size=Size(512, 512), style=STYLES["dwpose"]) for i in range(5)), path, fps=10)
    driving = open_driving(path, no_detector, max_frames=3)
    read, known = (animate(body_map_pipeline, reference(clip), motion) for motion in (driving, clip.poses))
    maps, expected = ([animation.pose_frame(i)[..., :2].astype(int) for i in range(3)] for animation in (read, known))
    both = [(a > 0) & (b > 0) for a, b in zip(maps, expected, strict=True)]
    # Hands and feet are not read.
    assert all(mask.mean() > 0.7 * (b > 0).mean() for mask, b in zip(both, expected, strict=True))
    assert np.median(np.abs(np.subtract(maps, expected))[np.stack(both)]) <= 5
    assert len(list(read.frames)) == 3


def test_a_pose_style_that_the_pose_guider_does_not_read_is_refused(body_map_pipeline):
    with pytest.raises(ValueError, match=r"body_map = True.*'dwpose'"):
        AnimateAnyonePipeline(**body_map_pipeline.components, pose_style="dwpose")


@pytest.mark.parametrize(("size", "output"), [((60, 120), (22, 46)), ((200, 100), (46, 22))])
def test_the_video_has_the_aspect_ratio_of_the_reference(tiny_pipeline, clip, size, output):
    animation = animate(tiny_pipeline, reference(clip).resize(size), clip.poses.frames([0]))
    (frame,) = animation.frames
    assert (frame.shape[1], frame.shape[0]) == output


@pytest.mark.parametrize(
    "options", [{"area": 0}, {"num_inference_steps": 0}, {"num_inference_steps": 0, "preset": "stream"}]
)
def test_nothing_is_not_the_default(tiny_pipeline, clip, options):
    with pytest.raises(ValueError, match=r"at least one pixel|from 1 to 8|between 1 and 1000"):
        list(animate(tiny_pipeline, reference(clip), clip.poses, options=AnimateOptions(**options)).frames)


def test_with_the_pose_of_the_reference_the_skeleton_takes_its_place(tiny_pipeline, clip):
    smaller = replace(clip.poses, keypoints=clip.poses.keypoints * 0.5)
    aligned = animate(tiny_pipeline, reference(clip), smaller, reference_pose=clip.poses[0])
    plain = animate(tiny_pipeline, reference(clip), smaller)
    true = animate(tiny_pipeline, reference(clip), clip.poses)
    assert aligned.alignment is not None and aligned.alignment.scale == pytest.approx(2.0, rel=0.05)
    assert plain.alignment is None
    boxes = [np.argwhere(a.pose_frame(0).any(axis=2)) for a in (aligned, plain, true)]
    corners = [np.concatenate([box.min(axis=0), box.max(axis=0)]) for box in boxes]
    assert np.abs(corners[0] - corners[2]).max() <= 2
    assert np.abs(corners[1] - corners[2]).max() > 4


def test_a_checkpoint_that_takes_the_pose_of_the_reference_gets_it_aligned_or_not(tiny_pipeline, clip):
    def frames(*, pose, takes_it, align=False):
        tiny_pipeline.register_to_config(reference_pose=takes_it)
        poses = clip.poses.frames([2])
        return next(animate(tiny_pipeline, reference(clip), poses, reference_pose=pose, align=align).frames)

    plain = frames(pose=None, takes_it=True)
    assert np.array_equal(plain, frames(pose=clip.poses[0], takes_it=False))
    told = frames(pose=clip.poses[0], takes_it=True)
    assert not np.array_equal(plain, told)
    assert not np.array_equal(told, frames(pose=clip.poses[4], takes_it=True))


def test_the_seed_decides(tiny_pipeline, clip):
    poses = clip.poses.frames(slice(2))
    videos = [
        np.stack(list(animate(tiny_pipeline, reference(clip), poses, options=AnimateOptions(seed=seed)).frames))
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(videos[0], videos[1])
    assert not np.array_equal(videos[0], videos[2])


@pytest.mark.parametrize("windows", ["overlapping", "closed-loop"])
def test_a_long_clip_is_cut_into_windows(tiny_pipeline, clip, windows):
    poses = clip.poses.frames([i % 5 for i in range(21)])
    animation = animate(tiny_pipeline, reference(clip), poses, options=AnimateOptions(windows=windows))
    assert len(list(animation.frames)) == 21
