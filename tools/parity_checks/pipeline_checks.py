"""The whole pipeline: from a picture and skeleton pictures to a video, with every intermediate result on the way."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from animate_anyone.models.reference_features import ReferenceFeatures
from animate_anyone.pipeline import AnimateAnyonePipeline, Reference
from animate_anyone.sampling.schedule import set_timesteps
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.sampling.windows import ClosedLoopWindows, Window
from parity_checks import networks
from parity_checks.fixture import Fixture
from parity_checks.model_checks import LITERAL_HALF, half_rounded
from parity_checks.sampling_checks import scheduler_of

NOISE = "in/noise"
DEFAULT_CONTEXT = {"context_frames": 24, "context_overlap": 4, "context_stride": 1}


def recognises(fixture: Fixture) -> bool:
    """Whether this is a fixture of whole runs."""
    return bool(fixture.prefixes(NOISE)) and bool(fixture.prefixes("in/pose_images"))


@torch.inference_mode()
def check(fixture: Fixture, folder: Path) -> None:
    """Runs every case through one pipeline."""
    pipeline = AnimateAnyonePipeline(
        vae=networks.vae(fixture, folder),
        image_encoder=networks.image_encoder(fixture, folder),
        reference_net=networks.reference_net(fixture, folder),
        denoising_unet=networks.denoising_unet(fixture, folder),
        pose_guider=networks.pose_guider(fixture, folder),
        scheduler=scheduler_of(fixture.sidecar["config"]["scheduler"]),
    )
    pipeline.set_progress_bar_config(disable=True)
    for prefix in fixture.prefixes(NOISE):
        _check_case(fixture, prefix, pipeline, fixture.sidecar["cases"][prefix.rstrip("/")])


@dataclass(frozen=True)
class RecordedWindows:
    """A window plan that remembers what it was asked for."""

    plan: ClosedLoopWindows
    steps: list[list[Window]] = field(default_factory=lambda: list[list[Window]]())

    def __call__(self, num_frames: int, step: int) -> list[Window]:
        self.steps.append(self.plan(num_frames, step))
        return self.steps[-1]


@dataclass(frozen=True)
class Calls:
    """Inputs and outputs of a network, call by call."""

    inputs: list[Tensor] = field(default_factory=lambda: list[Tensor]())
    outputs: list[Tensor] = field(default_factory=lambda: list[Tensor]())


def _check_case(fixture: Fixture, prefix: str, pipeline: AnimateAnyonePipeline, case: Mapping[str, Any]) -> None:
    image = Image.fromarray(fixture.input(f"{prefix}in/ref_image").numpy())
    poses = [Image.fromarray(picture.numpy()) for picture in fixture.input(f"{prefix}in/pose_images")]
    size = {"width": case["width"], "height": case["height"]}
    context = DEFAULT_CONTEXT | {key: case[key] for key in DEFAULT_CONTEXT if key in case}
    plan = ClosedLoopWindows(
        size=context["context_frames"], overlap=context["context_overlap"], stride=context["context_stride"]
    )
    windows = plan.indices(len(poses))
    _check_plan(fixture, prefix, pipeline, case, windows)

    with _recorded(pipeline.image_encoder) as encoder, _recorded(pipeline.reference_net) as reference_net:
        reference = pipeline.encode_reference(image, **size)
    fixture.judge(f"{prefix}clip_pixel_values", encoder.inputs[0])
    fixture.judge(f"{prefix}image_embeds", reference.image_tokens[:, 0])
    fixture.judge(f"{prefix}ref_latents", reference_net.inputs[0][-1:])

    guided = case["guidance_scale"] > 1
    steps: list[tuple[Tensor, Tensor]] = []

    def denoise(reference: Reference, plan: RecordedWindows) -> Tensor:
        return pipeline.denoise(
            reference,
            poses,
            **size,
            settings=SamplingSettings(
                num_inference_steps=case["steps"], guidance_scale=case["guidance_scale"], windows=plan
            ),
            latents=fixture.input(f"{prefix}{NOISE}"),
            on_step=lambda _step, output, latents: steps.append((output.clone(), latents.clone())),
        )

    asked = RecordedWindows(plan)
    with (
        _recorded(pipeline.pose_guider) as pose_guider,
        _recorded(pipeline.denoising_unet) as unet,
        _summed_overlaps(pipeline.denoising_unet, windows, len(poses), active=not guided),
    ):
        latents = denoise(reference, asked)
    _judge_poses(fixture, prefix, pose_guider, asked.steps[0], len(poses))
    fixture.judge(f"{prefix}pred_first_window", _first_prediction(unet, guided))
    summed = not guided and len(windows) > 1
    note = "the recorded program sums overlapping windows here; so does this check" if summed else ""
    for index, (output, after) in enumerate(steps):
        fixture.judge(f"{prefix}step{index}/guided_model_output", output, note=note)
        fixture.judge(f"{prefix}step{index}/latents", after, note=note)
    fixture.judge(f"{prefix}video", torch.stack(list(pipeline.decode(latents)), dim=1)[None], note=note)

    literal = f"{prefix}final_latents{LITERAL_HALF}"
    if fixture.wants(literal):
        assert isinstance(reference.features, ReferenceFeatures)
        halved = Reference(image_tokens=reference.image_tokens, features=half_rounded(reference.features))
        with _summed_overlaps(pipeline.denoising_unet, windows, len(poses), active=not guided):
            fixture.judge(literal, denoise(halved, RecordedWindows(plan)), note="reference tokens rounded to half")


def _check_plan(
    fixture: Fixture,
    prefix: str,
    pipeline: AnimateAnyonePipeline,
    case: Mapping[str, Any],
    windows: list[tuple[int, ...]],
) -> None:
    if "timesteps" in case:
        timesteps = set_timesteps(pipeline.scheduler, case["steps"]).tolist()
        fixture.expect(f"{prefix}timesteps", timesteps == case["timesteps"])
    if "windows" in case:
        fixture.expect(f"{prefix}windows", [list(window) for window in windows] == case["windows"])


def _judge_poses(fixture: Fixture, prefix: str, guider: Calls, windows: list[Window], num_frames: int) -> None:
    """Puts the frames in the order of the clip, which the recorded program encoded at once."""
    # Every frame is encoded once, with the first window that holds it.
    order = list(dict.fromkeys(frame for window in windows for frame in window.frames))
    for name, pieces in (("pose_cond", guider.inputs), ("pose_fea", guider.outputs)):
        first = pieces[0]
        clip = first.new_full((*first.shape[:2], num_frames, *first.shape[3:]), torch.nan)
        clip[:, :, order] = torch.cat(pieces, dim=2)
        fixture.judge(f"{prefix}{name}", clip)


def _first_prediction(unet: Calls, guided: bool) -> Tensor:
    """Of the first window: unconditional and conditional row, or the conditional row alone."""
    if not guided:
        return unet.outputs[0]
    conditional, unconditional = unet.outputs[:2]
    return torch.cat([unconditional, conditional])


@contextmanager
def _recorded(network: nn.Module) -> Generator[Calls]:
    calls = Calls()

    def record(_module: nn.Module, inputs: tuple[Tensor, ...], output: Any) -> None:
        calls.inputs.append(inputs[0])
        calls.outputs.append(output)

    handle = network.register_forward_hook(record)
    try:
        yield calls
    finally:
        handle.remove()


@contextmanager
def _summed_overlaps(
    network: nn.Module, windows: list[tuple[int, ...]], num_frames: int, *, active: bool
) -> Generator[None]:
    """Undoes the averaging of overlapping windows, which the recorded program leaves out when there is no guidance."""
    coverage = torch.zeros(num_frames)
    for window in windows:
        coverage[list(window)] += 1
    calls = 0

    def scale(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        nonlocal calls
        window = windows[calls % len(windows)]
        calls += 1
        return output * coverage[list(window), None, None]

    if not active or len(windows) == 1:
        yield
        return
    handle = network.register_forward_hook(scale)
    try:
        yield
    finally:
        handle.remove()
