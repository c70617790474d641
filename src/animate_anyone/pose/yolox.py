"""What surrounds the YOLOX person detector: a picture into its input, its output into boxes."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Float32, UInt8
from PIL import Image

STRIDES = (8, 16, 32)
MIN_SCORE = 0.3
MAX_OVERLAP = 0.45
_PERSON = 0
_PAD_VALUE = 114


def to_yolox(
    image: UInt8[np.ndarray, "height width 3"], side: int
) -> tuple[Float32[np.ndarray, "1 3 side side"], float]:
    """A square input and the scale that leads to it.

    The picture lies in the upper left corner, the rest is grey. YOLOX was trained on BGR values from 0 to 255.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    scaled_size = (max(1, int(width * scale)), max(1, int(height * scale)))
    scaled = Image.fromarray(image).resize(scaled_size, Image.Resampling.BILINEAR)
    square = np.full((side, side, 3), _PAD_VALUE, dtype=np.float32)
    square[: scaled.height, : scaled.width] = np.asarray(scaled)[..., ::-1]
    return np.ascontiguousarray(square.transpose(2, 0, 1))[None], scale


def people_boxes(
    output: Float[np.ndarray, "cells channels"], side: int, scale: float
) -> Float32[np.ndarray, "people 4"]:
    """Boxes (left, top, right, bottom) of people in pixels of the picture, best first.

    Args:
        output: One row for each cell of the three grids: centre, log size, objectness, class probabilities.
        side: Side of the network's input.
        scale: As given by `to_yolox`.
    """
    cells, strides = _grid(side)
    centres = (output[:, :2] + cells) * strides
    half_sizes = np.exp(np.minimum(output[:, 2:4], 20)) * strides / 2
    scores = output[:, 4] * output[:, 5 + _PERSON]
    kept = scores >= MIN_SCORE
    boxes = np.concatenate([centres - half_sizes, centres + half_sizes], axis=1)[kept] / scale
    return boxes[_suppress(boxes, scores[kept])].astype(np.float32)


def _grid(side: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.divmod(np.arange((side // stride) ** 2), side // stride)
        cells.append(np.stack([columns, rows], axis=1))
        strides.append(np.full((len(rows), 1), stride))
    return np.concatenate(cells).astype(np.float64), np.concatenate(strides).astype(np.float64)


def _suppress(boxes: npt.NDArray[np.floating], scores: npt.NDArray[np.floating]) -> list[int]:
    """Indices that stay after non-maximum suppression, best first."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, others = int(order[0]), order[1:]
        kept.append(best)
        corners = np.minimum(boxes[others, 2:], boxes[best, 2:]) - np.maximum(boxes[others, :2], boxes[best, :2])
        shared = corners.clip(min=0).prod(axis=1)
        order = others[shared <= MAX_OVERLAP * (areas[others] + areas[best] - shared)]
    return kept
