"""The networks of identity: opened only if they are the published ones, and what is missing is said in one line."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from animate_anyone.checkpoints.download import sha256_of
from animate_anyone.errors import CheckpointError, MissingExtraError
from animate_anyone.evaluation import identity_networks
from animate_anyone.evaluation.identity_networks import (
    CLIP_VIT_B32,
    SFACE,
    open_clip,
    open_sface,
    read_clip,
    read_face_network,
)
from tiny_face_network import save_face_network


def published(monkeypatch: pytest.MonkeyPatch, name: str, folder: Path) -> None:
    """Has the files of a folder take the place of the published ones."""
    source = getattr(identity_networks, name)
    files = tuple(replace(file, sha256=sha256_of(folder / file.saved_as)) for file in source.files)
    monkeypatch.setattr(identity_networks, name, replace(source, files=files))


def save_clip(folder: Path) -> CLIPModel:
    """A whole CLIP model, both encoders, tiny, in the files that the published one has."""
    part = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**part, "image_size": 32, "patch_size": 16, "projection_dim": 24}
    text = {**part, "vocab_size": 20, "projection_dim": 24}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)).eval()
    folder.mkdir(exist_ok=True)
    model.config.save_pretrained(folder)
    # The published files hold the positions as well, as transformers once saved them.
    positions = {f"{part}_model.embeddings.position_ids": torch.arange(5)[None] for part in ("vision", "text")}
    torch.save({**model.state_dict(), **positions}, folder / "pytorch_model.bin")
    return model


def test_everything_is_pinned():
    for source in (CLIP_VIT_B32, SFACE):
        assert re.fullmatch(r"[0-9a-f]{40}", source.revision)
        assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256 or "") for file in source.files)


def test_the_image_encoder_is_read_from_a_whole_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = save_clip(tmp_path)
    published(monkeypatch, "CLIP_VIT_B32", tmp_path)
    model = open_clip(tmp_path)
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = whole.visual_projection(whole.vision_model(pixels).pooler_output)
        torch.testing.assert_close(model(pixels).image_embeds, expected)
    assert not model.training


def test_other_clip_files_are_refused(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"config\.json'.*MIT.*huggingface\.co/openai/clip-vit-base-patch32"):
        open_clip(tmp_path)
    save_clip(tmp_path)
    with pytest.raises(CheckpointError, match=r"not the published 'config\.json' of CLIP"):
        open_clip(tmp_path)
    assert read_clip(tmp_path).config.projection_dim == 24


def test_the_face_network_is_opened_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    file = save_face_network(tmp_path / "face_recognition_sface_2021dec.onnx")
    with pytest.raises(CheckpointError, match=r"not the published .* of SFace: its SHA-256 is"):
        open_sface(file)
    published(monkeypatch, "SFACE", tmp_path)
    assert open_sface(file).get_inputs()[0].name == "data"
    with pytest.raises(CheckpointError, match=r"no file '.*nowhere.onnx'.*Apache-2\.0.*opencv/face_recognition_sface"):
        open_sface(tmp_path / "nowhere.onnx")


def test_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Both are taken from wherever the hub keeps its downloads."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    save_clip(tmp_path)
    save_face_network(tmp_path / "face_recognition_sface_2021dec.onnx")
    published(monkeypatch, "CLIP_VIT_B32", tmp_path)
    published(monkeypatch, "SFACE", tmp_path)
    monkeypatch.setattr(
        "animate_anyone.checkpoints.download.hf_hub_download", lambda repo, path, *, revision: str(tmp_path / path)
    )
    assert open_clip().config.projection_dim == 24
    assert open_sface().get_inputs()[0].name == "data"


def test_other_networks_are_no_face_networks(tmp_path: Path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra pose-onnx)")
    with pytest.raises(CheckpointError, match=r"got \[\(1, 3, 56, 112\)\]"):
        read_face_network(save_face_network(tmp_path / "other.onnx", inputs=(1, 3, 56, 112)))
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(CheckpointError, match="cannot be opened as an ONNX network"):
        read_face_network(tmp_path / "broken.onnx")


def test_the_missing_extra_is_named_before_anything_is_downloaded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"The similarity of faces needs.*animate-anyone\[pose-onnx\]"):
        open_sface()
