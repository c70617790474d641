"""From files to a video file: what front ends ask of the engine, as one value, and the function that does it."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from diffusers import AutoencoderTiny
from PIL import Image

from animate_anyone.animation import AnimateOptions, Animation, animate, use_of_poses
from animate_anyone.checkpoints.download import sha256_of
from animate_anyone.devices.placement import Placement
from animate_anyone.errors import AnimateAnyoneError, ConfigError, MediaError, PoseError
from animate_anyone.media.image import load_image
from animate_anyone.media.panels import side_by_side
from animate_anyone.media.size import Size
from animate_anyone.media.writer import check_output, write_video
from animate_anyone.opened_model import open_decoder_of, open_model, settings_used
from animate_anyone.pipeline import AnimateAnyonePipeline, Frame
from animate_anyone.pose.driving import rate_of
from animate_anyone.pose.motion import Motion, MotionOptions, UseOfPoses, find_motion
from animate_anyone.pose.skeleton_video import check_rate
from animate_anyone.run_report import (
    Picture,
    PoseFile,
    PosesUsed,
    RunReport,
    Stopwatch,
    peak_memory,
    report_path,
)
from animate_anyone.sampling.presets import PRESETS

Phase = Literal["poses", "denoising", "frames"]
"""What takes long: finding poses (in frames), denoising (in steps), decoding and writing (in frames)."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A video that is asked for. The report is written beside it, with the suffix .json."""

    reference: Path
    driving: Path
    output: Path
    model: str = "mini"
    """A known name, a model folder, or a hub repository."""
    options: AnimateOptions = field(default_factory=AnimateOptions)
    motion: MotionOptions = field(default_factory=MotionOptions)
    decoder: str | None = None
    """For the preset "stream": a known name or a folder, to decode by in place of the model's own."""
    compare: bool = False
    """Show reference, pose and result side by side in place of the result alone."""
    placement: Placement = field(default_factory=Placement)
    """Where and how the model computes."""


class Listener(Protocol):
    """What a front end wants to know while a job runs."""

    def progress(self, phase: Phase, done: float, total: float) -> None:
        """A part of a phase is done."""
        ...

    def note(self, text: str) -> None:
        """Something that the user should read, now."""
        ...


def run_job(job: Job, listener: Listener) -> RunReport:
    """Makes the video and its report.

    Raises:
        AnimateAnyoneError: an input, the model or the output cannot be used; the message is for the user.
    """
    # --- What can fail at once ---
    check_output(job.output)
    report_to = report_path(job.output)
    _keep_inputs(job, report_to)
    if job.decoder is not None and job.options.preset != "stream":
        raise ConfigError("A decoder is for the preset 'stream' only. Choose that, or leave the decoder out.")
    placement = job.placement.resolved()
    placement.check_preset(job.options.preset)
    for text in placement.notes():
        listener.note(text)
    reference = load_image(job.reference)
    rate = rate_of(job.driving)
    check_rate(rate)
    check_output(job.output, fps=rate)
    stopwatch = Stopwatch()

    # --- The model ---
    with stopwatch.phase("open model"):
        pipeline, model = open_model(job.model, placement=placement)
        decoder = None
        if job.decoder is not None:
            decoder, model = open_decoder_of(job.decoder, pipeline, model, device=placement.torch_device)

    # --- The motion ---
    use = use_of_poses(pipeline)
    with stopwatch.phase("find poses"):
        motion = find_motion(
            job.driving,
            reference,
            options=job.motion,
            use=use,
            on_frame=lambda done, total: listener.progress("poses", done, total),
            note=listener.note,
        )

    # --- The video ---
    settings: dict[str, Any] = settings_used(job.options, pipeline, placement) | {
        "max_frames": job.motion.max_frames,
        "align": job.motion.align,
        "decoder": job.decoder,
        "compare": job.compare,
    }
    num_steps = int(settings["num_inference_steps"])
    if job.options.preset == "fast" and not PRESETS[job.options.preset].has_effect(
        num_steps, settings["guidance_scale"]
    ):
        listener.note(
            f"The preset '{job.options.preset}' has no effect: with so few steps ({num_steps}) nothing is left out."
        )
    # With the schedule of every model that can be opened, no noise comes in later.
    if job.options.seed != AnimateOptions.seed and pipeline.config["noise_scale"] == 0:
        listener.note(f"The seed has no effect: the model '{job.model}' starts from no noise.")
    started = denoised = time.perf_counter()

    def on_window(step: int, done: int, total: int) -> None:
        nonlocal denoised
        denoised = time.perf_counter()
        listener.progress("denoising", step + done / total, num_steps)

    animation = _animate(
        pipeline,
        reference,
        motion,
        job.options,
        use=use,
        align=job.motion.align,
        decoder=decoder,
        on_window=on_window,
        note=listener.note,
    )
    frames = _panels(animation, reference) if job.compare else animation.frames
    with _memory_reported():
        written = write_video(
            _counted(frames, len(animation.pose_images), listener),
            job.output,
            fps=animation.pose_images.fps,
            audio_from=job.driving if motion.is_video else None,
        )
    if job.options.preset == "stream":
        stopwatch.seconds["streaming"] = round(time.perf_counter() - started, 3)
    else:
        stopwatch.seconds["denoising"] = round(denoised - started, 3)
        stopwatch.seconds["decoding and writing"] = round(time.perf_counter() - denoised, 3)

    # --- The report ---
    report = RunReport(
        reference=Picture.of(job.reference, Size(*reference.size)),
        driving=Picture.of(job.driving, motion.size, num_frames=len(animation.pose_images), fps=motion.fps),
        output=Picture.of(written.path, written.size, num_frames=written.num_frames, fps=written.fps),
        sound=written.audio,
        model=model,
        poses=PosesUsed(
            driving=motion.kind,
            provider=motion.provider,
            detector_weights={file.name: sha256_of(file) for file in motion.detector_weights},
            reference_pose=motion.reference_pose_from if use.sees_reference_pose or animation.alignment else None,
            reference_pose_file=None if job.motion.reference_pose is None else PoseFile.of(job.motion.reference_pose),
            alignment=animation.alignment,
        ),
        settings=settings,
        seconds=stopwatch.seconds,
        peak_memory=peak_memory(placement.torch_device),
    )
    report.save(report_to)
    return report


def _keep_inputs(job: Job, report_to: Path) -> None:
    """Refuses to write over what is read."""
    inputs = (job.reference, job.driving, *filter(None, [job.motion.reference_pose]))
    for path in (job.output, report_to):
        if any(path.exists() and given.exists() and path.samefile(given) for given in inputs):
            raise MediaError(f"{path}: is an input and would be overwritten. Choose another name for the output.")


def _animate(
    pipeline: AnimateAnyonePipeline,
    reference: Image.Image,
    motion: Motion,
    options: AnimateOptions,
    *,
    use: UseOfPoses,
    align: bool,
    decoder: AutoencoderTiny | None,
    on_window: Callable[[int, int, int], None],
    note: Callable[[str], None],
) -> Animation:
    """The animation; if a detected pose turns out to be of no use, the motion is shown as it is."""
    reference_pose = motion.reference_pose
    if reference_pose is not None and not (use.fits(motion.kind, align=align) or use.sees_reference_pose):
        reason = "a skeleton video is shown as it is" if align else "the alignment is switched off"
        note(f"The pose of the reference has no effect: {reason}.")
    run = partial(
        animate,
        pipeline,
        reference,
        motion.driving,
        reference_pose=reference_pose,
        options=options,
        decoder=decoder,
        on_window=on_window,
    )
    try:
        return run(align=align)
    except PoseError as error:
        if motion.reference_pose_from != "detected":
            raise
        note(f"{error} The motion is shown as it is.")
        return run(align=False)


def _panels(animation: Animation, reference: Image.Image) -> Iterator[Frame]:
    geometry = animation.geometry
    still = geometry.crop(np.asarray(geometry.to_canvas(reference))[None])[0]
    for index, frame in enumerate(animation.frames):
        pictures = {"reference": still, "pose": animation.pose_frame(index), "result": frame}
        yield side_by_side(pictures, size=geometry.output)


def _counted(frames: Iterator[Frame], total: int, listener: Listener) -> Iterator[Frame]:
    for done, frame in enumerate(frames, start=1):
        yield frame
        listener.progress("frames", done, total)


@contextmanager
def _memory_reported() -> Generator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise AnimateAnyoneError(
            "The memory of the GPU is too small for this. 'animate-anyone doctor' says what it would take, and what to "
            "change: data type, offload, tiling, weights, area."
        ) from error
