"""What a stage of training is: which components train, how a sample is drawn, its loss. Stages are values of this."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from diffusers import DiffusionPipeline
from PIL import Image
from torch import nn

from animate_anyone.data.procedural import Split
from animate_anyone.train.batches import Draw
from animate_anyone.train.config import TrainConfig

Networks = dict[str, nn.Module]
"""Components by the name they have in the pipeline: vae, image_encoder, reference_net, denoising_unet, pose_guider; and
the `teacher` of a stage that has one."""


class MakeDraw(Protocol):
    """Gives the function that draws a sample of a split."""

    def __call__(self, config: TrainConfig, networks: Networks, *, split: Split = "train") -> Draw: ...


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of training, as a value.

    Attributes:
        name: As written in the configuration.
        trains: Components it trains; those that `init` does not name are made anew.
        needs: Components that `init` has to name; it only uses them, unless it trains them too.
        trainable: Gives the parameters to train. All others get no gradient.
        adapt: Changes the networks before all else, such as adding adapters to them.
        start: First touch to components made anew, such as setting weights that are computed from data.
        draw: Gives the function that draws a sample.
        objective: Gives a module whose `forward(batch)` returns named scalars, of which `loss` is minimised.
        picture: Draws what the networks can do by now, on validation data.
        finish: Last touch before the components are saved, such as setting the scale of the VAE's latents.
        saves: Whether the trained components are saved whole.
        pipeline: Gives the whole pipeline, where all its components are at hand.
        temporal: Whether the denoising UNet has temporal attention; one that has none yet is given it. None: as it is.
    """

    name: str
    trains: tuple[str, ...]
    needs: tuple[str, ...] = ()
    trainable: Callable[[Networks], list[nn.Parameter]]
    draw: MakeDraw
    objective: Callable[[TrainConfig, Networks], nn.Module]
    adapt: Callable[[TrainConfig, Networks], None] | None = None
    start: Callable[[TrainConfig, Networks], None] | None = None
    picture: Callable[[TrainConfig, Networks], Image.Image] | None = None
    finish: Callable[[TrainConfig, Networks], None] | None = None
    saves: bool = True
    pipeline: Callable[[TrainConfig, Networks], DiffusionPipeline] | None = None
    temporal: bool | None = False

    def without(self, component: str) -> "Stage":
        """The same stage for a pipeline that has no such component."""
        trains, needs = (tuple(name for name in names if name != component) for names in (self.trains, self.needs))
        return replace(self, trains=trains, needs=needs)

    def prepare(self, networks: Networks) -> dict[str, nn.Parameter]:
        """Set what trains and what does not; returns the parameters that train, by component and name."""
        chosen = {id(parameter) for parameter in self.trainable(networks)}
        for name, network in networks.items():
            network.train(name in self.trains)
            for parameter in network.parameters():
                parameter.requires_grad_(id(parameter) in chosen)
        return {
            f"{component}.{name}": parameter
            for component in self.trains
            for name, parameter in networks[component].named_parameters()
            if parameter.requires_grad
        }


def all_parameters(*components: str) -> Callable[[Networks], list[nn.Parameter]]:
    """A `Stage.trainable` for stages that train these components whole."""
    return lambda networks: [parameter for name in components for parameter in networks[name].parameters()]


def device_of(network: nn.Module) -> torch.device:
    """The device of a network's parameters."""
    return next(network.parameters()).device


def round_frozen(networks: Networks) -> None:
    """Turns UNet parameters that do not train into bfloat16; the encoders keep the precision of what they cache."""
    for name in {"reference_net", "denoising_unet", "teacher"} & networks.keys():
        for parameter in networks[name].parameters():
            if not parameter.requires_grad:
                parameter.data = parameter.data.to(torch.bfloat16)
