"""Reads configuration files that build on one another."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from animate_anyone.errors import ConfigError


def read_values(path: Path, *, users: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The plain values of a TOML file, over those of the file that it names as its `base`, and so on.

    Raises:
        ConfigError: If a file cannot be read, is no TOML, or is its own base.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read the training configuration {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The training configuration {path} is not valid TOML: {error}.") from error
    base = values.pop("base", None)
    if base is None:
        return values
    users = (*users, path.resolve())
    if not isinstance(base, str) or (path.parent / base).resolve() in users:
        raise ConfigError(
            f"base = {base!r} in {path} must be the name of another file, which does not build on this one."
        )
    return overlaid(read_values(path.parent / base, users=users), values)


def overlaid(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Values with those of `above` in the place of equally named ones; tables are joined, all else is replaced."""
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = overlaid(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
