"""What surrounds the DWPose/RTMPose network: a box of a picture into its input, its output into a `Pose`."""

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image

from animate_anyone.pose.skeleton import NUM_KEYPOINTS, Pose

BOX_MARGIN = 1.25
"""The network was trained on crops this much larger than the person's box."""
BINS_PER_PIXEL = 2
"""SimCC classifies each coordinate into bins of half a pixel of the input."""
NUM_COCO_KEYPOINTS = 133

_MEAN = np.array([123.675, 116.28, 103.53], dtype=np.float32)
_STD = np.array([58.395, 57.12, 57.375], dtype=np.float32)
_NECK, _SHOULDERS = 1, (2, 5)
# Body keypoints 0 to 17 in COCO's order; the neck has none. Feet, face and hands follow in the same order.
_COCO_BODY = (0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)


def crop_window(box: Float[np.ndarray, "4"], aspect: float) -> Float32[np.ndarray, "4"]:
    """The window (left, top, width, height) around a box: its margin added, grown to `aspect` (width / height)."""
    width, height = ((box[2:] - box[:2]) * BOX_MARGIN).tolist()
    width, height = max(width, height * aspect, 1.0), max(height, width / aspect, 1.0 / aspect)
    left, top = ((box[:2] + box[2:]) / 2 - np.array([width, height]) / 2).tolist()
    return np.array([left, top, width, height], dtype=np.float32)


def to_rtmpose(
    image: UInt8[np.ndarray, "height width 3"], window: Float32[np.ndarray, "4"], *, width: int, height: int
) -> Float32[np.ndarray, "1 3 input_height input_width"]:
    """The window resampled to the network's input, normalised; black where it leaves the picture."""
    left, top, window_width, window_height = window.tolist()
    to_source = (window_width / width, 0, left, 0, window_height / height, top)
    crop = Image.fromarray(image).transform(
        (width, height), Image.Transform.AFFINE, to_source, Image.Resampling.BILINEAR
    )
    pixels = (np.asarray(crop, dtype=np.float32) - _MEAN) / _STD
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]


def to_pose(
    simcc_x: Float[np.ndarray, "133 bins_x"],
    simcc_y: Float[np.ndarray, "133 bins_y"],
    window: Float32[np.ndarray, "4"],
) -> Pose:
    """The most likely bin of each coordinate, in pixels of the picture.

    A keypoint's score is the lower one of its two coordinates.
    """
    bins = np.stack([simcc_x.argmax(axis=1), simcc_y.argmax(axis=1)], axis=1)
    scores = np.minimum(simcc_x.max(axis=1), simcc_y.max(axis=1)).clip(0, 1).astype(np.float32)
    input_size = np.array([simcc_x.shape[1], simcc_y.shape[1]]) / BINS_PER_PIXEL
    # Bins count from the centre of the first pixel, windows from its edge.
    points = (bins / BINS_PER_PIXEL + 0.5) * window[2:] / input_size + window[:2] - 0.5
    return _with_neck(points.astype(np.float32), scores)


def _with_neck(points: Float32[np.ndarray, "133 2"], scores: Float32[np.ndarray, "133"]) -> Pose:
    keypoints = np.zeros((NUM_KEYPOINTS, 2), dtype=np.float32)
    keypoint_scores = np.zeros(NUM_KEYPOINTS, dtype=np.float32)
    body = list(_COCO_BODY)
    keypoints[: len(body)], keypoint_scores[: len(body)] = points[body], scores[body]
    keypoints[len(body) :], keypoint_scores[len(body) :] = points[len(body) - 1 :], scores[len(body) - 1 :]
    shoulders = list(_SHOULDERS)
    keypoints[_NECK] = keypoints[shoulders].mean(axis=0)
    keypoint_scores[_NECK] = keypoint_scores[shoulders].min()
    return Pose(keypoints=keypoints, scores=keypoint_scores)
