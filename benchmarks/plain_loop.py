"""What the pipeline is measured against: a plain sampling loop over the same networks, as published programs have it.

The ReferenceNet runs once a clip, for both halves of the guidance batch. All else follows the window and the step: the
reference tokens are repeated over the frames and projected with them, in both halves, although the unconditional half
is then attended anew without them; cross-attention runs in full; the Pose Guider encodes the whole clip at once, and
its features, all frames and all latents are held; frames are decoded one by one. It computes what the pipeline does,
and is here to be compared with.
"""

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.media.size import Size
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import embed_images, preprocess_images
from animate_anyone.models.reference_features import ReferenceFeatures
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.spatial import SpatialTransformer
from animate_anyone.models.stages import DownStage, MidStage, Stage, UpStage
from animate_anyone.models.vae import decode_latents, encode_images
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.sampling.schedule import set_timesteps
from animate_anyone.sampling.windows import WindowPlan
from benchmarks.networks import DrawnWhenAsked, picture


@torch.no_grad()
def plain_latents(
    pipeline: AnimateAnyonePipeline,
    poses: DrawnWhenAsked,
    *,
    size: Size,
    noise: Float[Tensor, "1 c f h w"],
    windows: WindowPlan,
    num_steps: int,
    guidance_scale: float,
) -> Float[Tensor, "1 c f h w"]:
    """Denoises a clip with guidance, which the loop always has."""
    image = picture(0, size)
    token = embed_images(pipeline.image_encoder, preprocess_images([image], pipeline.image_encoder.config.image_size))
    tokens = torch.cat([torch.zeros_like(token), token])
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None] / 127.5 - 1
    reference_latents = encode_images(pipeline.vae, pixels)
    assert isinstance(pipeline.reference_net, ReferenceNet)
    reference = pipeline.reference_net(reference_latents.repeat(2, 1, 1, 1), tokens)
    pictures = torch.from_numpy(poses.window(range(len(poses))))
    pose_features = pipeline.pose_guider(rearrange(pictures, "f h w c -> 1 c f h w").float() / 255)

    latents = noise.clone()
    for step, timestep in enumerate(set_timesteps(pipeline.scheduler, num_steps)):
        total = torch.zeros_like(latents).repeat(2, 1, 1, 1, 1)
        weight_sum = torch.zeros(latents.shape[2])
        for window in windows(latents.shape[2], step):
            frames = list(window.frames)
            prediction = plain_prediction(
                pipeline.denoising_unet,
                latents[:, :, frames].repeat(2, 1, 1, 1, 1),
                timestep[None].repeat(2),
                tokens,
                pose_features=pose_features[:, :, frames].repeat(2, 1, 1, 1, 1),
                reference=reference,
            )
            total[:, :, frames] += prediction * window.weights[:, None, None]
            weight_sum[frames] += window.weights
        unconditional, conditional = (total / weight_sum[:, None, None]).chunk(2)
        guided = unconditional + guidance_scale * (conditional - unconditional)
        latents = pipeline.scheduler.step(guided, int(timestep), latents).prev_sample  # pyright: ignore[reportAttributeAccessIssue]
    return latents


@torch.no_grad()
def plain_frames(pipeline: AnimateAnyonePipeline, latents: Float[Tensor, "1 c f h w"]) -> Float[Tensor, "f 3 H W"]:
    """Decodes frame by frame, and gives all frames at the end."""
    frames = [decode_latents(pipeline.vae, frame) for frame in rearrange(latents, "1 c f h w -> f 1 c h w")]
    return (torch.cat(frames) / 2 + 0.5).clamp(0, 1)


def plain_prediction(
    unet: DenoisingUNet,
    latents: Float[Tensor, "2 c f h w"],
    timestep: Int[Tensor, "2"],
    tokens: Float[Tensor, "2 k e"],
    *,
    pose_features: Float[Tensor, "2 c0 f h w"],
    reference: ReferenceFeatures,
) -> Float[Tensor, "2 d f h w"]:
    """The denoising UNet's prediction without its conditions, and with them, in one batch."""
    num_frames = latents.shape[2]
    x = unet.conv_in(rearrange(latents, "b c f h w -> (b f) c h w"))
    x = x + rearrange(pose_features, "b c f h w -> (b f) c h w")
    embedding = repeat(unet.time_embedding(timestep), "b e -> (b f) e", f=num_frames)

    def layer(stage: Stage, index: int, x: Tensor, bank: tuple[Tensor, ...]) -> Tensor:
        x = stage.resnets[index](x, embedding)
        if stage.attentions:
            transformer = stage.attentions[index]
            assert isinstance(transformer, SpatialTransformer)
            x = _plain_transformer(transformer, x, tokens, bank[index])
        return stage.motion_modules[index](x, num_frames) if stage.motion_modules else x

    skips = [x]
    for stage, bank in zip(unet.down_blocks, reference.down, strict=True):
        assert isinstance(stage, DownStage)
        for index in range(len(stage.resnets)):
            x = layer(stage, index, x, bank)
            skips.append(x)
        for downsample in stage.downsamplers:
            x = downsample(x)
            skips.append(x)
    mid = unet.mid_block
    assert isinstance(mid, MidStage)
    x = mid.resnets[1](layer(mid, 0, x, reference.mid), embedding)
    for stage, bank in zip(unet.up_blocks, reference.up, strict=True):
        assert isinstance(stage, UpStage)
        for index in range(len(stage.resnets)):
            x = layer(stage, index, torch.cat([x, skips.pop()], dim=1), bank)
        for upsample in stage.upsamplers:
            x = upsample(x, skips[-1].shape[-2:])
    x = unet.conv_out(F.silu(unet.conv_norm_out(x)))
    return rearrange(x, "(b f) c h w -> b c f h w", b=2)


def _plain_transformer(
    transformer: SpatialTransformer, x: Float[Tensor, "n c h w"], tokens: Tensor, bank: Float[Tensor, "2 r c"]
) -> Float[Tensor, "n c h w"]:
    height = x.shape[-2]
    frames, block = len(x) // 2, transformer.block
    hidden = rearrange(transformer.proj_in(transformer.norm(x)), "n c h w -> n (h w) c")
    own = block.norm1(hidden)
    with_reference = torch.cat([own, repeat(bank, "b r c -> (b f) r c", f=frames)], dim=1)
    attended = block.attn1(own, with_reference)
    attended[:frames] = block.attn1(own[:frames], own[:frames])
    hidden = hidden + attended
    hidden = hidden + block.attn2(block.norm2(hidden), repeat(tokens, "b k e -> (b f) k e", f=frames))
    hidden = hidden + block.ff(block.norm3(hidden))
    return x + transformer.proj_out(rearrange(hidden, "n (h w) c -> n c h w", h=height))
