"""Drift: how far a clip by the preset "fast" is from the same clip by the preset "exact", both from the same noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from PIL import Image

from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.data.procedural import render_clip
from animate_anyone.data.procedural.seeds import SPLITS
from animate_anyone.media.size import Size
from animate_anyone.models.vae import downscale_factor
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.images import PosePictures
from animate_anyone.sampling.presets import PRESETS
from animate_anyone.sampling.settings import SamplingSettings
from benchmarks.networks import TOY_SIZE, DrawnWhenAsked, picture, toy_pipeline

NUM_FRAMES = 8
NUM_STEPS = 20
GUIDANCE_SCALE = 2.0


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Differences of the two clips."""

    networks: str
    num_frames: int
    num_steps: int
    guidance_scale: float
    largest: float
    """Of the latents, in standard deviations of the exact ones."""
    rms: float
    psnr: float
    """Of the frames, in dB."""


def drift_of_bundled_model(num_frames: int = NUM_FRAMES, num_steps: int = NUM_STEPS) -> Drift:
    """With a drawn character that it has not seen."""
    pipeline = open_pipeline("mini")
    pipeline.set_progress_bar_config(disable=True)
    side = int(pipeline.config["area"] ** 0.5)
    character, motion, *_ = SPLITS["test"]
    clip = render_clip(character=character, motion=motion, num_frames=num_frames, size=side, fps=12.0)
    style = STYLES[pipeline.config["pose_style"]]
    poses = [
        Image.fromarray(draw_pose(clip.poses[index], size=Size(side, side), style=style)) for index in range(num_frames)
    ]
    reference = Image.fromarray(rearrange(clip.frames[0], "c h w -> h w c").numpy())
    return _drift("the bundled model", pipeline, reference, poses[0], poses, num_steps=num_steps)


def drift_of_random_networks(num_frames: int = NUM_FRAMES, num_steps: int = NUM_STEPS) -> Drift:
    """With networks of full depth, on pictures of noise."""
    pipeline, poses = toy_pipeline(), DrawnWhenAsked(num_frames, TOY_SIZE)
    name = "random networks of full depth"
    return _drift(name, pipeline, picture(0, TOY_SIZE), None, poses, num_steps=num_steps)


@torch.no_grad()
def _drift(
    networks: str,
    pipeline: AnimateAnyonePipeline,
    reference_image: Image.Image,
    reference_pose: Image.Image | None,
    poses: Sequence[Image.Image] | PosePictures,
    *,
    num_steps: int,
) -> Drift:
    width, height = reference_image.size
    factor = downscale_factor(pipeline.vae)
    shape = (1, pipeline.denoising_unet.config["in_channels"], len(poses), height // factor, width // factor)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    reference = pipeline.encode_reference(reference_image, reference_pose, width=width, height=height)
    exact, fast = (
        pipeline.denoise(
            reference,
            poses,
            width=width,
            height=height,
            settings=SamplingSettings(
                num_inference_steps=num_steps, guidance_scale=GUIDANCE_SCALE, preset=PRESETS[name]
            ),
            latents=noise,
        )
        for name in ("exact", "fast")
    )
    difference = (fast - exact) / exact.std()
    frames = torch.stack(list(pipeline.decode(exact))) - torch.stack(list(pipeline.decode(fast)))
    return Drift(
        networks=networks,
        num_frames=len(poses),
        num_steps=num_steps,
        guidance_scale=GUIDANCE_SCALE,
        largest=float(difference.abs().max()),
        rms=float(difference.square().mean().sqrt()),
        psnr=float(-10 * frames.square().mean().log10()),
    )
