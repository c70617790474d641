"""Configuration files: TOML that may build on another file, checked against a model, every bad field named at once."""

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from animate_anyone.errors import ConfigError


class Values(BaseModel):
    """Base of what is read from a configuration: unknown fields are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Values)


def read_values(path: Path, *, users: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The plain values of a TOML file, over those of the file that it names as its `base`, and so on.

    Raises:
        ConfigError: If a file cannot be read, is no TOML, or is its own base.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read the configuration {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {path} is not valid TOML: {error}.") from error
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


def with_overrides(values: dict[str, Any], overrides: Mapping[str, Any], *, origin: str) -> dict[str, Any]:
    """Values with some replaced by dotted name: `{"optimiser.learning_rate": 1e-5}`.

    Raises:
        ConfigError: A name goes through a value that is no table.
    """
    values = deepcopy(values)
    for name, value in overrides.items():
        *tables, field = name.split(".")
        table: Any = values
        for part in tables:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(f"Cannot set '{name}' in {origin}: '{part}' is a value there, not a table.")
        table[field] = value
    return values


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


def parse(model: type[Model], values: Mapping[str, Any], *, title: str, tags: tuple[str, ...] = ()) -> Model:
    """A model from plain values.

    Args:
        model: What is expected.
        values: As `tomllib` returns them.
        title: What is parsed, for the message: "training configuration x.toml".
        tags: Of unions: parts of pydantic's locations that are no names in the file.

    Raises:
        ConfigError: Naming every bad field.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = [f"  {problem_line(problem, tags)}" for problem in error.errors()]
        raise ConfigError(
            f"The {title} has {len(lines)} bad field{'s' * (len(lines) > 1)}:\n" + "\n".join(lines)
        ) from error


def problem_line(problem: Mapping[str, Any], tags: tuple[str, ...] = ()) -> str:
    """One line on one of pydantic's findings: the field as written in the TOML, what is wrong, what was got."""
    name = ".".join(str(part) for part in problem["loc"] if part not in tags) or "(whole file)"
    match problem["type"]:
        case "extra_forbidden":
            return f"{name}: there is no such field; remove it or correct its name"
        case "missing":
            return f"{name}: missing"
        case "value_error":
            return f"{name}: {problem['ctx']['error']}"
        case _:
            return f"{name}: {problem['msg']}; got {problem['input']!r}"
