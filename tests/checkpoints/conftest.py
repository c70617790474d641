"""A release of Moore-AnimateAnyone in miniature: the same files and keys at a small width."""

import functools
import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet

UNET_CONFIG = {
    "_class_name": "UNet2DConditionModel",
    "act_fn": "silu",
    "attention_head_dim": 8,
    "block_out_channels": [32, 64],
    "cross_attention_dim": 16,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "norm_eps": 1e-5,
    "sample_size": 8,
}
OUR_UNET = {
    "block_out_channels": (32, 64),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 16,
    "norm_num_groups": 8,
}
VAE_CONFIG = {
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "block_out_channels": [8, 8],
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 4,
    "sample_size": 16,
}
CLIP_CONFIG = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "projection_dim": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 16,
    "hidden_act": "quick_gelu",
}


def random_state(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """Random values under the network's keys; position tables stay."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: value if key.endswith(".pe") else torch.randn(value.shape, generator=generator) * 0.1
        for key, value in network.state_dict().items()
    }


@functools.cache
def states() -> dict[str, dict[str, Tensor]]:
    unet = random_state(DenoisingUNet(**OUR_UNET, temporal_max_frames=24), 1)
    motion = {key: value for key, value in unet.items() if "motion_modules." in key}
    return {
        "motion": motion,
        "denoising": {key: value for key, value in unet.items() if key not in motion},
        "reference": random_state(ReferenceNet(**OUR_UNET), 2),
        "guider": random_state(PoseGuider(conditioning_embedding_channels=32, block_out_channels=(4, 8)), 3),
        "vae": random_state(AutoencoderKL(**VAE_CONFIG), 4),
        "encoder": random_state(CLIPVisionModelWithProjection(CLIPVisionConfig(**CLIP_CONFIG)), 5),
    }


class Release:
    """The folder, and what was written into it."""

    def __init__(self, folder: Path):
        self.folder = folder
        own = {part: {key: value.clone() for key, value in state.items()} for part, state in states().items()}
        self.motion, self.denoising = own["motion"], own["denoising"]
        self.reference, self.guider = own["reference"], own["guider"]
        self.vae, self.encoder = own["vae"], own["encoder"]

    def write(self) -> Path:
        """Writes everything, replacing what is there."""
        files = {
            "denoising_unet.pth": self.denoising,
            "motion_module.pth": self.motion,
            "reference_unet.pth": self.reference,
            "pose_guider.pth": self.guider,
            "image_encoder/pytorch_model.bin": self.encoder,
        }
        for name in ("image_encoder", "sd-vae-ft-mse", "stable-diffusion-v1-5/unet"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, tensors in files.items():
            torch.save(tensors, self.folder / name)
        save_file(self.vae, self.folder / "sd-vae-ft-mse/diffusion_pytorch_model.safetensors")
        configs = {
            "image_encoder": CLIP_CONFIG,
            "sd-vae-ft-mse": VAE_CONFIG,
            "stable-diffusion-v1-5/unet": UNET_CONFIG,
        }
        for name, config in configs.items():
            (self.folder / name / "config.json").write_text(json.dumps(config))
        return self.folder


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A whole release, written to disk."""
    release = Release(tmp_path / "release")
    release.write()
    return release
