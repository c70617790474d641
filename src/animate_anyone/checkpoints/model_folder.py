"""Our one-folder layout: is everything there that the configurations in it promise?

diffusers fills weights that a file lacks with random values and goes on, so the folder is checked before it is opened.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.checkpoints.keymap import check_shapes
from animate_anyone.errors import CheckpointError
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import AUTOENCODERS

REFERENCE_NETWORKS: Mapping[str, Any] = {kind.__name__: kind for kind in (ReferenceNet, ControlNet)}
WEIGHT_FILE = re.compile(r"(diffusion_pytorch_model|model)(-\d{5}-of-\d{5})?\.safetensors")


def _image_encoder(config: dict[str, Any]) -> nn.Module:
    return CLIPVisionModelWithProjection(CLIPVisionConfig.from_dict(config))


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
        CheckpointError: a component, or weights of it, are missing, left over or of the wrong shape.
    """
    for component in BUILDERS:
        if component == "reference_net" and _is_without(folder, component):
            continue
        check_component(folder / component, component)


def check_component(place: Path, component: str) -> None:
    """As `check_model_folder`, for the folder of one component."""
    check_network(place, BUILDERS[component])


def check_network(place: Path, build: Callable[[dict[str, Any]], Any]) -> None:
    """As `check_component`, for any network that is built of its configuration."""
    network = _shape_of_network(place, build)
    expected = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    check_shapes(_shapes(place), expected, source=str(place), model_name=type(network).__name__)


def shapes_of_networks(folder: Path) -> dict[str, Any]:
    """The networks of a model on the meta device, as shapes without values, by their names in the pipeline.

    None for a component that the model was saved without.

    Raises:
        CheckpointError: a configuration is missing, or describes no network of ours.
    """
    return {
        component: None
        if component == "reference_net" and _is_without(folder, component)
        else _shape_of_network(folder / component, build)
        for component, build in BUILDERS.items()
    }


def _shape_of_network(place: Path, build: Callable[[dict[str, Any]], Any]) -> nn.Module:
    """A network on the meta device, from the configuration in its folder."""
    try:
        config = json.loads((place / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"The model '{place.parent}' has no usable '{place.name}/config.json': {error}."
        ) from error
    with torch.device("meta"):
        return build(config)


def _is_without(folder: Path, component: str) -> bool:
    """Whether the pipeline says that it was saved without this component."""
    index = json.loads((folder / DiffusionPipeline.config_name).read_text(encoding="utf-8"))
    return index.get(component) == [None, None]


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
