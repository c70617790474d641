"""Reads the body back from pictures of skeletons, where every joint and every limb has a colour of its own.

For models that are driven by keypoints, when the motion comes as a video of skeletons. Hands, feet and face are not
read.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jaxtyping import UInt8
from PIL import Image, ImageFilter

from animate_anyone.errors import PoseError
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.draw import BODY_COLOURS, LIMBS, STYLES
from animate_anyone.pose.limbs import EARS, NECK, SHOULDERS
from animate_anyone.pose.skeleton import BODY, NUM_KEYPOINTS, Pose, PoseSequence

_JOINTS = np.array(BODY_COLOURS, dtype=np.float32)
_PALETTE = np.concatenate([_JOINTS, STYLES["dwpose"].dim * _JOINTS[: len(LIMBS)]])
_LIMBS_OF = [[len(_JOINTS) + limb for limb, ends in enumerate(LIMBS) if joint in ends] for joint in range(len(_JOINTS))]
_NEAR = 48.0
"""Up to this distance in RGB a pixel has a colour: a bit more than half of what lies between two joints'."""
_DARK = 50
_FEWEST = 20
"""Pixels of a limb that are seen at least, if it is to tell where it ends."""
_HIDDEN = 0.5
_TOUCHING = 6
"""Pixels at most between what is seen of a joint and of a limb that ends in it."""

Mask = npt.NDArray[np.bool_]


def read_skeleton_video(path: Path, *, max_frames: int | None = None) -> PoseSequence:
    """The poses in a video of skeletons as DWPose draws them.

    Args:
        path: the video.
        max_frames: take the first frames only; all if None.

    Raises:
        PoseError: no joint is recognised in any frame.
        MediaError: as for `read_frames`.
    """
    info = probe(path)
    poses = [read_skeleton(frame) for frame in islice(read_frames(path), max_frames)]
    sequence = PoseSequence(
        keypoints=np.stack([pose.keypoints for pose in poses]),
        scores=np.stack([pose.scores for pose in poses]),
        width=info.size.width,
        height=info.size.height,
        fps=info.fps,
    )
    if not sequence.scores.any():
        raise PoseError(
            f"No joint was recognised in the {len(poses)} frames of {path}. Skeletons are read in the colours of "
            "OpenPose as DWPose draws them, on black; give the poses as a pose file otherwise."
        )
    return sequence


def read_skeleton(picture: UInt8[np.ndarray, "height width 3"]) -> Pose:
    """The body in a picture of one skeleton on black, in pixels of it; what is hidden or missing has score 0."""
    keypoints, scores = np.zeros((NUM_KEYPOINTS, 2), np.float32), np.zeros(NUM_KEYPOINTS, np.float32)
    labels = _labels(picture)
    for joint in range(BODY.stop):
        place = _place(labels, joint)
        if place is not None:
            keypoints[joint], scores[joint] = place, 1
    for limb, ends in enumerate(LIMBS):
        for end, other in (ends, ends[::-1]):
            if end != NECK and scores[other] == 1 and not scores[end]:
                place = _far_end(labels, len(_JOINTS) + limb, keypoints[other])
                if place is not None:
                    keypoints[end], scores[end] = place, _HIDDEN
    # From the side, shoulders cover the neck.
    seen = [shoulder for shoulder in SHOULDERS if scores[shoulder]]
    if seen and not scores[NECK]:
        keypoints[NECK], scores[NECK] = keypoints[seen].mean(axis=0), _HIDDEN
    return Pose(keypoints=keypoints, scores=scores)


def _labels(picture: UInt8[np.ndarray, "height width 3"]) -> npt.NDArray[np.int8]:
    """The nearest colour of the palette at every pixel, -1 where none is near."""
    bright = picture.max(axis=2) > _DARK
    pixels = picture[bright].astype(np.float32)
    nearest, label = np.full(len(pixels), _NEAR, np.float32), np.full(len(pixels), -1, np.int8)
    # One colour after the other: a picture that is bright everywhere must not take its size times their number.
    for number, colour in enumerate(_PALETTE):
        distances = np.linalg.norm(pixels - colour, axis=1)
        closer = distances < nearest
        nearest[closer], label[closer] = distances[closer], number
    labels = np.full(picture.shape[:2], -1, dtype=np.int8)
    labels[bright] = label
    return labels


def _place(labels: npt.NDArray[np.int8], joint: int) -> npt.NDArray[np.float32] | None:
    rows, columns = (labels == joint).nonzero()
    if not len(rows):
        return None
    margin = _TOUCHING + 1
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    part = labels[top : rows.max() + margin + 1, left : columns.max() + margin + 1]
    found, limbs = _thick(part == joint), _thick(np.isin(part, _LIMBS_OF[joint]))
    # Ears stand alone from behind, as the eyes that they are joined to are not seen.
    if limbs.any() or joint not in EARS:
        found &= _filtered(limbs, ImageFilter.MaxFilter(2 * _TOUCHING + 1))
    rows, columns = found.nonzero()
    return np.array([np.median(columns) + left, np.median(rows) + top], dtype=np.float32) if len(rows) else None


def _far_end(labels: npt.NDArray[np.int8], limb: int, near: npt.NDArray[np.float32]) -> npt.NDArray[np.float32] | None:
    """Where a limb ends whose joint is covered, by a hand or by points of the face."""
    pixels = np.argwhere(_thick(labels == limb))[:, ::-1].astype(np.float32)
    if len(pixels) < _FEWEST:
        return None
    return pixels[np.hypot(*(pixels - near).T).argmax()]


def _thick(mask: Mask) -> Mask:
    """Without lines: fingers have the colours of joints, and edges blurred by compression those of other limbs."""
    return _filtered(mask, ImageFilter.MinFilter(3))


def _filtered(mask: Mask, kind: ImageFilter.RankFilter) -> Mask:
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).filter(kind)) > 0
