"""Is it the same character: similarity of CLIP's embeddings of whole frames, and of a face network's of the faces."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from animate_anyone.metrics.frames import Frames, PerFrame, check_frames
from animate_anyone.pose.skeleton import FACE, VISIBLE_SCORE, PoseSequence

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

Embeddings = npt.NDArray[np.float64]
"""Vectors of length 1, (F, E); not a number where there is nothing to embed."""

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
BATCH = 16

FACE_SIDE = 112
FACE_TEMPLATE = (38.2946 + 51.6963j, 73.5318 + 51.5014j, 56.0252 + 71.7366j, 41.5493 + 92.3655j, 70.7299 + 92.2041j)
"""Where the five landmarks lie in the 112 x 112 pixels that face networks are trained on (Deng et al. 2019, ArcFace):
x + iy of the person's right eye, left eye, tip of the nose, right and left corner of the mouth."""
LANDMARKS = (slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 49), slice(54, 55))
"""Which of the 68 points of a face each of them is the mean of."""
SMALLEST_FACE = 12.0
"""Pixels that the square of the template must measure in the picture: less holds no face that could be told apart."""


class FaceNetwork(Protocol):
    """A session of onnxruntime: RGB pixels (1, 3, 112, 112), float32 in 0 to 255, become an embedding (1, E)."""

    def get_inputs(self) -> Any: ...

    def run(self, output_names: Any, input_feed: Any, /) -> Any: ...


def clip_similarity(result: Frames, other: Frames, model: "CLIPVisionModelWithProjection") -> PerFrame:
    """Cosine similarity (-1 to 1) of CLIP's embeddings of each frame and of what it is compared with.

    Args:
        result: What was made.
        other: The reference as one frame, or the truth as as many as the result; of any size.
        model: CLIP's image encoder. Values compare only for one model.

    Raises:
        ValueError: Not frames, or not as many.
    """
    return similarity(clip_embeddings(result, model), clip_embeddings(other, model))


def face_similarity(
    result: Frames, poses: PoseSequence, reference: Frames, reference_pose: PoseSequence, network: FaceNetwork
) -> PerFrame:
    """Cosine similarity (-1 to 1) of the face of each frame to the reference's; not a number where there is none.

    Args:
        result: What was made.
        poses: The poses in it, with the face's keypoints: those found in it, or those it was driven with.
        reference: The reference picture, as one frame, of any size.
        reference_pose: The pose in it.
        network: What embeds a face. Values compare only for one network.

    Raises:
        ValueError: Frames and poses do not belong together, or there is not one reference.
    """
    if len(reference) != 1:
        raise ValueError(f"The reference must be one frame; got {len(reference)}.")
    return similarity(face_embeddings(result, poses, network), face_embeddings(reference, reference_pose, network))


def similarity(embeddings: Embeddings, others: Embeddings) -> PerFrame:
    """Cosine similarity of each embedding (F, E) with its own of the others, or with the only one of them.

    Raises:
        ValueError: The others are neither one nor as many.
    """
    if len(others) not in (1, len(embeddings)):
        raise ValueError(f"There must be one frame to compare with, or {len(embeddings)}; got {len(others)}.")
    return (embeddings * others).sum(axis=-1)


@torch.inference_mode()
def clip_embeddings(frames: Frames, model: "CLIPVisionModelWithProjection") -> Embeddings:
    """CLIP's projected embeddings of frames, as CLIP was published (Radford et al. 2021): see `clip_pixels`.

    Raises:
        ValueError: Not frames.
    """
    check_frames(frames, frames)
    side: Any = model.config.image_size
    embedded: list[torch.Tensor] = []
    for start in range(0, len(frames), BATCH):
        pixels = torch.stack([clip_pixels(frame, side) for frame in frames[start : start + BATCH]])
        embedded.append(model(pixels.to(model.device, model.dtype)).image_embeds.double().cpu())
    return _unit(torch.cat(embedded).numpy())


def clip_pixels(frame: npt.NDArray[np.uint8], side: int) -> torch.Tensor:
    """A frame (H, W, 3) as CLIP's input (3, side, side).

    The shorter side becomes `side` (224 for the published models) by Pillow's bicubic filter, the middle of the longer
    one is cut out, and values are normalised by CLIP's mean and standard deviation. So of a picture that is not square
    only the middle is compared.
    """
    height, width = frame.shape[:2]
    shorter = min(height, width)
    size = (int(side * width / shorter), int(side * height / shorter))
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    resized = Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(resized.crop((left, top, left + side, top + side)), dtype=np.float32) / 255
    normalised = (pixels - np.array(CLIP_MEAN, dtype=np.float32)) / np.array(CLIP_STD, dtype=np.float32)
    return torch.from_numpy(normalised).permute(2, 0, 1)


def face_embeddings(frames: Frames, poses: PoseSequence, network: FaceNetwork) -> Embeddings:
    """Embeddings (F, E) of the faces of frames; not a number where no face is seen whole or it is too small.

    Raises:
        ValueError: Not frames, or not as many poses of their size.
    """
    check_frames(frames, frames)
    expected = (len(poses), poses.height, poses.width)
    if frames.shape[:3] != expected:
        raise ValueError(f"Frames and poses must agree in (F, H, W); got {frames.shape[:3]} and poses {expected}.")
    name = network.get_inputs()[0].name
    embedded: list[npt.NDArray[np.float64] | None] = []
    for index, frame in enumerate(frames):
        landmarks = face_landmarks(poses, index)
        face = None if landmarks is None else aligned_face(frame, landmarks)
        if face is None:
            embedded.append(None)
        else:
            pixels = face.transpose(2, 0, 1)[None].astype(np.float32)
            embedded.append(np.asarray(network.run(None, {name: pixels})[0], dtype=np.float64)[0])
    width = next((len(values) for values in embedded if values is not None), 1)
    nothing = np.full(width, np.nan)
    return _unit(np.stack([nothing if values is None else values for values in embedded]))


def face_landmarks(poses: PoseSequence, index: int) -> npt.NDArray[np.complex128] | None:
    """The five landmarks of `FACE_TEMPLATE` as x + iy in pixels; None if a point that one is made of is not seen."""
    points, scores = poses.keypoints[index, FACE].astype(np.float64), poses.scores[index, FACE]
    if any((scores[part] < VISIBLE_SCORE).any() for part in LANDMARKS):
        return None
    means = np.stack([points[part].mean(axis=0) for part in LANDMARKS])
    return means[:, 0] + 1j * means[:, 1]


def aligned_face(frame: npt.NDArray[np.uint8], landmarks: npt.NDArray[np.complex128]) -> npt.NDArray[np.uint8] | None:
    """The face of a frame (H, W, 3) in the 112 x 112 pixels of the template; None if it is too small.

    Turned, scaled and moved so that the landmarks lie nearest to the template's by least squares (Umeyama 1991, without
    mirroring); sampled bilinearly, black beyond the picture.
    """
    template = np.array(FACE_TEMPLATE)
    found, wanted = landmarks - landmarks.mean(), template - template.mean()
    spread = np.square(np.abs(found)).sum()
    # As complex numbers, a turn with a scale is one factor: face = turn * picture + const.
    turn = (found.conj() * wanted).sum() / spread if spread > 0 else 0j
    if abs(turn) * SMALLEST_FACE > FACE_SIDE or turn == 0:
        return None
    back = 1 / turn
    # Pillow counts from the corner of the first pixel, keypoints from its centre.
    start = landmarks.mean() - back * (template.mean() + 0.5 + 0.5j) + 0.5 + 0.5j
    factors = (back.real, -back.imag, start.real, back.imag, back.real, start.imag)
    size = (FACE_SIDE, FACE_SIDE)
    face = Image.fromarray(frame).transform(size, Image.Transform.AFFINE, factors, Image.Resampling.BILINEAR)
    return np.asarray(face)


def _unit(vectors: Embeddings) -> Embeddings:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
