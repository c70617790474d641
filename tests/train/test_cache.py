"""Clips are encoded once, and only found again by those to whom they are the same."""

from pathlib import Path
from typing import Any

import pytest
import torch

from animate_anyone.data.clip import Clip
from animate_anyone.errors import ConfigError
from animate_anyone.models.pixels import to_model_range
from animate_anyone.models.vae import encode_images
from animate_anyone.train.cache import ClipCache
from animate_anyone.train.config import ProceduralData
from animate_anyone.train.networks import make_networks
from animate_anyone.train.sources import ProceduralSource
from animate_anyone.train.stages import STAGES


class CountedSource(ProceduralSource):
    calls = 0

    def clip(self, index: int) -> Clip:
        self.calls += 1
        return super().clip(index)


def source(**settings: Any) -> CountedSource:
    return CountedSource(ProceduralData(**({"size": 32, "num_frames": 3, "num_clips": 4} | settings)), split="train")


@pytest.fixture
def encoders(configure) -> dict[str, Any]:
    networks = make_networks(configure("stage1"), STAGES["stage1"])
    return {name: networks[name].eval() for name in ("vae", "image_encoder")}


def test_a_clip_is_encoded_once_and_read_back_exactly(tmp_path: Path, encoders):
    clips = source()
    first = ClipCache(tmp_path, clips, **encoders)[2]
    again = ClipCache(tmp_path, clips, **encoders)[2]
    assert clips.calls == 1
    assert torch.equal(first.latents, again.latents)
    assert torch.equal(first.image_tokens, again.image_tokens)
    clip = clips.clip(2)
    assert (again.poses.keypoints == clip.poses.keypoints).all()
    assert (again.poses.width, again.poses.height, again.poses.fps) == (32, 32, 12.0)
    with torch.no_grad():
        expected = encode_images(encoders["vae"], to_model_range(clip.frames))
    torch.testing.assert_close(again.latents.float(), expected, rtol=1e-2, atol=1e-3)
    assert again.image_tokens.shape == (3, 1, 12)


def test_autocast_does_not_reach_the_cache(tmp_path: Path, encoders):
    plain = ClipCache(tmp_path / "a", source(), **encoders)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ClipCache(tmp_path / "b", source(), **encoders)[0]
    assert torch.equal(plain.latents, inside.latents)
    assert torch.equal(plain.image_tokens, inside.image_tokens)


def test_other_pictures_or_other_weights_are_not_taken_for_these(tmp_path: Path, encoders):
    places = {ClipCache(tmp_path, source(**change), **encoders).path(1) for change in ({}, {"fps": 6.0}, {"size": 64})}
    assert len(places) == 3
    with torch.no_grad():
        next(encoders["vae"].parameters()).add_(0.1)
    assert ClipCache(tmp_path, source(), **encoders).path(1) not in places


def test_a_damaged_file_is_made_anew(tmp_path: Path, encoders):
    cache = ClipCache(tmp_path, source(), **encoders)
    expected = cache[0].latents
    cache.path(0).write_bytes(cache.path(0).read_bytes()[:50])
    assert torch.equal(cache[0].latents, expected)


def test_there_are_only_so_many_motions():
    with pytest.raises(ConfigError, match="only 100000 motions"):
        source(num_clips=100_001)
