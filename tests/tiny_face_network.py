"""A network with the inputs and outputs of SFace: means of squares of the picture, turned by a fixed matrix."""

from pathlib import Path

import numpy as np
import pytest

INPUT, OUTPUT = (1, 3, 112, 112), (1, 128)


def save_face_network(path: Path, *, inputs: tuple[int, ...] = INPUT, width: int = OUTPUT[1]) -> Path:
    """Writes it, or one of other shapes; skips the test where the package onnx is not installed."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import TensorProto, helper, numpy_helper

    features = inputs[1] * (inputs[2] // 14) * (inputs[3] // 14)
    weights = np.random.default_rng(0).normal(size=(features, width)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["data", "grey"], ["centred"]),
            helper.make_node("AveragePool", ["centred"], ["pooled"], kernel_shape=[14, 14], strides=[14, 14]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["fc1"]),
        ],
        "face",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, (inputs[0], width))],
        [
            numpy_helper.from_array(np.array(127.5, dtype=np.float32), "grey"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
