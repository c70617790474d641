"""What may change between a run and its continuation, and what may not, because it decides what is learnt."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from torch import nn

from animate_anyone.errors import ConfigError
from animate_anyone.media.atomic import write_file
from animate_anyone.train.cache import weights_hash
from animate_anyone.train.config import LOSS_OF, TrainConfig, parse_config
from animate_anyone.train.sources import make_source
from animate_anyone.train.stage import Networks

RESUMABLE = frozenset(
    {
        *("output", "steps", "accumulation", "device", "num_threads", "num_workers", "cache", "log_every"),
        *("checkpoint_every", "keep_checkpoints", "validation_every", "validation_samples", "stop_after_minutes"),
        "gradient_checkpointing",
    }
)
"""Fields that may change when a run is resumed: they do not say what is learnt, only how long and how fast.

With another length the learning rate of a schedule that ends with it is another one from there on. A part of a batch is
all that the image encoder's pictures are told apart from: there `accumulation` says what is learnt.
"""

SAMPLING: tuple[str, ...] = ("guidance_scale", "num_inference_steps", "noise_scale")
"""Those of `diffusion` that say nothing of what is learnt either, but how it is used; `noise_scale` only where no
sample shows what sampling starts from (`last_timestep_share`)."""

CONFIG, INPUTS = "config.json", "inputs.json"
"""In a run's folder: its settings, and hashes of what it started from."""


def claim_folder(config: TrainConfig, *, trains: Sequence[str]) -> list[str]:
    """Makes the run's folder, or checks that it holds this same run.

    Args:
        config: Of the run.
        trains: Components that will be written to it.

    Returns:
        What the user ought to know.

    Raises:
        ConfigError: If the folder holds another run, or the run starts from what it would replace.
    """
    results = [(config.output / name).resolve() for name in (*trains, "pipeline")]
    for field, path in config.init:
        place = None if path is None else path.resolve()
        if place is not None and (place == config.output.resolve() or any(map(place.is_relative_to, results))):
            raise ConfigError(
                f"init.{field} is {path}, which this run would replace by what it trains. Choose another output than "
                f"{config.output}."
            )
    config.output.mkdir(parents=True, exist_ok=True)
    path = config.output / CONFIG
    notices: list[str] = []
    if path.exists():
        old = parse_config(json.loads(path.read_text(encoding="utf-8")), origin=str(path))
        changed = changed_fields(old, config)
        if changed:
            raise ConfigError(
                f"{config.output} holds a run with other settings: {', '.join(changed)} differ from {path}. "
                "Choose another output, or give the settings of that run to resume it."
            )
        if old.steps != config.steps and config.optimiser.schedule != "constant":
            notices.append(
                f"steps was {old.steps} and is {config.steps}: from here on the learning rate is that of the new length"
            )
    write_file(path, (config.model_dump_json(indent=2) + "\n").encode())
    return notices


def claim_inputs(folder: Path, inputs: Mapping[str, str], *, going_on: bool) -> None:
    """Notes what a run starts from, or checks that it is the same as when it began.

    Args:
        folder: Of the run.
        inputs: From `inputs_of`.
        going_on: Whether there is a checkpoint to go on from; what was never trained may begin with anything.

    Raises:
        ConfigError: If it is not, or the note is damaged.
    """
    path = folder / INPUTS
    if going_on and path.exists():
        try:
            old: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(
                f"{path} is damaged ({error}). Remove it, if clips and weights are as the run began."
            ) from error
        changed = sorted(name for name in old.keys() | inputs.keys() if old.get(name) != inputs.get(name))
        if changed:
            raise ConfigError(
                f"{folder} holds a run that began with other contents of: {', '.join(changed)}. Bring them back to go "
                "on with it, or choose another output to train with what is there now."
            )
    write_file(path, (json.dumps(dict(inputs), indent=1) + "\n").encode())


def changed_fields(old: TrainConfig, new: TrainConfig) -> list[str]:
    """Top-level fields, of those that decide what is learnt, in which two configurations differ."""
    unused = {"vae", "contrast", "diffusion"} - {LOSS_OF[new.stage]}
    unused |= {table for table, stage in (("lora", "lora"), ("distillation", "distil")) if new.stage != stage}
    may_change = RESUMABLE - ({"accumulation"} if new.stage == "image-encoder" else set())
    sampling = set(SAMPLING) - ({"noise_scale"} if new.diffusion.last_timestep_share else set())
    old, new = (
        config.model_copy(update={"diffusion": config.diffusion.model_dump(exclude=sampling)}) for config in (old, new)
    )
    return [
        name
        for name in TrainConfig.model_fields
        if name not in may_change | unused and getattr(old, name) != getattr(new, name)
    ]


def inputs_of(config: TrainConfig, networks: Networks, *, trained: Collection[nn.Parameter]) -> dict[str, str]:
    """Hashes of what a run learns from and leans on, wherever it lies: its clips, and weights that do not train.

    Args:
        config: Says where clips come from.
        networks: As the run starts with them.
        trained: Their parameters that train.
    """
    source = make_source(config.data, split="train")
    specs = json.dumps([source.spec(index) for index in range(len(source))], sort_keys=True)
    chosen = {id(parameter) for parameter in trained}
    frozen = {
        name: [(part, weights) for part, weights in network.named_parameters() if id(weights) not in chosen]
        for name, network in sorted(networks.items())
    }
    weights = {name: weights_hash(parameters) for name, parameters in frozen.items() if parameters}
    return {"data": hashlib.sha256(specs.encode()).hexdigest(), **weights}
