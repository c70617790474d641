"""Stages `stage1` (stills, spatial networks), `stage2` (clips, temporal attention only) and `one-stage` (clips, both).

The first two are the paper's (section 4.1), the third is what it compares them with (section 4.4).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler
from einops import rearrange
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor, nn

from animate_anyone.data.procedural import Split
from animate_anyone.media.size import Size
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import latents_std
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.pose.draw import STYLES, DrawStyle, draw_pose
from animate_anyone.pose.skeleton import PoseSequence
from animate_anyone.sampling.schedule import animate_anyone_schedule
from animate_anyone.train.batches import Draw, Sample, pick, seeded_generator
from animate_anyone.train.cache import ClipCache
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.loss import DenoisingObjective, draw_noise
from animate_anyone.train.pictures import grid, to_frame, to_image
from animate_anyone.train.sources import make_source
from animate_anyone.train.stage import MakeDraw, Networks, Stage

NUM_CHARACTERS_SHOWN = 4
NUM_FRAMES_SHOWN = 4


def pose_pictures(poses: PoseSequence, numbers: list[int], style: DrawStyle) -> UInt8[Tensor, "3 f h w"]:
    """Skeleton pictures of some frames; drawn anew at each use, which is cheaper than reading them."""
    size = Size(poses.width, poses.height)
    pictures = np.stack([draw_pose(poses[number], size=size, style=style) for number in numbers])
    return rearrange(torch.from_numpy(pictures), "f h w c -> c f h w")


PickFrames = Callable[[TrainConfig, int, torch.Generator], list[int]]
"""Which frames of a clip of some length a sample denoises."""


def stills(config: TrainConfig, length: int, generator: torch.Generator) -> list[int]:
    """Any frames, each by itself: what stage 1 trains on."""
    return [pick(length, generator) for _ in range(config.diffusion.targets_per_reference)]


def window(config: TrainConfig, length: int, generator: torch.Generator) -> list[int]:
    """Consecutive frames: what stage 2 and one-stage train on."""
    start = pick(length - config.diffusion.num_frames + 1, generator)
    return list(range(start, start + config.diffusion.num_frames))


def drawing(pick_frames: PickFrames) -> MakeDraw:
    """A `Stage.draw`: some frames of a clip as the target, any frame of its video as the reference (paper 3.3)."""

    def draw(config: TrainConfig, networks: Networks, *, split: Split = "train") -> Draw:
        source = make_source(config.data, split=split)
        clips = ClipCache(
            config.cache_folder, source, vae=networks["vae"], image_encoder=networks["image_encoder"]  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        scheduler = animate_anyone_schedule()
        style = STYLES[config.diffusion.pose_style]

        def draw_sample(generator: torch.Generator) -> Sample:
            index = pick(len(clips), generator)
            clip = clips[index]
            numbers = pick_frames(config, len(clip.latents), generator)
            others = source.same_video(index)
            other, reference = divmod(pick(len(others) * source.num_frames, generator), source.num_frames)
            seen = clip if others[other] == index else clips[others[other]]
            latents = rearrange(clip.latents[numbers].float(), "f c h w -> c f h w").contiguous()
            # A frame may be wanted more than once, as a still is drawn with replacement.
            drawn = sorted(set(numbers))
            poses = pose_pictures(clip.poses, drawn, style)
            return {
                "latents": latents,
                "pose": poses[:, [drawn.index(number) for number in numbers]],
                "reference": seen.latents[reference].float(),
                "reference_pose": pose_pictures(seen.poses, [reference], style),
                "image_token": seen.image_tokens[reference].float(),
                **draw_noise(latents.shape, scheduler, config.diffusion, generator),
            }

        return draw_sample

    return draw


def objective(config: TrainConfig, networks: Networks) -> nn.Module:
    """The loss of all three stages as a module."""
    parts: dict[str, Any] = {name: networks.get(name) for name in ("reference_net", "denoising_unet", "pose_guider")}
    return DenoisingObjective(
        **parts,
        scheduler=animate_anyone_schedule(),
        snr_gamma=config.diffusion.snr_gamma,
        channel_weights=channel_weights(config, networks),
        reference_pose=config.diffusion.reference_pose_share > 0,
        image_tokens=config.diffusion.image_tokens,
    )


def channel_weights(config: TrainConfig, networks: Networks) -> Float[Tensor, " c"] | None:
    """Weights of the latent channels' errors, of mean one, if they are to differ."""
    std = latents_std(networks["vae"])  # pyright: ignore[reportArgumentType]
    if not config.diffusion.weigh_channels or std is None:
        return None
    variances = torch.tensor(std).square()
    return variances / variances.mean()


def make_pipeline(config: TrainConfig, networks: Networks) -> AnimateAnyonePipeline:
    """The whole pipeline around the networks as they are."""
    scheduler: DDIMScheduler = animate_anyone_schedule()
    parts: dict[str, Any] = {"reference_net": None} | {name: network.eval() for name, network in networks.items()}
    return AnimateAnyonePipeline(
        **parts,
        scheduler=scheduler,
        pose_style=config.diffusion.pose_style,
        area=config.data.frame_size.area,
        guidance_scale=config.diffusion.guidance_scale,
        num_inference_steps=config.diffusion.num_inference_steps,
        reference_pose=config.diffusion.reference_pose_share > 0,
        image_tokens=config.diffusion.image_tokens,
        noise_scale=config.diffusion.noise_scale,
    )


def picturing(num_frames: Callable[[TrainConfig], int]) -> Callable[[TrainConfig, Networks], Image.Image]:
    """A `Stage.picture`: a row for each character: reference, poses, true frames, predicted frames."""

    def picture(config: TrainConfig, networks: Networks) -> Image.Image:
        source = make_source(config.data, split="validation")
        pipeline = make_pipeline(config, networks)
        style = STYLES[config.diffusion.pose_style]
        length = num_frames(config)
        rows: list[list[Tensor]] = []
        for index in range(min(NUM_CHARACTERS_SHOWN, len(source))):
            clip = source.clip(index)
            # The reference is the frame farthest in time from what is to be shown.
            start = len(clip.frames) - length
            poses = rearrange(
                pose_pictures(clip.poses, list(range(start, start + length)), style), "c f h w -> f c h w"
            )
            reference_pose = rearrange(pose_pictures(clip.poses, [0], style), "c 1 h w -> c h w")
            result = pipeline(
                to_image(clip.frames[0]),
                [to_image(pose) for pose in poses],
                reference_pose_image=to_image(reference_pose) if config.diffusion.reference_pose_share else None,
                generator=seeded_generator(index),
            )
            shown = np.linspace(0, length - 1, min(length, NUM_FRAMES_SHOWN)).round().astype(int).tolist()
            predicted = [to_frame(frame) for frame in result.frames]  # pyright: ignore[reportArgumentType]
            rows.append(
                [clip.frames[0]]
                + [poses[number] for number in shown]
                + [clip.frames[start + number] for number in shown]
                + [predicted[number] for number in shown]
            )
        return grid(rows)

    return picture


def all_in_use(networks: Networks) -> list[nn.Parameter]:
    """Everything but what the ReferenceNet computes for nobody: exactly that gets no gradient."""
    reference_net = networks.get("reference_net")
    idle: set[int] = set()
    if isinstance(reference_net, ReferenceNet):
        idle = {id(parameter) for parameter in reference_net.parameters_without_effect()}
    chosen = [networks[name] for name in ("reference_net", "denoising_unet", "pose_guider") if name in networks]
    return [parameter for network in chosen for parameter in network.parameters() if id(parameter) not in idle]


def temporal_parameters(networks: Networks) -> list[nn.Parameter]:
    """Temporal attention alone."""
    return list(networks["denoising_unet"].temporal_parameters())  # pyright: ignore[reportCallIssue]


def still(_: TrainConfig) -> int:
    """Stage 1 looks at single frames."""
    return 1


def clip_length(config: TrainConfig) -> int:
    """Stage 2 and one-stage look at clips."""
    return config.diffusion.num_frames


STAGE_1 = Stage(
    name="stage1",
    trains=("reference_net", "denoising_unet", "pose_guider"),
    needs=("vae", "image_encoder"),
    trainable=all_in_use,
    draw=drawing(stills),
    objective=objective,
    picture=picturing(still),
    pipeline=make_pipeline,
)

STAGE_2 = Stage(
    name="stage2",
    trains=("denoising_unet",),
    needs=("vae", "image_encoder", "reference_net", "pose_guider"),
    temporal=True,
    trainable=temporal_parameters,
    draw=drawing(window),
    objective=objective,
    picture=picturing(clip_length),
    pipeline=make_pipeline,
)

ONE_STAGE = replace(STAGE_1, name="one-stage", temporal=True, draw=drawing(window), picture=picturing(clip_length))
