"""A decoder of one's own, or a published one, takes the place of the VAE if it fits its latents."""

import json

import pytest
import torch
from diffusers import AutoencoderTiny

from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS
from animate_anyone.checkpoints.decoder import open_decoder
from animate_anyone.errors import CheckpointError
from tiny import randomised


def tiny_decoder(levels: int = 3, channels: int = 4) -> AutoencoderTiny:
    options = {"block_out_channels": (8,) * levels, "num": (1,) * levels}
    decoder = AutoencoderTiny(
        latent_channels=channels,
        encoder_block_out_channels=options["block_out_channels"],
        decoder_block_out_channels=options["block_out_channels"],
        num_encoder_blocks=options["num"],
        num_decoder_blocks=options["num"],
    )
    return randomised(decoder, 6)


def test_a_folder_is_opened_as_it_was_saved(tiny_pipeline, tmp_path):
    saved = tiny_decoder()
    saved.save_pretrained(tmp_path)
    opened = open_decoder(tmp_path, tiny_pipeline)
    latents = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(opened.decode(latents).sample, saved.decode(latents).sample)
    assert open_decoder(tmp_path, tiny_pipeline.to(torch.float16)).dtype == torch.float16


def test_a_published_one_is_found_by_name_once_it_was_pulled(tiny_pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path))
    with pytest.raises(CheckpointError, match="animate-anyone weights pull taesd"):
        open_decoder("taesd", tiny_pipeline)
    tiny_decoder().save_pretrained(BASE_WEIGHTS["taesd"].path)
    assert isinstance(open_decoder("taesd", tiny_pipeline), AutoencoderTiny)
    assert {file.saved_as for file in BASE_WEIGHTS["taesd"].source.files} == {
        f"{BASE_WEIGHTS['taesd'].path.name}/{name}" for name in ("config.json", "diffusion_pytorch_model.safetensors")
    }


@pytest.mark.parametrize(("levels", "channels"), [(4, 4), (3, 16)])
def test_one_for_other_latents_is_refused(tiny_pipeline, tmp_path, levels, channels):
    tiny_decoder(levels, channels).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=f"latents of {channels} channels and makes {2 ** (levels - 1)} pixels"):
        open_decoder(tmp_path, tiny_pipeline)


def test_what_is_no_decoder_is_refused(tiny_pipeline, tmp_path):
    with pytest.raises(CheckpointError, match="There is no decoder"):
        open_decoder(tmp_path / "nothing", tiny_pipeline)
    tiny_pipeline.vae.save_pretrained(tmp_path / "vae")
    with pytest.raises(CheckpointError, match="'AutoencoderKL'; it must be one of AutoencoderTiny"):
        open_decoder(tmp_path / "vae", tiny_pipeline)
    tiny_decoder().save_pretrained(tmp_path / "other")
    config = tmp_path / "other" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"latent_channels": 5}))
    with pytest.raises(CheckpointError, match="decoder"):
        open_decoder(tmp_path / "other", tiny_pipeline)
