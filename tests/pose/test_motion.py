from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animate_anyone.data.procedural import render_clip
from animate_anyone.errors import MissingExtraError, PoseError
from animate_anyone.media.size import Size
from animate_anyone.pose.draw import STYLES
from animate_anyone.pose.file import save_poses
from animate_anyone.pose.found import detect_file, is_still
from animate_anyone.pose.motion import MotionOptions, UseOfPoses, find_motion
from animate_anyone.pose.reference import load_reference_pose
from animate_anyone.pose.skeleton import Pose, PoseSequence
from animate_anyone.pose.skeleton_video import write_skeleton_video

SIZE = 48


@pytest.fixture(scope="module")
def poses() -> PoseSequence:
    return render_clip(character=3, motion=5, num_frames=6, size=SIZE).poses


@pytest.fixture
def picture() -> Image.Image:
    return Image.new("RGB", (SIZE, SIZE), "grey")


class KnownPeople:
    """A detector that finds the same people in every picture."""

    provider = "known people"
    weights = ()

    def __init__(self, people: list[Pose]):
        self.people = people

    def detect(self, image: np.ndarray) -> list[Pose]:
        return self.people

    def close(self) -> None:
        pass


DEFAULTS, NO_USE = MotionOptions(), UseOfPoses()


def find(path: Path, picture: Image.Image, options: MotionOptions = DEFAULTS, use: UseOfPoses = NO_USE):
    notes: list[str] = []
    motion = find_motion(path, picture, options=options, use=use, on_frame=lambda done, total: None, note=notes.append)
    return motion, notes


def use_detector(monkeypatch: pytest.MonkeyPatch, people: list[Pose]) -> None:
    monkeypatch.setattr("animate_anyone.pose.motion.make_detector", lambda *_, **__: KnownPeople(people))


def test_the_reference_pose_is_detected_for_a_pose_file(poses, picture, tmp_path, monkeypatch):
    save_poses(poses, tmp_path / "walk.json")
    use_detector(monkeypatch, [poses[0]])
    motion, notes = find(tmp_path / "walk.json", picture, MotionOptions(max_frames=4))
    assert (motion.kind, motion.provider, motion.reference_pose_from) == ("pose file", "known people", "detected")
    assert len(motion.driving) == 4
    np.testing.assert_array_equal(motion.reference_pose.keypoints, poses[0].keypoints)
    assert (motion.size, motion.fps, notes) == (Size(SIZE, SIZE), poses.fps, [])


def test_a_reference_without_anybody_is_said(poses, picture, tmp_path, monkeypatch):
    save_poses(poses, tmp_path / "walk.json")
    use_detector(monkeypatch, [])
    motion, notes = find(tmp_path / "walk.json", picture)
    assert (motion.reference_pose, motion.reference_pose_from) == (None, None)
    (note,) = notes
    assert note.startswith("The motion is shown as it is, not fitted to the character: nobody was found")


def test_a_detector_asked_for_by_name_must_be_there(poses, picture, tmp_path, monkeypatch):
    save_poses(poses, tmp_path / "walk.json")

    def missing(*_: object, **__: object) -> None:
        raise MissingExtraError("mediapipe", extra="pose", purpose="Finding poses")

    monkeypatch.setattr("animate_anyone.pose.motion.make_detector", missing)
    with pytest.raises(MissingExtraError):
        find(tmp_path / "walk.json", picture, MotionOptions(detector="mediapipe"))
    _, notes = find(tmp_path / "walk.json", picture)
    assert "not fitted to the character" in notes[0]
    _, notes = find(tmp_path / "walk.json", picture, MotionOptions(align=False))
    assert notes == []


def test_a_skeleton_video_needs_no_detector_and_keeps_a_given_reference_pose(poses, picture, tmp_path):
    large = replace(poses, keypoints=10 * poses.keypoints, width=10 * SIZE, height=10 * SIZE)
    write_skeleton_video(large, tmp_path / "skeletons.mp4", style=STYLES["dwpose"])
    save_poses(poses.frames([0]), tmp_path / "hero.json")
    motion, notes = find(tmp_path / "skeletons.mp4", picture, MotionOptions(reference_pose=tmp_path / "hero.json"))
    assert (motion.kind, motion.provider, motion.is_video, notes) == ("skeleton video", None, True, [])
    assert motion.reference_pose is not None and motion.reference_pose_from == "file"


@pytest.mark.parametrize("motion", ["walk.json", "skeletons.mp4"])
@pytest.mark.parametrize("align", [True, False])
def test_the_pose_is_looked_for_where_the_model_sees_it(poses, picture, motion, align, tmp_path, monkeypatch):
    large = replace(poses, keypoints=10 * poses.keypoints, width=10 * SIZE, height=10 * SIZE)
    write_skeleton_video(large, tmp_path / "skeletons.mp4", style=STYLES["dwpose"])
    save_poses(poses, tmp_path / "walk.json")
    options = MotionOptions(align=align)
    use_detector(monkeypatch, [poses[0]])
    found, _ = find(tmp_path / motion, picture, options, UseOfPoses(sees_reference_pose=True))
    assert found.reference_pose_from == "detected"
    # A model that sees nothing of it, and is shown the motion as it is, has no use for it.
    unused = motion == "skeletons.mp4" or not align
    assert find(tmp_path / motion, picture, options)[0].reference_pose_from == (None if unused else "detected")
    use_detector(monkeypatch, [])
    (note,) = find(tmp_path / motion, picture, options, UseOfPoses(sees_reference_pose=True))[1]
    assert ("nothing known of its pose" in note) == unused


def test_a_reference_pose_is_scaled_to_the_picture(poses, tmp_path):
    save_poses(poses.frames([0]), tmp_path / "hero.json")
    pose = load_reference_pose(tmp_path / "hero.json", size=Size(3 * SIZE, 3 * SIZE))
    visible = pose.visible
    expected = 3 * (poses[0].keypoints[visible] + 0.5) - 0.5
    np.testing.assert_allclose(pose.keypoints[visible], expected, atol=0.05)


def test_a_reference_pose_must_belong_to_the_picture(poses, tmp_path):
    save_poses(poses.frames([0]), tmp_path / "hero.json")
    with pytest.raises(PoseError, match="in its proportions"):
        load_reference_pose(tmp_path / "hero.json", size=Size(SIZE, 2 * SIZE))
    save_poses(poses, tmp_path / "walk.json")
    with pytest.raises(PoseError, match="has 6 frames"):
        load_reference_pose(tmp_path / "walk.json", size=Size(SIZE, SIZE))


def test_poses_of_a_picture_are_one_frame(poses, picture, tmp_path):
    picture.save(tmp_path / "hero.jpg")
    assert is_still(tmp_path / "hero.jpg")
    found = detect_file(tmp_path / "hero.jpg", lambda *, video: KnownPeople([] if video else [poses[2]]))
    assert (len(found.poses), found.poses.width, found.provider) == (1, SIZE, "known people")
    with pytest.raises(PoseError, match="No person was found"):
        detect_file(tmp_path / "hero.jpg", lambda *, video: KnownPeople([]))


def test_poses_of_a_video_follow_its_frames(poses, tmp_path):
    large = replace(poses, keypoints=12 * poses.keypoints, width=12 * SIZE, height=12 * SIZE)
    write_skeleton_video(large, tmp_path / "clip.mp4", style=STYLES["dwpose"])
    seen: list[tuple[int, int]] = []
    found = detect_file(
        tmp_path / "clip.mp4",
        lambda *, video: KnownPeople([poses[0]] if video else []),
        max_frames=3,
        on_frame=lambda done, total: seen.append((done, total)),
    )
    assert (len(found.poses), found.poses.width, found.poses.fps) == (3, 12 * SIZE, poses.fps)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_rate_that_no_video_has_is_refused(poses, tmp_path):
    with pytest.raises(PoseError, match="500 frames a second"):
        write_skeleton_video(replace(poses, fps=500.0), tmp_path / "fast.mp4", style=STYLES["compact"])
