"""`python -m animate_anyone.train CONFIG.toml [name=value ...]`: what torchrun starts in each process."""

import sys
from pathlib import Path

from animate_anyone.errors import AnimateAnyoneError, ConfigError
from animate_anyone.train.loop import train
from animate_anyone.train.overrides import parse_overrides


def main(arguments: list[str]) -> None:
    """Train as the arguments say; values are written as in TOML: `optimiser.learning_rate=1e-5`."""
    if not arguments:
        raise ConfigError("Usage: python -m animate_anyone.train CONFIG.toml [name=value ...]")
    path, *assignments = arguments
    train(Path(path), parse_overrides(assignments))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AnimateAnyoneError as error:
        sys.exit(str(error))
