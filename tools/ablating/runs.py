"""Trains what a variant needs, run by run; a run that is finished is left alone, one that was stopped goes on."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablating.variants import SHARED, Variant
from animate_anyone.errors import ConfigError
from animate_anyone.media.atomic import write_file
from animate_anyone.train.config import TrainConfig, load_config, parse_config
from animate_anyone.train.loop import run
from animate_anyone.train.record import LOSS_LOG, read_log
from animate_anyone.train.resuming import CONFIG, changed_fields

CONFIGS = Path(__file__).parents[2] / "configs"
SECONDS = "seconds.json"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run: a configuration file, and what replaces its values."""

    file: Path
    overrides: Mapping[str, Any]
    result: str
    """Folder in the output that is there when it is finished."""

    @property
    def config(self) -> TrainConfig:
        """As it will be trained."""
        return load_config(self.file, self.overrides)


def runs_of(variant: Variant, root: Path, *, size: str) -> list[Run]:
    """The runs that a variant needs, those that it shares with others first.

    Args:
        variant: What is to be trained.
        root: Folder of all runs.
        size: First word in the names of the configuration files.
    """
    encoders = {"init.vae": str(root / "vae/vae"), "init.image_encoder": str(root / "image-encoder/image_encoder")}
    first = f"{next(iter(variant.runs))}/pipeline"
    starts = {"stage1": encoders, "one-stage": encoders, "stage2": {"init.pipeline": str(root / first)}}
    return [
        Run(
            file=CONFIGS / f"{size}-{stage}.toml",
            overrides={
                "output": str(root / name),
                "cache": str(root / "cache"),
                **starts.get(stage, {}),
                **({} if name in SHARED else variant.changes),
            },
            result={"vae": "vae", "image-encoder": "image_encoder"}.get(stage, "pipeline"),
        )
        for name, stage in {**SHARED, **variant.runs}.items()
    ]


def is_finished(wanted: Run) -> bool:
    """Whether all steps were done and the result is there.

    Raises:
        ConfigError: The folder holds another run.
    """
    config = wanted.config
    path = config.output / CONFIG
    if not path.exists():
        return False
    changed = changed_fields(parse_config(json.loads(path.read_text(encoding="utf-8")), origin=str(path)), config)
    if changed:
        raise ConfigError(
            f"{config.output} holds a run with another {', '.join(changed)}. Give another folder for the runs, or "
            "remove this one."
        )
    log = read_log(config.output / LOSS_LOG)
    return bool(log) and log[-1]["step"] == config.steps and (config.output / wanted.result).is_dir()


def train_run(wanted: Run, root: Path, *, processes: int) -> None:
    """Trains until finished, and notes the time it took in `seconds.json`: that of all pieces, if it was stopped.

    Raises:
        ConfigError: One of several processes failed; what was wrong stands above.
    """
    output = wanted.config.output
    name = output.name
    earlier = read_seconds(root).get(name, 0.0) if (output / CONFIG).exists() else 0.0
    begin = time.monotonic()
    try:
        if processes == 1:
            run(wanted.config)
        else:
            values = [f"{field}={json.dumps(value)}" for field, value in wanted.overrides.items()]
            launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
            command = [*launcher, "-m", "animate_anyone.train", str(wanted.file), *values]
            if subprocess.run([sys.executable, *command], check=False).returncode:
                raise ConfigError(f"The run {name} was not finished; the same command goes on with it.")
    finally:
        seconds = {**read_seconds(root), name: round(earlier + time.monotonic() - begin, 1)}
        write_file(root / SECONDS, json.dumps(seconds, indent=1).encode())


def read_seconds(root: Path) -> dict[str, float]:
    """How long each run took, by name."""
    path = root / SECONDS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
