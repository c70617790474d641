"""Values given on a command line that replace those of a configuration file."""

import tomllib
from collections.abc import Sequence
from typing import Any

from animate_anyone.errors import ConfigError


def parse_overrides(assignments: Sequence[str]) -> dict[str, Any]:
    """Reads `name=value` with the value as in TOML, by dotted name: `optimiser.learning_rate=1e-5`.

    Raises:
        ConfigError: an assignment is of another form; it is named.
    """
    overrides: dict[str, Any] = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        try:
            overrides[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            expected = 'name=value with the value as in TOML, such as steps=100 or output="runs/b"'
            raise ConfigError(f"Cannot read '{assignment}'; expected {expected}.") from error
    return overrides
