"""Real classes at tiny size, shared by the tests."""

import pytest
from diffusers import AutoencoderKL
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone import AnimateAnyonePipeline, DenoisingUNet, PoseGuider, ReferenceNet
from animate_anyone.sampling.schedule import animate_anyone_schedule
from tiny import TINY_TEMPORAL, TINY_UNET, randomised


@pytest.fixture
def reference_net() -> ReferenceNet:
    return randomised(ReferenceNet(**TINY_UNET), 1)


@pytest.fixture
def denoising_unet() -> DenoisingUNet:
    return randomised(DenoisingUNet(**TINY_UNET, **TINY_TEMPORAL), 2)


@pytest.fixture
def pose_guider() -> PoseGuider:
    return randomised(PoseGuider(16, (4, 8, 8)), 3)


@pytest.fixture
def tiny_pipeline(reference_net, denoising_unet, pose_guider) -> AnimateAnyonePipeline:
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
    )
    image_encoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=32,
            projection_dim=24,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=32,
            patch_size=16,
        )
    )
    pipeline = AnimateAnyonePipeline(
        vae=randomised(vae, 4),
        image_encoder=randomised(image_encoder, 5),
        reference_net=reference_net,
        denoising_unet=denoising_unet,
        pose_guider=pose_guider,
        scheduler=animate_anyone_schedule(),
        pose_style="compact",
        area=32 * 32,
        num_inference_steps=2,
        guidance_scale=2.0,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
