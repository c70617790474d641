"""The videos of a clip that are measured: the model's own, and what it is compared with."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from einops import rearrange
from PIL import Image

from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.data.procchar import ProcCharClip
from animate_anyone.metrics.frames import Frames
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pixels import to_bytes, to_model_range
from animate_anyone.models.vae import decode_latents, encode_images
from animate_anyone.pipeline import AnimateAnyonePipeline

MODEL, NO_TEMPORAL, REFERENCE, AUTOENCODER = (
    "model",
    "without temporal attention",
    "copied reference",
    "autoencoder alone",
)
VAE_BATCH = 8

MakeVideo = Callable[[AnimateAnyonePipeline, ProcCharClip, AnimateOptions], Frames]


@cache
def opened(folder: Path) -> AnimateAnyonePipeline:
    """The model, opened once in a process."""
    return open_pipeline(folder)


def animated(pipeline: AnimateAnyonePipeline, clip: ProcCharClip, options: AnimateOptions) -> Frames:
    """What the model makes of the reference and the true poses."""
    animation = animate(
        pipeline,
        Image.fromarray(clip.reference),
        clip.poses,
        reference_pose=clip.reference_pose[0],
        align=False,
        options=options,
    )
    return np.stack(list(animation.frames))


def animated_frame_by_frame(pipeline: AnimateAnyonePipeline, clip: ProcCharClip, options: AnimateOptions) -> Frames:
    """The same without temporal attention: each frame is denoised as if it were alone."""
    return animated(without_temporal(pipeline), clip, options)


def copied_reference(pipeline: AnimateAnyonePipeline, clip: ProcCharClip, options: AnimateOptions) -> Frames:
    """The reference in every frame: what doing nothing measures."""
    return np.repeat(clip.reference[None], len(clip.frames), axis=0)


@torch.no_grad()
def autoencoder_alone(pipeline: AnimateAnyonePipeline, clip: ProcCharClip, options: AnimateOptions) -> Frames:
    """The true frames through the autoencoder and back: as good as the model could be with perfect latents."""
    pixels = to_model_range(rearrange(torch.from_numpy(clip.frames), "f h w c -> f c h w"))
    restored = [
        to_bytes(decode_latents(pipeline.vae, encode_images(pipeline.vae, part))) for part in pixels.split(VAE_BATCH)
    ]
    return rearrange(torch.cat(restored), "f c h w -> f h w c").numpy()


ROWS: Mapping[str, MakeVideo] = MappingProxyType(
    {
        MODEL: animated,
        NO_TEMPORAL: animated_frame_by_frame,
        REFERENCE: copied_reference,
        AUTOENCODER: autoencoder_alone,
    }
)
"""How to make each video, in the order of the table."""


def without_temporal(pipeline: AnimateAnyonePipeline) -> AnimateAnyonePipeline:
    """The same model with the temporal attention left out, as it was before stage 2."""
    whole = pipeline.denoising_unet
    # Names with an underscore are what diffusers adds for itself.
    settings: dict[str, Any] = {name: value for name, value in whole.config.items() if not name.startswith("_")}
    settings["temporal"] = False
    unet: Any = DenoisingUNet(**settings)
    unet.load_state_dict({name: value for name, value in whole.state_dict().items() if "motion_modules" not in name})
    parts: dict[str, Any] = pipeline.components
    names = ("pose_style", "area", "num_inference_steps", "guidance_scale", "reference_pose", "image_tokens")
    return AnimateAnyonePipeline(
        **{**parts, "denoising_unet": unet.eval().to(whole.dtype)}, **{name: pipeline.config[name] for name in names}
    )
