"""The hand-made drawings: painted where their poses say, and animated as any picture with a pose."""

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import animate_drawings
from animate_anyone.animation import AnimateOptions
from animate_anyone.pose.file import load_poses, save_poses
from animate_anyone.pose.reference import load_reference_pose
from animate_anyone.pose.skeleton import BODY_NAMES, PoseSequence
from drawings import DRAWINGS, Drawing
from drawings.drawing import arm, leg

NAMES = [drawing.name for drawing in DRAWINGS]
ONE_OF_EACH_SHAPE = [DRAWINGS[NAMES.index("tin robot")], DRAWINGS[NAMES.index("superhero")]]

each_drawing = pytest.mark.parametrize("drawing", DRAWINGS, ids=NAMES)


def limbs(drawing: Drawing) -> list[list[tuple[float, float]]]:
    legs = [leg(drawing.joints, side) for side in ("right", "left") if f"{side}_ankle" in drawing.joints]
    return [arm(drawing.joints, side) for side in ("right", "left")] + legs


def test_there_are_a_dozen_styles_and_framings():
    assert len(set(NAMES)) == len(NAMES) >= 12
    assert {len(limbs(drawing)) for drawing in DRAWINGS} == {2, 4}, "full and half bodies"
    assert {drawing.size.width / drawing.size.height for drawing in DRAWINGS} == {0.75, 1.0}


@each_drawing
def test_the_pose_lies_within_the_picture(drawing):
    pose = drawing.pose()
    seen = pose.keypoints[pose.visible]
    assert (seen >= 0).all() and (seen < (drawing.size.width, drawing.size.height)).all()
    assert set(BODY_NAMES[:8]) <= set(drawing.joints), "head, shoulders and arms"
    at = drawing.joints
    # Everybody faces the viewer: their right is on our left.
    assert all(at[f"right_{joint}"][0] < at[f"left_{joint}"][0] for joint in ("shoulder", "hip", "eye", "ear"))
    # Who is drawn evenly has arms and legs that are alike, whatever they do.
    for one, other in zip(limbs(drawing)[::2], limbs(drawing)[1::2], strict=True):
        ratio = [np.linalg.norm(np.diff(points, axis=0), axis=1).sum() for points in (one, other)]
        assert 0.8 < ratio[0] / ratio[1] < 1.25


@each_drawing
def test_limbs_are_drawn_where_the_pose_has_them(drawing):
    picture = drawing.picture()
    assert (picture.mode, picture.size) == ("RGB", (drawing.size.width, drawing.size.height))
    without = drawing.paint({name: (x + drawing.size.width, y) for name, (x, y) in drawing.joints.items()})
    change = np.abs(np.asarray(picture).astype(int) - np.asarray(without)).max(axis=2)
    for points in limbs(drawing):
        for start, end in pairwise(points[1:]):
            for share in (0.25, 0.5, 0.75, 1.0):
                x, y = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
                assert change[y - 2 : y + 3, x - 2 : x + 3].mean() > 12, f"nothing is drawn at ({x}, {y})"


def test_a_drawing_is_the_same_every_time():
    assert DRAWINGS[0].picture().tobytes() == DRAWINGS[0].picture().tobytes()


def test_joints_that_do_not_exist_are_refused():
    wrong = Drawing(name="squid", size=DRAWINGS[0].size, joints={"tentacle": (1, 1)}, paint=DRAWINGS[0].paint)
    with pytest.raises(ValueError, match=r"'squid' names joints that do not exist: \['tentacle'\]"):
        wrong.pose()


def test_poses_pass_through_a_pose_file(tmp_path):
    for index, drawing in enumerate(DRAWINGS):
        pose, path = drawing.pose(), tmp_path / f"{index}.json"
        width, height = drawing.size.width, drawing.size.height
        sequence = PoseSequence(
            keypoints=pose.keypoints[None], scores=pose.scores[None], width=width, height=height, fps=1
        )
        save_poses(sequence, path)
        assert len(load_poses(path)) == 1
        np.testing.assert_array_equal(load_reference_pose(path, size=drawing.size).keypoints, pose.keypoints)


@pytest.mark.parametrize("drawing", ONE_OF_EACH_SHAPE, ids=["square", "upright"])
def test_the_pipeline_animates_them(tiny_pipeline, drawing):
    driving = animate_drawings.dance(3)
    poses, frames = animate_drawings.animated(tiny_pipeline, drawing, driving, AnimateOptions())
    assert len(poses) == len(frames) == 3
    height, width = frames[0].shape[:2]
    assert width / height == pytest.approx(drawing.size.width / drawing.size.height, rel=0.1)
    assert not np.array_equal(poses[0], poses[-1])
    sheet = animate_drawings.row(drawing, poses, frames)
    # Reference, and pose and result at times that are all different: three here.
    assert sheet.shape[1] == animate_drawings.CELL.width * (1 + 2 * 3)
    Image.fromarray(animate_drawings.mosaic([drawing.name], frames[:1]))
