import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animate_anyone.errors import MissingExtraError
from animate_anyone.pose import detect, mediapipe_detector
from animate_anyone.pose.detect import make_detector
from animate_anyone.pose.mediapipe_detector import MediaPipeDetector
from animate_anyone.pose.skeleton import FACE, LEFT_HAND, RIGHT_HAND

PICTURES = Path(__file__).parents[2].parent / "shared" / "examples" / "moore" / "ref_images"


@pytest.fixture
def detector():
    pytest.importorskip("mediapipe", reason="mediapipe is not installed (extra pose)")
    detector = make_detector("mediapipe")
    yield detector
    detector.close()


def test_missing_packages_say_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mediapipe_detector.sys, "version_info", (3, 12, 0, "final", 0))
    for name in ("mediapipe", "mediapipe.python.solutions.holistic", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(detect, "find_spec", lambda name: None)
    for name in ("auto", "mediapipe"):
        with pytest.raises(MissingExtraError, match=r"animate-anyone\[pose\]"):
            make_detector(name)
    with pytest.raises(MissingExtraError, match=r"animate-anyone\[pose-onnx\]"):
        make_detector("dwpose")


def test_on_python_3_13_the_other_ways_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mediapipe_detector.sys, "version_info", (3, 13, 0, "final", 0))
    message = str(mediapipe_detector.missing_mediapipe())
    assert "Python 3.13" in message
    assert "animate-anyone[pose-onnx]" in message


def test_provider_and_nobody(detector: MediaPipeDetector):
    assert detector.provider == "mediapipe 0.10.21 (CPU, XNNPACK)"
    assert detector.detect(np.full((96, 64, 3), 90, dtype=np.uint8)) == []


@pytest.mark.parametrize(
    ("name", "num_body"),
    [("anyone-1.png", 13), ("anyone-10.png", 18), ("anyone-11.png", 18), ("anyone-2.png", 16), ("anyone-5.png", 18)],
)
def test_people_and_drawn_characters_are_found(detector: MediaPipeDetector, name: str, num_body: int):
    if not (PICTURES / name).is_file():
        pytest.skip("the example pictures are not here")
    image = np.array(Image.open(PICTURES / name).convert("RGB"))
    (pose,) = detector.detect(image)
    assert pose.visible[:18].sum() >= num_body
    seen = pose.keypoints[pose.visible]
    assert (seen >= -0.5).all()
    assert (seen <= [image.shape[1], image.shape[0]]).all()
    right_shoulder, left_shoulder = pose.keypoints[2], pose.keypoints[5]
    assert right_shoulder[0] < left_shoulder[0]  # all of them face the camera
    assert pose.keypoints[0, 1] < right_shoulder[1]


def test_face_and_hands_lie_where_the_body_says(detector: MediaPipeDetector):
    if not (PICTURES / "anyone-11.png").is_file():
        pytest.skip("the example pictures are not here")
    (pose,) = detector.detect(np.array(Image.open(PICTURES / "anyone-11.png").convert("RGB")))
    points = pose.keypoints
    assert np.linalg.norm(points[LEFT_HAND][0] - points[7]) < 40
    assert np.linalg.norm(points[RIGHT_HAND][0] - points[4]) < 40
    face = points[FACE]
    assert np.linalg.norm(face[30] - points[0]) < 15  # nose tips
    assert np.linalg.norm(face[36:42].mean(0) - points[14]) < 15  # right eyes
    assert np.linalg.norm(face[42:48].mean(0) - points[15]) < 15  # left eyes
    assert face[8, 1] > face[57, 1] > face[51, 1] > face[33, 1]  # chin, lower lip, upper lip, nose
    assert face[0, 0] < face[8, 0] < face[16, 0]  # jaw from the person's right to left
