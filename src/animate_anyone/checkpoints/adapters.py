"""Low-rank adapters (LoRA, Hu et al. 2022) of a fine-tuned model: reading them, and adding them to its weights.

The folder is PEFT's: for each component a folder of its name with `adapter_config.json` and
`adapter_model.safetensors`. Merged weights need no PEFT.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from animate_anyone.checkpoints.keymap import counted, shown
from animate_anyone.checkpoints.readers import read_weights
from animate_anyone.errors import CheckpointError

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model."
DOWN, UP = ".lora_A.weight", ".lora_B.weight"


@torch.no_grad()
def merge_adapters(networks: Mapping[str, nn.Module], folder: str | Path) -> None:
    """Adds the adapters of a run to the weights of the model that they were trained on.

    Args:
        networks: the components by name: those of a pipeline are `pipeline.components`.
        folder: `adapters/` of the run.

    Raises:
        CheckpointError: there are no adapters, or they do not fit the networks.
    """
    places = sorted(path.parent for path in Path(folder).glob(f"*/{ADAPTER_CONFIG}"))
    if not places:
        raise CheckpointError(f"'{folder}' holds no adapters: expected COMPONENT/{ADAPTER_CONFIG} in it.")
    for place in places:
        scale = _scale(place / ADAPTER_CONFIG)
        if place.name not in networks:
            raise CheckpointError(
                f"'{place}' adapts a component that this model does not have; it has {', '.join(networks)}."
            )
        tensors = read_weights(place / ADAPTER_WEIGHTS)
        weights = {
            key.removeprefix(PREFIX).removesuffix(DOWN): (tensor, tensors.get(key.removesuffix(DOWN) + UP))
            for key, tensor in tensors.items()
            if key.endswith(DOWN)
        }
        linear = {
            name: module for name, module in networks[place.name].named_modules() if isinstance(module, nn.Linear)
        }
        strangers = [
            name
            for name, (down, up) in weights.items()
            if name not in linear or up is None or linear[name].weight.shape != (up.shape[0], down.shape[1])
        ]
        if strangers or 2 * len(weights) != len(tensors):
            raise CheckpointError(
                f"'{place}': {counted(strangers, 'adapter')} do not fit the model: {shown(strangers)}. "
                "They were trained on a model of another size."
            )
        for name, (down, up) in weights.items():
            weight = linear[name].weight
            assert up is not None  # of those that fit
            weight.copy_(weight.float() + scale * (up.float() @ down.float()).to(weight.device))


def _scale(file: Path) -> float:
    """What the product of the two matrices is multiplied by."""
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        return float(config["lora_alpha"] / config["r"])
    except (OSError, ValueError, RecursionError, LookupError, TypeError, ArithmeticError) as error:
        raise CheckpointError(
            f"'{file}' cannot be used ({type(error).__name__}: {error}); expected PEFT's, with the numbers lora_alpha "
            "and r."
        ) from error
