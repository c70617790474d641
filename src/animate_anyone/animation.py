"""The engine behind every front end: a reference image and a driving motion in, the frames of a video out."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

import torch
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor

from animate_anyone.errors import ConfigError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.models.vae import downscale_factor
from animate_anyone.pipeline import AnimateAnyonePipeline, Frame
from animate_anyone.pose.align import AlignmentReport, align_poses, place_poses
from animate_anyone.pose.draw import STYLES, draw_pose
from animate_anyone.pose.driving import Driving, SkeletonVideo
from animate_anyone.pose.images import DrawnPoseImages, PoseImages, SkeletonVideoImages
from animate_anyone.pose.motion import UseOfPoses
from animate_anyone.pose.skeleton import Pose
from animate_anyone.pose.skeleton_reading import read_skeleton_video
from animate_anyone.sampling.presets import PRESETS, OfferedPreset
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.sampling.windows import ClosedLoopWindows, WindowPlan
from animate_anyone.streaming import NUM_STEPS, stream, usual_steps

WindowPlanName = Literal["overlapping", "closed-loop"]


@dataclass(frozen=True, kw_only=True)
class AnimateOptions:
    """What a user can choose about an animation; None is what suits the checkpoint."""

    seed: int = 0
    """Of the noise: the same seed gives the same pixels on the same machine."""
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    """1 for no guidance."""
    area: int | None = None
    """Width x height of the video in pixels; the aspect ratio is always that of the reference image."""
    windows: WindowPlanName = "overlapping"
    """How a long clip is cut; "closed-loop" is what Moore-AnimateAnyone does."""
    windows_at_once: int = 1
    """Windows denoised together: more memory, and faster on a device that one does not keep busy."""
    preset: OfferedPreset = "exact"
    """"fast" leaves out work that changes little: see `sampling.presets`. "stream" takes few steps without guidance
    and gives frames as it goes along: see `streaming`."""

    def __post_init__(self):
        if self.preset == "stream" and (self.windows, self.windows_at_once) != ("overlapping", 1):
            raise ConfigError(
                "The preset 'stream' has one window, which rolls along the clip: the options on windows are for the "
                "others. Leave them out, or choose the preset 'exact'."
            )
        if self.preset == "stream" and self.guidance_scale not in (None, 1):
            raise ConfigError(
                f"The preset 'stream' has no guidance; got {self.guidance_scale:g}. Leave it out, or choose the preset "
                "'exact'."
            )
        if self.preset == "fast" and self.windows == "closed-loop":
            raise ConfigError(
                "The preset 'fast' cannot be had with the windows 'closed-loop', which wrap around: it keeps features "
                "of neighbouring windows only. Choose the windows 'overlapping', or the preset 'exact'."
            )

    def resolved(self, *, num_inference_steps: int, window_size: int) -> "AnimateOptions":
        """With a stream's own steps and guidance where they were left open: the checkpoint's are those of whole clips.

        Args:
            num_inference_steps: of the checkpoint, for whole clips.
            window_size: of the checkpoint, in frames.

        Raises:
            ConfigError: a stream cannot have as many steps.
        """
        if self.preset != "stream":
            return self
        steps = self.num_inference_steps
        if steps is None:
            steps = usual_steps(num_inference_steps)
        if steps > window_size:
            raise ConfigError(
                f"The preset 'stream' takes at most {window_size} steps, the frames of its window; got {steps}. Choose "
                "fewer steps, or the preset 'exact'."
            )
        return replace(self, num_inference_steps=steps, guidance_scale=1.0)

    def resolved_for(self, pipeline: AnimateAnyonePipeline) -> "AnimateOptions":
        """As `resolved`, for an opened checkpoint."""
        return self.resolved(
            num_inference_steps=pipeline.config["num_inference_steps"], window_size=pipeline.window_size
        )


@dataclass(frozen=True, kw_only=True)
class Animation:
    """A video that is computed while `frames` is iterated."""

    geometry: Geometry
    """How the reference lies on the canvas of the networks, and which part of the canvas is shown."""
    pose_images: PoseImages
    """Skeleton pictures on the canvas, with the rate of the video; closed once all frames are out."""
    alignment: AlignmentReport | None
    """What was done to the proportions of the driving skeleton; None where they are not known."""
    frames: Iterator[Frame]
    """RGB frames of size `geometry.output`."""

    def pose_frame(self, index: int) -> Frame:
        """The skeleton picture of a frame, as it lies in the output."""
        return self.geometry.crop(self.pose_images.window([index]))[0]


def animate(
    pipeline: AnimateAnyonePipeline,
    reference: Image.Image,
    driving: Driving,
    *,
    reference_pose: Pose | None = None,
    align: bool = True,
    options: AnimateOptions = AnimateOptions(),
    decoder: AutoencoderTiny | None = None,
    on_step: Callable[[int, Tensor, Tensor], None] | None = None,
    on_window: Callable[[int, int, int], None] | None = None,
) -> Animation:
    """Makes the character of the reference image follow the driving motion.

    Args:
        pipeline: the checkpoint.
        reference: the character, any size; the video has its aspect ratio.
        driving: what moves it; the video has its number of frames and its rate.
        reference_pose: the pose of the character in pixels of the reference image, where it is known. Checkpoints
            that were trained for it find the parts of the character by it.
        align: with a reference pose, give a driving motion of keypoints the proportions and the place of the
            character; otherwise the driving picture is shown whole in the middle. So are the frames of a skeleton
            video, unless the checkpoint's pose pictures are drawn from keypoints (`use_of_poses`), which are then read
            from it.
        options: choices of the user.
        decoder: decodes the frames of a stream in place of the checkpoint's VAE.
        on_step: called after every denoising step with its index, the model output and the latents; not in a stream,
            where frames take their steps at different times.
        on_window: called after every window of frames with the index of the step, the windows done in it, and all; not
            in a stream.

    Raises:
        ConfigError: the options do not fit the checkpoint.
    """
    options = options.resolved_for(pipeline)
    area = pipeline.config["area"] if options.area is None else options.area
    geometry = Geometry.fit(Size(*reference.size), area=area, multiple=downscale_factor(pipeline.vae))
    style = pipeline.config["pose_style"]
    pose_images, alignment = _pose_images(driving, reference_pose if align else None, geometry, style)
    reference_pose_image = None
    if reference_pose is not None and pipeline.config["reference_pose"]:
        reference_pose_image = _reference_pose_image(reference_pose, geometry, style)
    canvas, generator = geometry.canvas, torch.Generator().manual_seed(options.seed)
    if options.preset == "stream":
        frames = stream(
            pipeline,
            geometry.to_canvas(reference),
            (pose_images.window([index])[0] for index in range(len(pose_images))),
            num_steps=NUM_STEPS if options.num_inference_steps is None else options.num_inference_steps,
            reference_pose_image=reference_pose_image,
            width=canvas.width,
            height=canvas.height,
            decoder=decoder,
            generator=generator,
        )
    else:
        frames = pipeline.animate(
            geometry.to_canvas(reference),
            pose_images,
            reference_pose_image=reference_pose_image,
            width=canvas.width,
            height=canvas.height,
            settings=SamplingSettings(
                num_inference_steps=options.num_inference_steps,
                guidance_scale=options.guidance_scale,
                windows=_window_plan(options.windows, pipeline),
                windows_at_once=options.windows_at_once,
                preset=PRESETS[options.preset],
            ),
            generator=generator,
            on_step=on_step,
            on_window=on_window,
        )
    return Animation(
        geometry=geometry,
        pose_images=pose_images,
        alignment=alignment,
        frames=_shown(frames, pose_images, geometry),
    )


def use_of_poses(pipeline: AnimateAnyonePipeline) -> UseOfPoses:
    """What a checkpoint does with poses."""
    return UseOfPoses(
        sees_reference_pose=pipeline.config["reference_pose"],
        reads_keypoints=STYLES[pipeline.config["pose_style"]].body_map,
    )


def _shown(frames: Iterator[Frame], pose_images: PoseImages, geometry: Geometry) -> Iterator[Frame]:
    with closing(pose_images):
        for frame in frames:
            yield geometry.crop(frame[None])[0]


def _reference_pose_image(pose: Pose, geometry: Geometry, style: str) -> Image.Image:
    on_canvas = replace(pose, keypoints=geometry.points_to_canvas(pose.keypoints))
    return Image.fromarray(draw_pose(on_canvas, size=geometry.canvas, style=STYLES[style]))


def _pose_images(
    driving: Driving, reference_pose: Pose | None, geometry: Geometry, style: str
) -> tuple[PoseImages, AlignmentReport | None]:
    if isinstance(driving, SkeletonVideo):
        if not STYLES[style].body_map:
            return SkeletonVideoImages(driving.path, geometry=geometry, max_frames=driving.max_frames), None
        # Maps are made of keypoints.
        driving = read_skeleton_video(driving.path, max_frames=driving.max_frames)
    alignment = None
    if reference_pose is not None:
        driving, alignment = align_poses(driving, reference_pose, size=geometry.source)
    return DrawnPoseImages(place_poses(driving, geometry), style=STYLES[style]), alignment


def _window_plan(name: WindowPlanName, pipeline: AnimateAnyonePipeline) -> WindowPlan | None:
    match name:
        case "overlapping":
            return None  # the pipeline's own plan
        case "closed-loop":
            return ClosedLoopWindows(pipeline.window_size, overlap=pipeline.window_size // 6)
