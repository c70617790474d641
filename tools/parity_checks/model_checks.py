"""Networks alone: Pose Guider, ReferenceNet and its tokens, denoising UNet with and without its conditions."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_features import ReferenceFeatures
from animate_anyone.sampling.guidance import Prediction, guide
from parity_checks import networks
from parity_checks.fixture import Fixture

LATENTS = "in/latents"
LITERAL_HALF = "_peer_literal_fp16_bank"
"""The recorded program rounds reference tokens to half precision, whatever precision it runs in."""


def recognises(fixture: Fixture) -> bool:
    """Whether this is a fixture of single forward passes."""
    return bool(fixture.prefixes("in/ref_latents")) and "unet" in fixture.sidecar.get("config", {})


@torch.inference_mode()
def check(fixture: Fixture, folder: Path) -> None:
    """Runs each network for all cases, and frees it before the next is built."""
    prefixes = fixture.prefixes(LATENTS)

    pose_guider = networks.pose_guider(fixture, folder)
    pose_features = {prefix: pose_guider(fixture.input(f"{prefix}in/pose_uint8").float() / 255) for prefix in prefixes}
    for prefix in prefixes:
        fixture.judge(f"{prefix}pose_guider/out", pose_features[prefix])
    del pose_guider

    references = _reference_features(fixture, folder, prefixes)

    unet = networks.denoising_unet(fixture, folder)
    for prefix in prefixes:
        _check_denoising(fixture, prefix, unet, pose_features[prefix], references[prefix])


def image_tokens(fixture: Fixture, prefix: str) -> Tensor:
    """Rows: unconditional (zeros), conditional."""
    tokens = fixture.input(f"{prefix}in/image_embeds")
    return torch.cat([torch.zeros_like(tokens), tokens])


def half_rounded(features: ReferenceFeatures) -> ReferenceFeatures:
    """Tokens with half precision's rounding errors, in single precision."""
    return features.to(torch.float16).to(torch.float32)


def tokens_by_layer(features: ReferenceFeatures) -> dict[str, Tensor]:
    """Reference tokens under the names of the layers that they enter."""
    stages = [(f"down_blocks.{i}", stage) for i, stage in enumerate(features.down)]
    stages += [("mid_block", features.mid), *((f"up_blocks.{i}", stage) for i, stage in enumerate(features.up))]
    return {
        f"{name}.attentions.{layer}.transformer_blocks.0": tokens
        for name, stage in stages
        for layer, tokens in enumerate(stage)
    }


def row(features: ReferenceFeatures, index: int) -> ReferenceFeatures:
    """One sample of a batch."""

    def pick(stage: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(tokens[index : index + 1] for tokens in stage)

    return ReferenceFeatures(
        down=tuple(pick(stage) for stage in features.down),
        mid=pick(features.mid),
        up=tuple(pick(stage) for stage in features.up),
    )


def _reference_features(fixture: Fixture, folder: Path, prefixes: list[str]) -> dict[str, ReferenceFeatures]:
    reference_net = networks.reference_net(fixture, folder)
    last_stage = f"up_blocks.{len(reference_net.up_blocks) - 1}"
    references: dict[str, ReferenceFeatures] = {}
    for prefix in prefixes:
        wanted = _trace_names(fixture, f"{prefix}reference_unet/trace/")
        traces: dict[str, Tensor] = {}
        latents = fixture.input(f"{prefix}in/ref_latents").repeat(2, 1, 1, 1)
        with networks.traced(reference_net, [last_stage, *wanted], traces):
            references[prefix] = reference_net(latents, image_tokens(fixture, prefix))
        fixture.judge(f"{prefix}reference_unet/sample", traces[last_stage])
        for name in wanted:
            if name in traces:
                fixture.judge(f"{prefix}reference_unet/trace/{name}", traces[name])
        for name, tokens in tokens_by_layer(references[prefix]).items():
            fixture.judge(f"{prefix}bank/{name}", tokens)
    return references


def _check_denoising(
    fixture: Fixture, prefix: str, unet: DenoisingUNet, pose_features: Tensor, references: ReferenceFeatures
) -> None:
    latents = fixture.input(f"{prefix}{LATENTS}")
    tokens = image_tokens(fixture, prefix)
    unconditional, conditional = tokens.chunk(2)
    timestep = torch.tensor([_timestep(fixture, prefix)])
    pose_of_both = pose_features.repeat(2, 1, 1, 1, 1)
    reference = row(references, 1)
    # Only the second sample sees the reference.
    of_second = references.keep(torch.tensor([False, True]))

    def both(features: ReferenceFeatures) -> Tensor:
        return unet(
            latents.repeat(2, 1, 1, 1, 1), timestep.repeat(2), tokens, pose_features=pose_of_both, reference=features
        )

    def alone(tokens: Tensor, **conditions: Any) -> Tensor:
        return unet(latents, timestep, tokens, **conditions)

    runs: Mapping[str, Callable[[], Tensor]] = {
        "denoise_noref": lambda: alone(conditional, pose_features=pose_features),
        "denoise_noref_nopose": lambda: alone(conditional),
        "denoise_nocfg": lambda: alone(conditional, pose_features=pose_features, reference=reference),
        "denoise_cfg": lambda: both(of_second),
    }
    for run, predict in runs.items():
        wanted = _trace_names(fixture, f"{prefix}{run}/trace/")
        if wanted or fixture.wants(f"{prefix}{run}/out"):
            traces: dict[str, Tensor] = {}
            with networks.traced(unet, wanted, traces):
                fixture.judge(f"{prefix}{run}/out", predict())
            for name, trace in traces.items():
                fixture.judge(f"{prefix}{run}/trace/{name}", _unfold(trace, frames=latents.shape[2]))

    guided = f"{prefix}denoise_cfg/guided"
    if fixture.wants(guided):
        # As the pipeline does it: two predictions.
        prediction = Prediction(
            conditional=alone(conditional, pose_features=pose_features, reference=reference),
            unconditional=alone(unconditional, pose_features=pose_features),
        )
        fixture.judge(guided, guide(prediction, fixture.metas[guided]["guidance_scale"]))

    if fixture.wants(f"{prefix}denoise_cfg/out{LITERAL_HALF}"):
        fixture.judge(f"{prefix}denoise_cfg/out{LITERAL_HALF}", both(half_rounded(of_second)))
    if fixture.wants(f"{prefix}denoise_nocfg/out{LITERAL_HALF}"):
        halved = alone(conditional, pose_features=pose_features, reference=half_rounded(reference))
        fixture.judge(f"{prefix}denoise_nocfg/out{LITERAL_HALF}", halved)


def _timestep(fixture: Fixture, prefix: str) -> int:
    case = fixture.sidecar["cases"][prefix.rstrip("/")] if prefix else fixture.sidecar["case"]
    return case["timestep"] if "timestep" in case else case["t"]


def _trace_names(fixture: Fixture, prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in fixture.metas if name.startswith(prefix)]


def _unfold(trace: Tensor, *, frames: int) -> Tensor:
    """Feature maps hold the frames in the batch; recorded ones do not."""
    return rearrange(trace, "(b f) c h w -> b c f h w", f=frames) if trace.ndim == 4 else trace
