"""Streaming: pose pictures in, frames out, for as long as pictures come, and a known number of frames behind them."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from diffusers import AutoencoderTiny
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor

from animate_anyone.models.pixels import to_picture
from animate_anyone.pipeline import AnimateAnyonePipeline, Frame
from animate_anyone.sampling.rolling import Chunk, roll

NUM_STEPS = 4
"""Denoising steps, and chunks in the window, as in RAIN (arXiv 2412.19489)."""


def usual_steps(num_inference_steps: int) -> int:
    """Denoising steps of a stream by a checkpoint that whole clips take `num_inference_steps` with."""
    return min(NUM_STEPS, num_inference_steps)


@torch.no_grad()
def stream(
    pipeline: AnimateAnyonePipeline,
    reference: Image.Image,
    pose_images: Iterable[Image.Image | Frame],
    *,
    num_steps: int = NUM_STEPS,
    window_size: int | None = None,
    reference_pose_image: Image.Image | None = None,
    width: int | None = None,
    height: int | None = None,
    decoder: AutoencoderTiny | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Frame]:
    """Animates the character while its poses come in, without guidance, in a rolling window.

    The window has as many chunks of frames as there are steps, each a step less noisy than the one after it. A call of
    the denoising UNet takes all of them one step further; then the first is clean, its frames are given, and the poses
    of the next are asked for. A frame so costs the UNet as many passes as there are steps, whatever the length of the
    clip, and comes out at most `window_size` poses after its own went in. Memory does not grow with the clip, and a
    frame does not depend on poses that come in after it is out.

    With one step the window is one chunk, and chunks know nothing of each other. With more, frames of different noise
    attend to each other, which a network has seen only if it was trained so.

    Args:
        pipeline: the checkpoint.
        reference: the character; resized to `width` x `height` whatever its aspect ratio.
        pose_images: one skeleton picture for each frame, as an image or as RGB bytes (h, w, 3), drawn in the style
            that the checkpoint was trained on; any iterable, such as a camera that never ends.
        num_steps: denoising steps.
        window_size: frames in the window, a multiple of `num_steps`; by default the largest one that is no longer than
            the pipeline's windows are.
        reference_pose_image: as in `AnimateAnyonePipeline.animate`.
        width: as in `AnimateAnyonePipeline.animate`.
        height: as `width`.
        decoder: decodes frames in place of the checkpoint's VAE, whose latents it must have been made for.
        generator: makes the result repeatable; by default every call gives another one.

    Yields:
        Frames (height, width, 3), RGB.

    Raises:
        ValueError: if an argument or a picture cannot be used; the message says which.
    """
    chunk_size = _chunk_size(pipeline, num_steps, window_size)
    width, height = pipeline.video_size(reference, width, height)
    encoded = pipeline.encode_reference(reference, reference_pose_image, width=width, height=height)
    conditions = pipeline.denoising_unet.project(encoded.image_tokens, encoded.features)
    device = encoded.image_tokens.device
    decoding_device = device if decoder is None else decoder.device

    def chunks() -> Iterator[Chunk]:
        pictures = map(_as_image, pose_images)
        while some := list(islice(pictures, chunk_size)):
            pose_features = pipeline.encode_poses(some, width=width, height=height, device=device)
            noise = pipeline.draw_noise(len(some), width=width, height=height, generator=generator)
            yield Chunk(latents=noise.to(device), pose_features=pose_features)

    def denoise(
        latents: Float[Tensor, "1 c f h w"], timesteps: Int[Tensor, "1 f"], pose_features: Float[Tensor, "1 d f h w"]
    ) -> Float[Tensor, "1 c f h w"]:
        return pipeline.denoising_unet(
            latents.to(pose_features.dtype), timesteps, conditions, pose_features=pose_features
        )

    for latents in roll(denoise, chunks(), pipeline.scheduler, num_steps=num_steps):
        for pixels in pipeline.decode(latents, decoder=decoder, device=decoding_device):
            yield to_picture(pixels)
    pipeline.maybe_free_model_hooks()


def _chunk_size(pipeline: AnimateAnyonePipeline, num_steps: int, window_size: int | None) -> int:
    longest = pipeline.denoising_unet.config["temporal_max_frames"]
    if not 1 <= num_steps <= pipeline.window_size:
        raise ValueError(
            f"num_steps must be from 1 to {pipeline.window_size}, the frames in a window; got {num_steps}."
        )
    if window_size is None:
        window_size = pipeline.window_size - pipeline.window_size % num_steps
    if not 1 <= window_size <= longest or window_size % num_steps:
        raise ValueError(
            f"window_size must be a multiple of num_steps, {num_steps}, and at most {longest}; got {window_size}."
        )
    return window_size // num_steps


def _as_image(picture: Image.Image | Frame) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"A pose picture must be RGB bytes (h, w, 3); got {picture.dtype} of shape {picture.shape}.")
    return Image.fromarray(picture)
