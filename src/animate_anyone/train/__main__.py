"""`python -m animate_anyone.train CONFIG.toml [name=value ...]`: what torchrun starts in each process."""

import sys
import tomllib
from pathlib import Path

from animate_anyone.errors import AnimateAnyoneError, ConfigError
from animate_anyone.train.loop import train


def main(arguments: list[str]) -> None:
    """Train as the arguments say; values are written as in TOML: `optimiser.learning_rate=1e-5`."""
    if not arguments:
        raise ConfigError("Usage: python -m animate_anyone.train CONFIG.toml [name=value ...]")
    path, *assignments = arguments
    overrides: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        try:
            overrides[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            expected = 'name=value with the value as in TOML, such as steps=100 or output="runs/b"'
            raise ConfigError(f"Cannot read '{name}{equals}{value}'; expected {expected}.") from error
    train(Path(path), overrides)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except AnimateAnyoneError as error:
        sys.exit(str(error))
