"""ONNX networks in DWPose's layout that find a "person" of two lights, at a share of the published networks' work.

DWPose's own files are 350 MB. These have their inputs and outputs: a picture of 640 x 640 becomes YOLOX's boxes, one of
288 x 384 becomes SimCC's bins of 133 keypoints. What they find is read off the brightest pixels; beside that they
convolve as much as is asked for, without effect on the result.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from animate_anyone.media.size import Size
from animate_anyone.pose.onnx_detector import OnnxFiles
from animate_anyone.pose.rtmpose import BINS_PER_PIXEL, NUM_COCO_KEYPOINTS

YOLOX_INPUT, RTMPOSE_INPUT = Size(640, 640), Size(288, 384)
YOLOX_WORK = 77.8e9
"""Multiplications of YOLOX-L for a picture (Ge et al. 2021, table 3: 155.6 GFLOP, two for each)."""
RTMPOSE_WORK = 10.1e9
"""Multiplications of RTMPose-L for a person at 288 x 384 (Yang et al. 2023, "DWPose")."""
STRIDE, WIDTH = 8, 128
"""Of the convolutions without effect."""
YOLOX_CELLS, YOLOX_CHANNELS = 80 * 80 + 40 * 40 + 20 * 20, 85
LIGHT_RADIUS = 40
BRIGHT = 128.0
"""Above the grey that YOLOX's input is filled up with."""

Constants = dict[str, npt.NDArray[Any]]


def two_lights(upper_left: tuple[float, float], span: tuple[float, float], size: Size) -> npt.NDArray[np.uint8]:
    """A picture (height, width, 3) of a red light and, `span` pixels away from it, a green one, fading outwards."""
    y, x = np.mgrid[: size.height, : size.width].astype(np.float32)
    picture = np.zeros((size.height, size.width, 3), dtype=np.float32)
    for channel, share in ((0, 0), (1, 1)):
        distance = np.hypot(x - upper_left[0] - share * span[0], y - upper_left[1] - share * span[1])
        picture[..., channel] = 255 * (1 - distance / LIGHT_RADIUS).clip(min=0)
    return picture.round().astype(np.uint8)


def write_networks(folder: Path, *, share: float) -> OnnxFiles:
    """Writes both networks, each with `share` of the work of the published one."""
    return OnnxFiles(person=_write_detector(folder, share), pose=_write_pose_network(folder, share))


def _write_detector(folder: Path, share: float) -> Path:
    """One box, from the first to the last bright column and row, in the first cell of the finest grid."""
    nodes, constants = _idle(YOLOX_INPUT, share * YOLOX_WORK)
    constants |= {"bright": _scalar(BRIGHT), "one": _scalar(1), "eight": _scalar(STRIDE), "far": _scalar(1e4)}
    constants |= {"half": _scalar(0.5), "row": np.array([1, 1, 6]), "axes_1": np.array([1]), "axes_2": np.array([2])}
    constants |= {
        "places": np.arange(YOLOX_INPUT.width, dtype=np.float32)[None],
        "pads": np.array([0, 0, 0, 0, YOLOX_CELLS - 1, YOLOX_CHANNELS - 6]),
    }
    nodes += [
        helper.make_node("ReduceMax", ["input", "axes_1"], ["brightness"], keepdims=0),
        helper.make_node("Greater", ["brightness", "bright"], ["seen_pixels"]),
        helper.make_node("Cast", ["seen_pixels"], ["lit"], to=TensorProto.FLOAT),
    ]
    for name, axes in (("x", "axes_1"), ("y", "axes_2")):
        nodes += [
            helper.make_node("ReduceMax", ["lit", axes], [f"lit_{name}"], keepdims=0),
            helper.make_node("Mul", [f"lit_{name}", "places"], [f"at_{name}"]),
            helper.make_node("ReduceMax", [f"at_{name}"], [f"last_{name}"], keepdims=0),
            helper.make_node("Sub", ["one", f"lit_{name}"], [f"dark_{name}"]),
            helper.make_node("Mul", [f"dark_{name}", "far"], [f"away_{name}"]),
            helper.make_node("Add", [f"away_{name}", "places"], [f"candidates_{name}"]),
            helper.make_node("ReduceMin", [f"candidates_{name}"], [f"first_{name}"], keepdims=0),
            helper.make_node("Add", [f"last_{name}", "one"], [f"end_{name}"]),
            helper.make_node("Add", [f"first_{name}", f"end_{name}"], [f"ends_{name}"]),
            helper.make_node("Mul", [f"ends_{name}", "half"], [f"middle_{name}"]),
            helper.make_node("Div", [f"middle_{name}", "eight"], [f"centre_{name}"]),
            helper.make_node("Sub", [f"end_{name}", f"first_{name}"], [f"extent_{name}"]),
            helper.make_node("Max", [f"extent_{name}", "one"], [f"length_{name}"]),
            helper.make_node("Div", [f"length_{name}", "eight"], [f"cells_{name}"]),
            helper.make_node("Log", [f"cells_{name}"], [f"size_{name}"]),
        ]
    cells = ("centre_x", "centre_y", "size_x", "size_y", "sure", "one")
    nodes += [
        helper.make_node("ReduceMax", ["lit"], ["anybody"], keepdims=0),
        helper.make_node("Add", ["anybody", "nothing"], ["sure"]),
        *(helper.make_node("Reshape", [cell, "axes_1"], [f"{cell}_cell"]) for cell in cells),
        helper.make_node("Concat", [f"{cell}_cell" for cell in cells], ["cells"], axis=0),
        helper.make_node("Reshape", ["cells", "row"], ["first_row"]),
        helper.make_node("Pad", ["first_row", "pads"], ["output"]),
    ]
    outputs = {"output": [1, YOLOX_CELLS, YOLOX_CHANNELS]}
    return _save(folder / "detector.onnx", nodes, constants, YOLOX_INPUT, outputs)


def _write_pose_network(folder: Path, share: float) -> Path:
    """Even keypoints on the red light, odd ones on the green: the brightest column and row of a channel."""
    nodes, constants = _idle(RTMPOSE_INPUT, share * RTMPOSE_WORK)
    # From values of deviation 1 back to about 0 to 1.
    constants |= {"scale": _scalar(0.2), "offset": _scalar(0.4), "lights": np.arange(NUM_COCO_KEYPOINTS) % 2}
    outputs: dict[str, list[int]] = {}
    for name, axis, length in (("x", 2, RTMPOSE_INPUT.width), ("y", 3, RTMPOSE_INPUT.height)):
        bins = BINS_PER_PIXEL * length
        constants |= {
            f"axes_{name}": np.array([axis]),
            f"finer_{name}": np.array([1, 1, BINS_PER_PIXEL], dtype=np.float32),
        }
        nodes += [
            helper.make_node("ReduceMax", ["input", f"axes_{name}"], [f"profile_{name}"], keepdims=0),
            # Bin 2i lies at pixel i. Between two pixels of one value, the bin in the middle is to be the highest.
            helper.make_node(
                "Resize",
                [f"profile_{name}", "", f"finer_{name}"],
                [f"bins_{name}"],
                mode="linear",
                coordinate_transformation_mode="asymmetric",
            ),
            helper.make_node("AveragePool", [f"bins_{name}"], [f"smooth_{name}"], kernel_shape=[5], pads=[2, 2]),
            helper.make_node("Mul", [f"smooth_{name}", "scale"], [f"scaled_{name}"]),
            helper.make_node("Add", [f"scaled_{name}", "offset"], [f"shifted_{name}"]),
            helper.make_node("Add", [f"shifted_{name}", "nothing"], [f"sure_{name}"]),
            helper.make_node("Gather", [f"sure_{name}", "lights"], [f"simcc_{name}"], axis=1),
        ]
        outputs[f"simcc_{name}"] = [1, NUM_COCO_KEYPOINTS, bins]
    return _save(folder / "pose.onnx", nodes, constants, RTMPOSE_INPUT, outputs)


def _idle(size: Size, work: float) -> tuple[list[Any], Constants]:
    """Convolutions of about `work` multiplications on the input, whose result `nothing` is 0."""
    pixels = size.area // STRIDE**2
    layers = max(1, round(work / (pixels * 9 * WIDTH**2)))
    nodes = [
        helper.make_node("Conv", ["input", "patches"], ["idle_0"], strides=[STRIDE, STRIDE]),
        *(
            helper.make_node("Conv", [f"idle_{layer}", "kernel"], [f"idle_{layer + 1}"], pads=[1, 1, 1, 1])
            for layer in range(layers)
        ),
        helper.make_node("ReduceMax", [f"idle_{layers}"], ["nothing"], keepdims=0),
    ]
    constants: Constants = {
        "patches": np.zeros((WIDTH, 3, STRIDE, STRIDE), dtype=np.float32),
        "kernel": np.zeros((WIDTH, WIDTH, 3, 3), dtype=np.float32),
    }
    return nodes, constants


def _scalar(value: float) -> npt.NDArray[np.float32]:
    return np.array(value, dtype=np.float32)


def _save(path: Path, nodes: list[Any], constants: Constants, size: Size, outputs: dict[str, list[int]]) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, size.height, size.width])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
