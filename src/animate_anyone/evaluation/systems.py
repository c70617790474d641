"""What is evaluated: the videos that a model makes of a test clip, and the baselines that it is compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from einops import rearrange
from PIL import Image

from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.clip_sets import TrueClip
from animate_anyone.metrics.frames import Frames
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pixels import to_bytes, to_model_range
from animate_anyone.models.vae import decode_latents, encode_images
from animate_anyone.pipeline import AnimateAnyonePipeline

MODEL, NO_TEMPORAL, REFERENCE, AUTOENCODER = "model", "without-temporal", "copied-reference", "autoencoder"
VAE_BATCH = 8

MakeVideo = Callable[[AnimateAnyonePipeline, TrueClip, AnimateOptions], Frames]


def animated(pipeline: AnimateAnyonePipeline, clip: TrueClip, options: AnimateOptions) -> Frames:
    """What the model makes of the reference and the true poses, which need no alignment.

    Raises:
        ConfigError: The frames come out in another size than the clip's.
    """
    assert clip.reference is not None and clip.poses is not None and clip.reference_pose is not None
    animation = animate(
        pipeline,
        Image.fromarray(clip.reference),
        clip.poses,
        reference_pose=clip.reference_pose[0],
        align=False,
        options=options,
    )
    size = clip.frames.shape[2], clip.frames.shape[1]
    if (animation.geometry.output.width, animation.geometry.output.height) != size:
        raise ConfigError(
            f"The model makes frames of {animation.geometry.output}, and the protocol wants {size[0]}x{size[1]}. "
            "Choose a model whose autoencoder divides these sides."
        )
    return np.stack(list(animation.frames))


def animated_frame_by_frame(pipeline: AnimateAnyonePipeline, clip: TrueClip, options: AnimateOptions) -> Frames:
    """The same without temporal attention: each frame is denoised as if it were alone."""
    return animated(without_temporal(pipeline), clip, options)


def copied_reference(pipeline: AnimateAnyonePipeline, clip: TrueClip, options: AnimateOptions) -> Frames:
    """The reference in every frame: what doing nothing measures."""
    assert clip.reference is not None
    return np.repeat(clip.reference[None], len(clip.frames), axis=0)


@torch.no_grad()
def autoencoder_alone(pipeline: AnimateAnyonePipeline, clip: TrueClip, options: AnimateOptions) -> Frames:
    """The true frames through the autoencoder and back: as good as the model could be with perfect latents."""
    vae: Any = pipeline.vae
    pixels = to_model_range(rearrange(torch.from_numpy(clip.frames), "f h w c -> f c h w")).to(vae.device, vae.dtype)
    restored = [to_bytes(decode_latents(vae, encode_images(vae, part))) for part in pixels.split(VAE_BATCH)]
    return rearrange(torch.cat(restored), "f c h w -> f h w c").numpy()


@dataclass(frozen=True, kw_only=True)
class System:
    """A row of the table: its title, what makes its videos, and whether it is a bound (see `document.Row`)."""

    title: str
    make: MakeVideo
    bound: bool = False


SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        MODEL: System(title="the model", make=animated),
        NO_TEMPORAL: System(title="without temporal attention", make=animated_frame_by_frame),
        REFERENCE: System(title="copied reference", make=copied_reference, bound=True),
        AUTOENCODER: System(title="autoencoder alone", make=autoencoder_alone, bound=True),
    }
)
"""In the order of tables."""


def without_temporal(pipeline: AnimateAnyonePipeline) -> AnimateAnyonePipeline:
    """The same model with the temporal attention left out, as it was before stage 2."""
    whole = pipeline.denoising_unet
    # Names with an underscore are what diffusers adds for itself.
    settings: dict[str, Any] = {name: value for name, value in whole.config.items() if not name.startswith("_")}
    settings["temporal"] = False
    unet: Any = DenoisingUNet(**settings)
    unet.load_state_dict({name: value for name, value in whole.state_dict().items() if "motion_modules" not in name})
    parts: dict[str, Any] = pipeline.components
    return AnimateAnyonePipeline(
        **{**parts, "denoising_unet": unet.eval().to(whole.device, whole.dtype)},
        **{name: value for name, value in pipeline.config.items() if name not in parts and not name.startswith("_")},
    )
