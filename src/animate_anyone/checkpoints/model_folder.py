"""Our one-folder layout: is everything there that the configurations in it promise?

diffusers fills weights that a file lacks with random values and goes on, so the folder is checked before it is opened.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler
from diffusers.schedulers.scheduling_utils import SCHEDULER_CONFIG_NAME
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import CLIPVisionModelWithProjection

from animate_anyone.checkpoints.keymap import check_shapes
from animate_anyone.checkpoints.model_index import ModelIndex, read_model_index
from animate_anyone.errors import CheckpointError
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import vision_config
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import AUTOENCODERS

REFERENCE_NETWORKS: Mapping[str, Any] = {kind.__name__: kind for kind in (ReferenceNet, ControlNet)}
WEIGHT_FILE = re.compile(r"(diffusion_pytorch_model|model)(-\d{5}-of-\d{5})?\.safetensors")


def _image_encoder(config: dict[str, Any]) -> nn.Module:
    return CLIPVisionModelWithProjection(vision_config(config))


def one_of(component: str, classes: Mapping[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Builds a component that may be of several classes, by the name in its configuration."""

    def build(config: dict[str, Any]) -> Any:
        kind = str(config.get("_class_name"))
        if kind not in classes:
            known = ", ".join(classes)
            raise CheckpointError(f"The {component} of the model is of the class {kind!r}; it must be one of {known}.")
        return classes[kind].from_config(config)

    return build


BUILDERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "vae": one_of("vae", AUTOENCODERS),
    "image_encoder": _image_encoder,
    "reference_net": one_of("reference_net", REFERENCE_NETWORKS),
    "denoising_unet": DenoisingUNet.from_config,
    "pose_guider": PoseGuider.from_config,
}


def check_model_folder(folder: Path) -> None:
    """Compares names and shapes of all weights with the configurations. Reads no weights, so it takes no time.

    Raises:
        CheckpointError: the index or the schedule cannot be used, or a component, or weights of it, are missing, left
            over or of the wrong shape.
    """
    index = read_model_index(folder)
    _made_of(folder / "scheduler" / SCHEDULER_CONFIG_NAME, DDIMScheduler.from_config)
    for component in BUILDERS:
        if component not in index.without:
            check_component(folder / component, component)


def check_component(place: Path, component: str) -> None:
    """As `check_model_folder`, for the folder of one component."""
    check_network(place, BUILDERS[component])


def check_network(place: Path, build: Callable[[dict[str, Any]], Any]) -> None:
    """As `check_component`, for any network that is built of its configuration."""
    network = _shape_of_network(place, build)
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    check_shapes(_shapes(place), expected, source=str(place), model_name=type(network).__name__)


def shapes_of_networks(folder: Path, index: ModelIndex) -> dict[str, Any]:
    """The networks of a model on the meta device, as shapes without values, by their names in the pipeline.

    None for a component that the model was saved without.

    Raises:
        CheckpointError: a configuration is missing, or describes no network of ours.
    """
    return {
        component: None if component in index.without else _shape_of_network(folder / component, build)
        for component, build in BUILDERS.items()
    }


def _shape_of_network(place: Path, build: Callable[[dict[str, Any]], Any]) -> nn.Module:
    """A network on the meta device, from the configuration in its folder."""
    with torch.device("meta"):
        return _made_of(place / "config.json", build)


def read_config(file: Path) -> dict[str, Any]:
    """Reads the configuration of a component.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    name = f"{file.parent.name}/{file.name}"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The model '{file.parents[1]}' has no usable '{name}': {error}.") from error
    if not isinstance(config, dict):
        raise CheckpointError(
            f"The model '{file.parents[1]}' has no usable '{name}': it holds a JSON {type(config).__name__}, and a "
            "configuration is an object. Get the model again."
        )
    return config


def _made_of(file: Path, build: Callable[[dict[str, Any]], Any]) -> Any:
    """What a configuration describes."""
    config = read_config(file)
    try:
        return build(config)
    except CheckpointError:
        raise
    # Whatever the constructors of three libraries make of an option that they cannot use.
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CheckpointError(
            f"The model '{file.parents[1]}' has options in '{file.parent.name}/{file.name}' that cannot be used: "
            f"{reason} Get the model again."
        ) from error


def _shapes(place: Path) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for file in place.iterdir():
        if WEIGHT_FILE.fullmatch(file.name):
            try:
                with safe_open(file, framework="pt") as tensors:
                    shapes |= {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
            except (SafetensorError, OSError) as error:
                raise CheckpointError(
                    f"'{file}' is not a whole safetensors file ({error}). Get the model again."
                ) from error
    return shapes
