"""Stage `lora`: low-rank adapters of a whole pipeline's attention, all its weights frozen (Hu et al. 2022)."""

from dataclasses import replace
from typing import Any

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import save_file
from torch import nn

from animate_anyone.checkpoints.adapters import ADAPTER_WEIGHTS, PREFIX, merge_adapters
from animate_anyone.errors import ConfigError, MissingExtraError
from animate_anyone.media.atomic import replaced_folder
from animate_anyone.train.animation_stages import clip_length, drawing, make_pipeline, objective, picturing, window
from animate_anyone.train.checkpoint import contiguous
from animate_anyone.train.config import Lora, TrainConfig
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stage import Networks, Stage

ADAPTED = ("reference_net", "denoising_unet")
ADAPTERS = "adapters"
NAME = ".default"
"""PEFT's name of the only adapter, which is part of the names of its parameters."""


def layers_to_adapt(networks: Networks, settings: Lora) -> dict[str, list[str]]:
    """Names of the layers that the targets mean, by component; none that the ReferenceNet computes for nobody.

    Raises:
        ConfigError: If a target means no layer at all.
    """
    idle = {id(parameter) for parameter in networks["reference_net"].parameters_without_effect()}  # pyright: ignore[reportCallIssue]
    layers = {
        component: [
            name
            for name, module in networks[component].named_modules()
            if isinstance(module, nn.Linear) and id(module.weight) not in idle and ends_with_any(name, settings.targets)
        ]
        for component in ADAPTED
    }
    everywhere = [name for names in layers.values() for name in names]
    unused = [target for target in settings.targets if not any(ends_with_any(name, (target,)) for name in everywhere)]
    if unused:
        raise ConfigError(f"lora.targets: no linear layer has a name that ends in {', '.join(unused)}.")
    return {component: names for component, names in layers.items() if names}


def ends_with_any(name: str, targets: tuple[str, ...]) -> bool:
    """Whether whole parts of a dotted name are a target."""
    return any(f".{name}".endswith(f".{target}") for target in targets)


def add_adapters(config: TrainConfig, networks: Networks) -> None:
    """Puts adapters around the layers. They start without effect, and depend on `config.seed` only.

    Raises:
        ConfigError: If a target means no layer at all.
        MissingExtraError: If PEFT is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise MissingExtraError("peft", extra="train", purpose="The stage lora") from error
    for component, names in layers_to_adapt(networks, config.lora).items():
        settings = LoraConfig(r=config.lora.rank, lora_alpha=config.lora.alpha, target_modules=names)  # pyright: ignore[reportArgumentType]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            inject_adapter_in_model(settings, networks[component])


def adapter_parameters(networks: Networks) -> list[nn.Parameter]:
    """The adapters alone."""
    return [
        parameter
        for component in ADAPTED
        for name, parameter in networks[component].named_parameters()
        if ".lora_" in name
    ]


def save_adapters(config: TrainConfig, networks: Networks) -> None:
    """Writes `adapters/`, in PEFT's layout."""
    with replaced_folder(config.output / ADAPTERS) as folder:
        for component in ADAPTED:
            network: Any = networks[component]
            adapters = {
                PREFIX + name.replace(NAME, ""): parameter
                for name, parameter in network.named_parameters()
                if ".lora_" in name
            }
            if adapters:
                network.peft_config["default"].save_pretrained(str(folder / component))
                save_file(contiguous(adapters), folder / component / ADAPTER_WEIGHTS)


def merged_pipeline(config: TrainConfig, networks: Networks) -> DiffusionPipeline:
    """The pipeline of `init`, in full precision, with what `adapters/` holds added to its weights."""
    whole = make_networks(config, replace(LORA_STAGE, adapt=None))
    merge_adapters(whole, config.output / ADAPTERS)
    return make_pipeline(config, whole)


LORA_STAGE = Stage(
    name="lora",
    trains=ADAPTED,
    needs=("vae", "image_encoder", "reference_net", "denoising_unet", "pose_guider"),
    temporal=True,
    adapt=add_adapters,
    trainable=adapter_parameters,
    draw=drawing(window),
    objective=objective,
    picture=picturing(clip_length),
    finish=save_adapters,
    saves=False,
    pipeline=merged_pipeline,
)
