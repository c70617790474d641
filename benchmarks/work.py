"""Counted work: floating-point operations for a clip at the width of Stable Diffusion 1.5, without computing anything.

Each kind of call is counted on the meta device, where attention is taken apart into its products, and multiplied by how
often a clip calls it. A multiplication and an addition are two operations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionModelWithProjection

from animate_anyone.devices.clip_work import Networks, count_clip
from animate_anyone.media.size import Size
from animate_anyone.sampling.windows import ClosedLoopWindows
from benchmarks.networks import CLIP, full_size_networks
from benchmarks.plain_loop import plain_prediction

WINDOW = 24
SIZE = Size(512, 768)
TERA = 1e12


@dataclass(frozen=True, kw_only=True)
class Work:
    """TFLOP for a clip, with guidance; CLIP, which both run once, is left out."""

    num_frames: int
    num_steps: int
    size: Size
    plain: float
    pipeline: float


@torch.no_grad()
def count_work(num_frames: int = 64, *, num_steps: int = 20, size: Size = SIZE) -> Work:
    """Counts for clips of at least one window."""
    reference_net, unet, pose_guider, vae = full_size_networks()
    height, width = size.height // 8, size.width // 8
    with torch.device("meta"):
        image_encoder = CLIPVisionModelWithProjection(CLIP)
        latents, token = torch.empty(1, 4, WINDOW, height, width), torch.empty(1, 1, 768)
        timestep = torch.empty(1, dtype=torch.int64)
        pose = torch.empty(1, 320, WINDOW, height, width)
    networks = Networks(
        vae=vae,
        image_encoder=image_encoder,
        reference_net=reference_net,
        denoising_unet=unet,
        pose_guider=pose_guider,
    )
    clip = count_clip(networks, size, window=WINDOW, guidance=True)
    plain_window, _ = counted(
        lambda: plain_prediction(
            unet,
            latents.repeat(2, 1, 1, 1, 1),
            timestep.repeat(2),
            token.repeat(2, 1, 1),
            pose_features=pose.repeat(2, 1, 1, 1, 1),
            reference=reference_net(latents[:, :, 0].repeat(2, 1, 1, 1), token.repeat(2, 1, 1)),
        )
    )
    reading, embedding = clip.reading.work.flops, clip.embedding.work.flops
    # The plain loop's own forward of the ReferenceNet was counted with its window.
    plain_window -= 2 * reading
    frames = num_frames * clip.guiding.work.flops + clip.encoding.work.flops
    frames += clip.finishing(num_frames=num_frames).flops
    windows = sum(len(ClosedLoopWindows(WINDOW)(num_frames, step)) for step in range(num_steps))
    return Work(
        num_frames=num_frames,
        num_steps=num_steps,
        size=size,
        plain=(frames + 2 * reading + windows * plain_window) / TERA,
        pipeline=(clip.total(num_frames=num_frames, num_steps=num_steps).flops - embedding) / TERA,
    )


def counted(run: Callable[[], Any]) -> tuple[int, Any]:
    """Operations of a call, gradients included, and what it returned."""
    with FlopCounterMode(display=False) as counter:
        result = run()
    return counter.get_total_flops(), result
