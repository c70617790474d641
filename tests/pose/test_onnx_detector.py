from pathlib import Path

import numpy as np
import pytest

from animate_anyone.errors import PoseError
from animate_anyone.media.size import Size
from animate_anyone.pose.detect import detect_poses, make_detector
from animate_anyone.pose.onnx_detector import OnnxDetector, OnnxFiles, dwpose_files
from animate_anyone.pose.rtmpose import crop_window, to_pose, to_rtmpose
from animate_anyone.pose.skeleton import FACE, LEFT_HAND
from animate_anyone.pose.yolox import people_boxes, to_yolox

SIDE = 64
WIDTH, HEIGHT = 24, 32


def yolox_output(*boxes: tuple[int, float, float, float, float]) -> np.ndarray:
    """Rows for boxes (cell of the stride-8 grid, width, height, objectness, probability of a person)."""
    output = np.zeros((8 * 8 + 4 * 4 + 2 * 2, 85), dtype=np.float32)
    for cell, width, height, objectness, probability in boxes:
        output[cell, :5] = 0.5, 0.5, np.log(width / 8), np.log(height / 8), objectness
        output[cell, 5] = probability
    return output


def test_boxes_are_decoded_scaled_back_and_suppressed():
    # Cell 27 is column 3, row 3, so its centre lies at 28; its neighbour sees the same person less surely.
    output = yolox_output((27, 32, 32, 0.9, 0.9), (28, 32, 32, 0.8, 0.9), (56, 8, 8, 0.9, 0.5), (7, 8, 8, 0.9, 0.1))
    boxes = people_boxes(output, SIDE, 0.5)
    np.testing.assert_allclose(boxes[0], [24, 24, 88, 88], rtol=1e-5)
    np.testing.assert_allclose(boxes[1:], [[0, 112, 16, 128]], atol=1e-4)


def test_coarser_grids_follow_the_finer_one():
    output = yolox_output()
    output[64 + 5, :6] = 0.5, 0.5, 0, 0, 1, 1  # stride 16: column 1, row 1
    output[80 + 3, :6] = 0.5, 0.5, 0, 0, 0.9, 1  # stride 32: column 1, row 1
    np.testing.assert_allclose(people_boxes(output, SIDE, 1.0), [[16, 16, 32, 32], [32, 32, 64, 64]], atol=1e-4)


def test_yolox_sees_bgr_in_the_corner_on_grey():
    image = np.full((32, 16, 3), (10, 20, 30), dtype=np.uint8)
    pixels, scale = to_yolox(image, SIDE)
    assert (pixels.shape, scale) == ((1, 3, SIDE, SIDE), 2.0)
    assert pixels[0, :, 0, 0].tolist() == [30, 20, 10]
    assert (pixels[0, :, :, 32:] == 114).all()


def test_the_window_holds_the_box_and_has_the_aspect():
    window = crop_window(np.array([10.0, 20, 30, 100]), 0.75)
    np.testing.assert_allclose(window, [20 - 37.5, 60 - 50, 75, 100])
    window = crop_window(np.array([0.0, 0, 80, 8]), 0.75)
    np.testing.assert_allclose(window[2:], [100, 100 / 0.75], rtol=1e-6)


def test_a_dot_comes_back_from_the_network_to_its_place():
    image = np.zeros((100, 80, 3), dtype=np.uint8)
    image[40:44, 52:56] = 255
    window = crop_window(np.array([30.0, 20, 70, 80], dtype=np.float32), WIDTH / HEIGHT)
    pixels = to_rtmpose(image, window, width=WIDTH, height=HEIGHT)
    simcc_x = np.repeat(pixels[0].max((0, 1))[None], 133, 0).repeat(2, 1)
    simcc_y = np.repeat(pixels[0].max((0, 2))[None], 133, 0).repeat(2, 1)
    np.testing.assert_allclose(to_pose(simcc_x, simcc_y, window).keypoints[0], [53.5, 41.5], atol=1.5)


def test_coco_order_becomes_ours():
    simcc_x = np.zeros((133, 2 * 134), dtype=np.float32)
    simcc_x[np.arange(133), 2 * np.arange(133)] = 0.8
    simcc_x[5] *= 0.5
    simcc_y = np.zeros((133, 20), dtype=np.float32)
    simcc_y[:, 4] = 0.9
    pose = to_pose(simcc_x, simcc_y, np.array([0, 0, 134, 10], dtype=np.float32))
    body = [0, 5.5, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    np.testing.assert_allclose(pose.keypoints[:18, 0], body, atol=1e-4)
    np.testing.assert_allclose(pose.keypoints[18:, 0], np.arange(17, 133), atol=1e-4)
    np.testing.assert_allclose(pose.keypoints[FACE.start, 0], 23, atol=1e-4)
    np.testing.assert_allclose(pose.keypoints[LEFT_HAND.start, 0], 91, atol=1e-4)
    np.testing.assert_allclose(pose.scores[[0, 1, 5]], [0.8, 0.4, 0.4])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OnnxFiles:
    """Two small networks on a "person" that is two dots.

    One always finds the same box. The other puts even keypoints on the upper left dot, odd ones on the lower right.
    """
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("onnx")

    def save(name: str, nodes: list, constants: dict, input_shape: list, outputs: dict) -> Path:
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            [numpy_helper.from_array(value, key) for key, value in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.save(model, str(folder / name))
        return folder / name

    person = save(
        "person.onnx",
        [helper.make_node("Identity", ["boxes"], ["output"])],
        {"boxes": yolox_output((27, 40, 56, 0.9, 0.9))[None]},
        [1, 3, SIDE, SIDE],
        {"output": [1, 84, 85]},
    )
    nodes, constants, outputs = [], {}, {}
    for name, axes, size in (("x", [1, 2], WIDTH), ("y", [1, 3], HEIGHT)):
        rising = np.linspace(0.9, 1, size, dtype=np.float32)
        tastes = (rising[::-1], rising)
        constants |= {
            f"axes_{name}": np.array(axes),
            f"column_{name}": np.array([1, 1, size, 1]),
            f"taste_{name}": np.stack([tastes[keypoint % 2] for keypoint in range(133)])[None, ..., None],
            f"wide_{name}": np.array([1, 133, size, 2]),
            f"bins_{name}": np.array([1, 133, 2 * size]),
        }
        nodes += [
            helper.make_node("ReduceMax", ["input", f"axes_{name}"], [f"max_{name}"], keepdims=0),
            helper.make_node("Reshape", [f"max_{name}", f"column_{name}"], [f"tall_{name}"]),
            helper.make_node("Relu", [f"tall_{name}"], [f"bright_{name}"]),
            helper.make_node("Mul", [f"bright_{name}", f"taste_{name}"], [f"liked_{name}"]),
            helper.make_node("Expand", [f"liked_{name}", f"wide_{name}"], [f"each_{name}"]),
            helper.make_node("Reshape", [f"each_{name}", f"bins_{name}"], [f"simcc_{name}"]),
        ]
        outputs[f"simcc_{name}"] = [1, 133, 2 * size]
    return OnnxFiles(person=person, pose=save("pose.onnx", nodes, constants, [1, 3, HEIGHT, WIDTH], outputs))


def picture(x: int, y: int) -> np.ndarray:
    image = np.zeros((128, 128, 3), dtype=np.uint8)
    image[y - 3 : y + 4, x - 3 : x + 4] = 255
    image[y + 37 : y + 44, x + 27 : x + 34] = 255
    return image


def test_from_picture_to_pose(files: OnnxFiles):
    detector = OnnxDetector(files)
    (pose,) = detector.detect(picture(40, 30))
    np.testing.assert_allclose(pose.keypoints[0], [40, 30], atol=3)
    np.testing.assert_allclose(pose.keypoints[15], [70, 70], atol=3)
    assert pose.visible.all()
    assert "ExecutionProvider" in detector.provider
    assert detector.weights == (files.person, files.pose)


@pytest.mark.parametrize("video", [False, True])
def test_a_clip_becomes_a_sequence(files: OnnxFiles, video: bool):
    frames = [picture(40 + 2 * i, 30 + i) for i in range(6)]
    poses = detect_poses(frames, OnnxDetector(files, video=video), size=Size(128, 128), fps=12.0)
    assert (len(poses), poses.fps, poses.width) == (6, 12.0, 128)
    np.testing.assert_allclose(poses.keypoints[5, 0], [50, 35], atol=3)
    np.testing.assert_allclose(poses.keypoints[5, 15], [80, 75], atol=3)


def test_a_person_who_left_the_followed_box_is_found_again(files: OnnxFiles):
    detector = OnnxDetector(files, video=True)
    detector.detect(picture(25, 12))
    black = np.zeros((128, 128, 3), dtype=np.uint8)
    assert detector.detect(black) == []
    (pose,) = detector.detect(picture(50, 60))
    np.testing.assert_allclose(pose.keypoints[0], [50, 60], atol=3)


def test_an_empty_clip_or_nobody_is_an_error(files: OnnxFiles):
    detector = OnnxDetector(files)
    black = np.zeros((128, 128, 3), dtype=np.uint8)
    with pytest.raises(PoseError, match="any of 2 frames by onnxruntime"):
        detect_poses([black, black], detector, size=Size(128, 128), fps=12.0)
    with pytest.raises(PoseError):
        detect_poses([], detector, size=Size(128, 128), fps=12.0)
    with pytest.raises(ValueError, match="64x64"):
        detect_poses([black], detector, size=Size(64, 64), fps=12.0)


def test_wrong_files_are_refused(files: OnnxFiles, tmp_path: Path):
    with pytest.raises(PoseError, match="not the expected network"):
        OnnxDetector(OnnxFiles(person=files.pose, pose=files.person))
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(PoseError, match="cannot be opened"):
        OnnxDetector(OnnxFiles(person=tmp_path / "broken.onnx", pose=files.pose))


def test_a_folder_without_the_weights_says_what_is_missing(tmp_path: Path):
    with pytest.raises(PoseError, match=r"yolox_l\.onnx"):
        dwpose_files(tmp_path)
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    with pytest.raises(PoseError, match=r"yolox_l\.onnx"):
        make_detector("auto", weights=tmp_path)
