"""Identity: the same character is 1, another one is less, and no face is no number."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.data.procedural import render_frames
from animate_anyone.evaluation.identity_networks import read_face_network
from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.identity import (
    FACE_TEMPLATE,
    LANDMARKS,
    FaceNetwork,
    aligned_face,
    clip_embeddings,
    clip_pixels,
    clip_similarity,
    face_embeddings,
    face_landmarks,
    face_similarity,
    similarity,
)
from animate_anyone.pose.skeleton import FACE, NUM_KEYPOINTS, PoseSequence
from tiny import randomised
from tiny_face_network import save_face_network


@pytest.fixture(scope="module")
def clip_model() -> CLIPVisionModelWithProjection:
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, projection_dim=24, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=16,
    )  # fmt: skip
    return randomised(CLIPVisionModelWithProjection(config), 5).eval()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> FaceNetwork:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    return read_face_network(save_face_network(tmp_path_factory.mktemp("face") / "face.onnx"))


@pytest.fixture(scope="module")
def clip() -> tuple[Frames, PoseSequence]:
    drawn = render_frames(7, 7, range(4), size=128)
    return drawn.frames.permute(0, 2, 3, 1).numpy(), drawn.poses


@pytest.fixture(scope="module")
def other() -> tuple[Frames, PoseSequence]:
    drawn = render_frames(8, 7, range(4), size=128)
    return drawn.frames.permute(0, 2, 3, 1).numpy(), drawn.poses


def with_face(landmarks: np.ndarray, *, width: int, height: int) -> PoseSequence:
    """One pose of which only the points that the five landmarks are made of are seen."""
    keypoints = np.zeros((1, NUM_KEYPOINTS, 2), dtype=np.float32)
    scores = np.zeros((1, NUM_KEYPOINTS), dtype=np.float32)
    for part, place in zip(LANDMARKS, landmarks, strict=True):
        where = slice(FACE.start + part.start, FACE.start + part.stop)
        keypoints[0, where], scores[0, where] = (place.real, place.imag), 1
    return PoseSequence(keypoints=keypoints, scores=scores, width=width, height=height, fps=1.0)


def test_clip_sees_the_same_in_the_same(clip, other, clip_model: CLIPVisionModelWithProjection):
    frames, _ = clip
    assert clip_similarity(frames, frames, clip_model) == pytest.approx(np.ones(4))
    noise = np.random.default_rng(0).normal(0, 1, frames.shape)
    near, far = (
        clip_similarity((frames + spread * noise).clip(0, 255).astype(np.uint8), frames, clip_model).mean()
        for spread in (5, 60)
    )
    assert 1 > near > far
    reference = frames[:1]
    assert clip_similarity(frames, reference, clip_model)[0] == pytest.approx(1)
    same, stranger = (clip_similarity(result, reference, clip_model).mean() for result in (frames, other[0]))
    assert stranger < same
    assert clip_similarity(frames // 2, frames, clip_model).mean() < 1 - 1e-4


def test_embeddings_do_not_depend_on_the_batch(clip, clip_model: CLIPVisionModelWithProjection):
    frames = np.concatenate([clip[0]] * 5)
    together = clip_embeddings(frames, clip_model)
    assert together.shape == (20, 24)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(20))
    assert together[17] == pytest.approx(clip_embeddings(frames[17:18], clip_model)[0], abs=1e-5)


@pytest.mark.parametrize("size", [(40, 40), (64, 37), (50, 91)])
def test_pixels_are_those_of_the_published_preprocessing(size: tuple[int, int]):
    module = pytest.importorskip("transformers.models.clip.image_processing_pil_clip")
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    processor = module.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    expected = processor(Image.fromarray(picture), return_tensors="pt")["pixel_values"][0]
    torch.testing.assert_close(clip_pixels(picture, 32), expected, rtol=0, atol=1e-5)


def test_similarity_needs_one_or_as_many():
    axes = np.eye(3)
    assert similarity(axes, axes[:1]).tolist() == [1, 0, 0]
    assert similarity(axes, axes[[0, 2, 1]]).tolist() == [1, 0, 0]
    with pytest.raises(ValueError, match="one frame to compare with, or 3; got 2"):
        similarity(axes, axes[:2])


def test_a_face_in_the_template_is_left_as_it_is():
    frame = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    face = aligned_face(frame, np.array(FACE_TEMPLATE))
    assert face is not None and np.abs(face.astype(int) - frame).max() <= 1


def test_a_turned_larger_face_comes_back_to_the_template():
    rows, columns = np.indices((112, 112))
    smooth = np.stack([128 + 100 * np.sin(columns / 9), 128 + 100 * np.cos(rows / 11), rows + 50.0], axis=-1)
    turn, move = 1.5 * np.exp(0.4j), 60 + 20j
    # The picture has at p what the face has at (p - move) / turn.
    height, width = 260, 260
    places = (np.arange(width)[None] + 1j * np.arange(height)[:, None] - move) / turn
    x, y = places.real, places.imag
    picture = np.stack([128 + 100 * np.sin(x / 9), 128 + 100 * np.cos(y / 11), y + 50.0], axis=-1)
    face = aligned_face(picture.clip(0, 255).round().astype(np.uint8), np.array(FACE_TEMPLATE) * turn + move)
    assert face is not None
    inner = slice(20, 92)
    assert np.abs(face[inner, inner] - smooth[inner, inner]).max() < 3


def test_faces_that_are_too_small_or_points_are_none():
    frame = np.zeros((64, 64, 3), dtype=np.uint8)
    template = np.array(FACE_TEMPLATE)
    assert aligned_face(frame, template * 0.10) is None
    assert aligned_face(frame, template * 0.12) is not None
    assert aligned_face(frame, np.full(5, 30 + 30j)) is None


def test_the_person_s_right_eye_is_on_the_left_of_a_picture(clip):
    landmarks = face_landmarks(clip[1], 0)
    assert landmarks is not None
    right_eye, left_eye, nose, right_corner, left_corner = landmarks
    assert right_eye.real < nose.real < left_eye.real
    assert right_corner.real < left_corner.real
    assert right_eye.imag < nose.imag < right_corner.imag


def test_the_same_face_is_one_and_another_is_less(clip, other, network: FaceNetwork):
    frames, poses = clip
    reference = frames[:1], poses.frames(slice(1))
    same = face_similarity(frames, poses, *reference, network)
    assert same[0] == pytest.approx(1)
    assert face_similarity(*other, *reference, network).mean() < same.mean()
    noise = np.random.default_rng(0).normal(0, 1, frames.shape)
    near, far = (
        face_similarity((frames + spread * noise).clip(0, 255).astype(np.uint8), poses, *reference, network)[0]
        for spread in (5, 60)
    )
    assert 1 > near > far


def test_the_network_sees_rgb_of_the_aligned_face(network: FaceNetwork):
    picture = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)
    poses = with_face(np.array(FACE_TEMPLATE), width=112, height=112)
    landmarks = face_landmarks(poses, 0)
    assert landmarks is not None and np.allclose(landmarks, FACE_TEMPLATE, atol=1e-4)
    aligned = aligned_face(picture[0], landmarks)
    assert aligned is not None
    pixels = aligned.transpose(2, 0, 1)[None].astype(np.float32)
    expected = np.asarray(network.run(None, {"data": pixels})[0])[0]
    embedding = face_embeddings(picture, poses, network)
    assert embedding.shape == (1, 128)
    assert embedding[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


def test_frames_without_a_face_are_left_out(clip, network: FaceNetwork):
    frames, poses = clip
    scores = poses.scores.copy()
    scores[2, FACE.start + 30] = 0.1  # the tip of the nose
    hidden = replace(poses, scores=scores)
    found = face_similarity(frames, hidden, frames[:1], poses.frames(slice(1)), network)
    assert np.isnan(found).tolist() == [False, False, True, False]
    nobody = replace(poses, scores=np.zeros_like(scores))
    assert np.isnan(face_similarity(frames, nobody, frames[:1], poses.frames(slice(1)), network)).all()
    assert np.isnan(face_similarity(frames, poses, frames[:1], nobody.frames(slice(1)), network)).all()


def test_what_does_not_belong_together_is_refused(
    clip, network: FaceNetwork, clip_model: CLIPVisionModelWithProjection
):
    frames, poses = clip
    with pytest.raises(ValueError, match=r"got \(3, 128, 128\) and poses \(4, 128, 128\)"):
        face_embeddings(frames[:3], poses, network)
    with pytest.raises(ValueError, match="must be one frame; got 4"):
        face_similarity(frames, poses, frames, poses, network)
    with pytest.raises(ValueError, match="uint8"):
        clip_similarity(frames / 255, frames, clip_model)
    with pytest.raises(ValueError, match="or 4; got 3"):
        clip_similarity(frames, frames[:3], clip_model)
