"""Counted work: floating-point operations for a clip at the width of Stable Diffusion 1.5, without computing anything.

Each kind of call is counted on the meta device by what the package forecasts with, and multiplied by how
often a clip calls it. A multiplication and an addition are two operations.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderTiny

from animate_anyone.devices.clip_work import ClipWork, Networks, count_clip
from animate_anyone.devices.counting import Work, counted
from animate_anyone.media.size import Size
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.sampling.presets import PRESETS
from animate_anyone.sampling.windows import ClosedLoopWindows
from animate_anyone.streaming import NUM_STEPS
from benchmarks.networks import TOY_SIZE, full_size_networks, shapes_of_toys
from benchmarks.plain_loop import plain_prediction

WINDOW = 24
SIZE = Size(512, 768)
TERA = 1e12


@dataclass(frozen=True, kw_only=True)
class ClipTotals:
    """TFLOP for a clip; CLIP, which all run once, is left out."""

    num_frames: int
    size: Size
    num_steps: int
    """Of plain loop and pipeline, with guidance."""
    plain: float
    pipeline: float
    fast: float
    """The pipeline with the preset "fast"."""
    stream_steps: int
    stream: float
    """Without guidance, with a tiny decoder. Frames are counted as those of a full window, also at start and end."""


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """How work is divided, whatever the number of steps and frames: where networks are alike in it, ratios are."""

    attention: float
    """Of a window of the plain loop, as are the next two."""
    convolutions: float
    matrices: float
    last_layer: float
    """Of a pass with reference: what the preset "fast" computes at every step."""
    left_out: float
    """Of a window of the plain loop: what the pipeline leaves out where both have the same windows."""
    decoding: float
    """Of a frame, in what a step with guidance takes for it; as are the next two."""
    tiny_decoding: float
    guiding: float


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What the calls of plain loop, pipeline and stream take."""

    clip: ClipWork
    plain_window: Work
    """Both predictions of a window, as the plain loop makes them."""
    tiny_decoding: Work
    """A frame, by the tiny decoder."""

    def totals(self, num_frames: int, num_steps: int) -> ClipTotals:
        """All calls for a clip of at least one window."""
        clip = self.clip
        plan = ClosedLoopWindows(clip.window, clip.window // 6)
        plain_calls = sum(len(plan(num_frames, step)) for step in range(num_steps))
        guiding, finishing = clip.guiding.work * num_frames, clip.finishing(num_frames=num_frames)
        read = clip.encoding.work + clip.reading.work
        # The plain loop reads the reference for both predictions, and projects nothing beforehand.
        plain_once = read + clip.reading.work + guiding
        stream_once = read + clip.projecting[0].work + guiding
        once = stream_once + clip.projecting[1].work
        fast = clip.denoising(num_frames=num_frames, num_steps=num_steps, preset=PRESETS["fast"])
        streamed = clip.streaming(num_frames=num_frames, num_steps=NUM_STEPS) + self.tiny_decoding * num_frames
        return ClipTotals(
            num_frames=num_frames,
            size=clip.size,
            num_steps=num_steps,
            plain=_tera(plain_once + self.plain_window * plain_calls + finishing),
            pipeline=_tera(once + clip.denoising(num_frames=num_frames, num_steps=num_steps) + finishing),
            fast=_tera(once + fast + finishing),
            stream_steps=NUM_STEPS,
            stream=_tera(stream_once + streamed),
        )

    def proportions(self) -> Proportions:
        """How the work is divided."""
        plain, branches = self.plain_window, self.clip.branches
        window = sum(branch.whole.work.flops for branch in branches)
        frame = window / self.clip.window
        finishing = self.clip.finishing(num_frames=1)
        return Proportions(
            attention=plain.attention / plain.flops,
            convolutions=plain.convolutions / plain.flops,
            matrices=plain.matrices / plain.flops,
            last_layer=branches[0].last_layer.flops / branches[0].whole.work.flops,
            left_out=1 - window / plain.flops,
            decoding=finishing.flops / frame,
            tiny_decoding=self.tiny_decoding.flops / frame,
            guiding=self.clip.guiding.work.flops / frame,
        )


def count_full_size(size: Size = SIZE) -> Counted:
    """Counts at the width of Stable Diffusion 1.5."""
    return _count(*full_size_networks(), size)


def count_toys() -> Counted:
    """Counts the networks whose time is taken."""
    return _count(*shapes_of_toys(), TOY_SIZE)


@torch.no_grad()
def _count(networks: Networks, tiny_decoder: AutoencoderTiny, size: Size) -> Counted:
    unet, reference_net = networks.denoising_unet, networks.reference_net
    assert isinstance(reference_net, ReferenceNet)
    channels, width = unet.config["in_channels"], unet.config["block_out_channels"][0]
    shape = (WINDOW, size.height // 8, size.width // 8)
    with torch.device("meta"):
        latents, pose = torch.empty(2, channels, *shape), torch.empty(2, width, *shape)
        tokens = torch.empty(2, 1, unet.config["cross_attention_dim"])
        timestep = torch.empty(2, dtype=torch.int64)
    still: Any = latents[:, :, 0]
    reference = reference_net(still, tokens)

    def predict() -> Any:
        return plain_prediction(unet, latents, timestep, tokens, pose_features=pose, reference=reference)

    return Counted(
        clip=count_clip(networks, size, window=WINDOW, guidance=True),
        plain_window=_work(predict),
        tiny_decoding=_work(lambda: tiny_decoder.decode(still[:1])),
    )


def _work(run: Callable[[], Any]) -> Work:
    return counted(run)[0].work


def _tera(work: Work) -> float:
    return work.flops / TERA
