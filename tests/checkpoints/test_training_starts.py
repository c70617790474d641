"""Where training starts: Stable Diffusion 1.5 for both networks, AnimateDiff for the motion modules."""

from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel

from animate_anyone.checkpoints.animatediff import load_motion_modules
from animate_anyone.checkpoints.architecture import unet_options
from animate_anyone.checkpoints.sd15 import init_from_sd15
from animate_anyone.errors import CheckpointError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_net import ReferenceNet

BASE = {
    "block_out_channels": (32, 64),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 16,
    "norm_num_groups": 8,
    "attention_head_dim": 4,
}


@pytest.fixture
def base(tmp_path: Path) -> UNet2DConditionModel:
    """diffusers' own network, which the names and the numbers come from."""
    unet = UNet2DConditionModel(**BASE).eval()
    unet.save_pretrained(tmp_path / "unet")
    return unet


def networks(**options: object) -> tuple[DenoisingUNet, ReferenceNet]:
    own = unet_options(BASE, source="test")
    return DenoisingUNet(**own, **options).eval(), ReferenceNet(**own).eval()


def test_denoising_unet_predicts_as_the_base_model_did(base: UNet2DConditionModel, tmp_path: Path):
    denoising_unet, reference_net = networks()
    init_from_sd15(tmp_path / "unet", denoising_unet=denoising_unet, reference_net=reference_net)
    latents, timestep, tokens = torch.randn(1, 4, 3, 8, 8), torch.tensor([501]), torch.randn(1, 2, 16)
    with torch.no_grad():
        frames = [base(latents[:, :, frame], timestep, tokens).sample for frame in range(3)]
        ours = denoising_unet(latents, timestep, tokens)
    # Motion modules start without effect, so every frame is what the base model makes of it.
    torch.testing.assert_close(ours, torch.stack(frames, dim=2), rtol=1e-4, atol=1e-5)


def test_reference_net_takes_all_but_the_head(base: UNet2DConditionModel, tmp_path: Path):
    denoising_unet, reference_net = networks()
    init_from_sd15(tmp_path / "unet", denoising_unet=denoising_unet, reference_net=reference_net)
    head = {"conv_norm_out.weight", "conv_norm_out.bias", "conv_out.weight", "conv_out.bias"}
    published = base.state_dict()
    assert published.keys() - reference_net.state_dict().keys() == head
    assert all(torch.equal(value, published[key]) for key, value in reference_net.state_dict().items())


def test_the_networks_do_not_share_weights(base: UNet2DConditionModel, tmp_path: Path):
    denoising_unet, reference_net = networks()
    init_from_sd15(tmp_path / "unet", denoising_unet=denoising_unet, reference_net=reference_net)
    before = reference_net.conv_in.weight.clone()
    with torch.no_grad():
        denoising_unet.conv_in.weight.zero_()
    assert torch.equal(reference_net.conv_in.weight, before)


def test_another_width_is_an_error(base: UNet2DConditionModel, tmp_path: Path):
    own = unet_options(BASE | {"cross_attention_dim": 24}, source="test")
    with pytest.raises(CheckpointError, match="wrong shape"):
        init_from_sd15(tmp_path / "unet", denoising_unet=DenoisingUNet(**own), reference_net=ReferenceNet(**own))


def motion_weights(unet: DenoisingUNet) -> dict[str, torch.Tensor]:
    return {
        key: value if key.endswith(".pe") else torch.randn_like(value)
        for key, value in unet.state_dict().items()
        if "motion_modules." in key
    }


@pytest.mark.parametrize("prefix", ["", "module."])
def test_motion_modules_alone_are_replaced(tmp_path: Path, prefix: str):
    denoising_unet, _ = networks()
    before = {key: value.clone() for key, value in denoising_unet.state_dict().items()}
    motion = motion_weights(denoising_unet)
    published = {f"{prefix}{key}": value for key, value in motion.items()} | {"animatediff_config": {"version": 2}}
    torch.save(published, tmp_path / "mm_sd_v15_v2.ckpt")
    load_motion_modules(tmp_path / "mm_sd_v15_v2.ckpt", denoising_unet)
    after = denoising_unet.state_dict()
    assert all(torch.equal(after[key], motion.get(key, before[key])) for key in before)


def test_a_motion_file_of_the_first_version_is_an_error(tmp_path: Path):
    denoising_unet, _ = networks()
    first_version = {key: value for key, value in motion_weights(denoising_unet).items() if "mid_block" not in key}
    torch.save(first_version, tmp_path / "mm_sd_v15.ckpt")
    with pytest.raises(CheckpointError, match=r"missing: mid_block\.motion_modules"):
        load_motion_modules(tmp_path / "mm_sd_v15.ckpt", denoising_unet)


def test_spatial_weights_in_a_motion_file_are_an_error(tmp_path: Path):
    denoising_unet, _ = networks()
    torch.save(denoising_unet.state_dict(), tmp_path / "whole.ckpt")
    with pytest.raises(CheckpointError, match="left over"):
        load_motion_modules(tmp_path / "whole.ckpt", denoising_unet)


def test_a_network_without_temporal_attention_is_a_bug_of_the_caller(tmp_path: Path):
    denoising_unet, _ = networks(temporal=False)
    with pytest.raises(ValueError, match="temporal=False"):
        load_motion_modules(tmp_path / "any.ckpt", denoising_unet)
