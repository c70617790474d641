"""Time and memory of a training step, with networks of the sizes and the settings that made the bundled model.

    python -m benchmarks.training {plain,checkpointing} FOLDER

prints the peak memory of one process that takes a step on a batch whose clips are in FOLDER's cache, in bytes.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from animate_anyone.checkpoints.registry import locate
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.train.batches import Batches, Sample
from animate_anyone.train.config import TrainConfig, load_config
from animate_anyone.train.ema import MovingAverage
from animate_anyone.train.loop import OPTIMISERS
from animate_anyone.train.networks import make_networks
from animate_anyone.train.stages import STAGES
from benchmarks.processes import ROOT, peak_of, print_peak

CONFIG = ROOT / "configs" / "mini-stage1.toml"
KINDS = ("plain", "checkpointing")


@dataclass(frozen=True, kw_only=True)
class Training:
    """Seconds of a step in processor time, each the least of all rounds, and peaks of memory in bytes."""

    batch_size: int
    frames: int
    """That a step denoises."""
    rounds: int
    uncached_seconds: float
    """Every clip of the batch is drawn and encoded."""
    cached_seconds: float
    """Latents and image tokens are read from the cache; skeletons are drawn."""
    in_memory_seconds: float
    """The batch was made before."""
    checkpointing_seconds: float
    """The same with gradient checkpointing."""
    loading_seconds: float
    """Making the batch, from the cache, alone."""

    @property
    def cache_ratio(self) -> float:
        """Times as fast with cached latents."""
        return self.uncached_seconds / self.cached_seconds

    @property
    def loading_share(self) -> float:
        """What making the batch comes to, as a share of the step without it."""
        return self.loading_seconds / self.in_memory_seconds

    @property
    def checkpointing_ratio(self) -> float:
        """Times as long with gradient checkpointing."""
        return self.checkpointing_seconds / self.in_memory_seconds


@dataclass(frozen=True, kw_only=True)
class TrainingMemory:
    """Peaks of resident memory of a process that takes a step, in bytes."""

    plain: int
    checkpointing: int


class Trainee:
    """A stage of training, ready to step.

    Args:
        folder: For its cache of clips.
        overrides: Of the configuration's values, by dotted name.
    """

    def __init__(self, folder: Path, overrides: Mapping[str, Any]):
        model = Path(locate("mini"))
        encoders = {"init.pipeline": None, "init.vae": model / "vae", "init.image_encoder": model / "image_encoder"}
        places = {"output": folder, "cache": folder / "cache"}
        self.config: TrainConfig = load_config(CONFIG, encoders | places | dict(overrides))
        stage = STAGES[self.config.stage]
        self.networks = make_networks(self.config, stage)
        for network in self.networks.values():
            network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.parameters = stage.prepare(self.networks)
        self.objective = stage.objective(self.config, self.networks)
        settings = self.config.optimiser
        self.optimiser = OPTIMISERS[settings.kind](
            self.parameters.values(),
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
        )
        self.average = MovingAverage(self.parameters, decay=settings.ema_decay)
        draw = stage.draw(self.config, self.networks)
        self.batches = Batches(draw=draw, seed=self.config.seed, batch_size=self.config.batch_size)

    def batch(self, *, forget: bool = False) -> Sample:
        """Always the same batch; `forget` empties the cache before."""
        if forget:
            for clip in self.config.cache_folder.rglob("*.safetensors"):
                clip.unlink()
        return self.batches[0][0]

    def step(self, batch: Sample) -> None:
        """What the training loop does with a batch."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.precision == "bf16"):
            loss = self.objective(batch)["loss"]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.config.optimiser.max_grad_norm)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update(1)

    def checkpoint_gradients(self, wanted: bool) -> None:
        """Turns gradient checkpointing on or off."""
        for network in self.networks.values():
            if isinstance(network, (ReferenceNet, DenoisingUNet)):
                (network.enable_gradient_checkpointing if wanted else network.disable_gradient_checkpointing)()


def measure_training(*, rounds: int, overrides: Mapping[str, Any] | None = None) -> Training:
    """Takes the same step in each way by turns, `rounds` times each."""
    least: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        trainee = Trainee(Path(folder), overrides or {})
        kept = trainee.batch()
        trainee.step(kept)
        ways: dict[str, Callable[[], None]] = {
            "uncached": lambda: trainee.step(trainee.batch(forget=True)),
            "cached": lambda: trainee.step(trainee.batch()),
            "in_memory": lambda: trainee.step(kept),
            "checkpointing": lambda: trainee.step(kept),
            "loading": lambda: _discard(trainee.batch()),
        }
        for _ in range(rounds):
            for name, take in ways.items():
                trainee.checkpoint_gradients(name == "checkpointing")
                start = time.process_time()
                take()
                seconds = time.process_time() - start
                least[name] = min(seconds, least.get(name, seconds))
        return Training(
            batch_size=trainee.config.batch_size,
            frames=kept["latents"].shape[0] * kept["latents"].shape[2],
            rounds=rounds,
            **{f"{name}_seconds": seconds for name, seconds in least.items()},
        )


def measure_training_memory() -> TrainingMemory:
    """Takes a step of each kind in a process of its own."""
    with TemporaryDirectory() as folder:
        # Drawing and encoding the clips takes more memory than a small step does.
        Trainee(Path(folder), {}).batch()
        return TrainingMemory(**{kind: peak_of("benchmarks.training", kind, folder) for kind in KINDS})


def take_a_step(kind: str, folder: Path, overrides: Mapping[str, Any]) -> None:
    """One step, with gradient checkpointing or without."""
    trainee = Trainee(folder, overrides)
    trainee.checkpoint_gradients(kind == "checkpointing")
    trainee.step(trainee.batch())


def _discard(_: Sample) -> None:
    """For what is made to take its time alone."""


if __name__ == "__main__":
    torch.set_num_threads(1)
    take_a_step(sys.argv[1], Path(sys.argv[2]), {})
    print_peak()
