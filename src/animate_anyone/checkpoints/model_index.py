"""The index of a model folder, `model_index.json`: read and checked before anything else of the folder is opened.

diffusers imports the classes that the index names, and some versions of it also code that lies in the folder. What
comes from somebody else so names the pipeline's own classes, or is not opened.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from animate_anyone.errors import CheckpointError
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.pose.draw import STYLES

OWN_PACKAGE = AnimateAnyonePipeline.__module__.split(".")[0]
HINTS: Mapping[str, Any] = {
    name: get_type_hints(AnimateAnyonePipeline.__init__)[name]
    for name in signature(AnimateAnyonePipeline.__init__).parameters
    if name != "self"
}
DEFAULTS: Mapping[str, Any] = {
    name: parameter.default
    for name, parameter in signature(AnimateAnyonePipeline.__init__).parameters.items()
    if parameter.default is not parameter.empty
}
"""The settings of a pipeline, at what an index without them means."""


def _names_of(kind: Any) -> tuple[str, str] | tuple[None, None]:
    """Library and class as diffusers writes them; of nothing, two times nothing."""
    if kind is NoneType:
        return None, None
    module: str = kind.__module__
    library = module.split(".")[0]
    return module if library == OWN_PACKAGE else library, kind.__name__


CLASSES: Mapping[str, frozenset[tuple[str, str] | tuple[None, None]]] = {
    name: frozenset(_names_of(kind) for kind in get_args(hint) or (hint,))
    for name, hint in HINTS.items()
    if name not in DEFAULTS
}
"""What an index may name for each component: the classes that the pipeline takes."""


@dataclass(frozen=True, kw_only=True)
class ModelIndex:
    """What the index of a model says."""

    without: frozenset[str]
    """Components that the model was saved without."""
    settings: Mapping[str, Any]
    """All of them; those that the index does not give are at the pipeline's defaults."""


def read_model_index(folder: Path) -> ModelIndex:
    """Reads the index of a model folder.

    Raises:
        CheckpointError: it cannot be read, is about another kind of model, or names other classes than the pipeline's.
    """
    file = folder / AnimateAnyonePipeline.config_name
    try:
        index: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"'{file}' cannot be read as JSON ({error}). Get the model again.") from error
    if not isinstance(index, dict):
        raise CheckpointError(
            f"'{file}' holds a JSON {type(index).__name__}; an index of a model is an object. Get the model again."
        )
    if (found := index.get("_class_name")) != AnimateAnyonePipeline.__name__:
        raise CheckpointError(
            f"'{file}' is about a pipeline of the class {found!r}; it must be {AnimateAnyonePipeline.__name__}. Other "
            "models cannot be opened; take one of 'animate-anyone weights list', or one that this program saved."
        )
    for name in sorted(set(CLASSES) | {name for name, value in index.items() if isinstance(value, list)}):
        _check_classes(name, index.get(name), file)
    settings = {**DEFAULTS, **{name: value for name, value in index.items() if name in DEFAULTS}}
    for name, value in settings.items():
        _check_setting(name, value, file)
    return ModelIndex(
        without=frozenset(name for name in CLASSES if index[name] == [None, None]),
        settings=settings,
    )


def _check_classes(name: str, found: Any, file: Path) -> None:
    if name not in CLASSES:
        raise CheckpointError(
            f"'{file}' names {found!r} for a component '{name}', which the pipeline does not have. It has "
            f"{', '.join(CLASSES)}; a model with others is not opened."
        )
    allowed = [list(names) for names in CLASSES[name]]
    if found not in allowed:
        known = " or ".join(sorted(map(str, allowed)))
        raise CheckpointError(
            f"'{file}' names {found!r} for the {name}; it must be {known}. Classes from elsewhere could run code of "
            "their own, so that the model is not opened. Get it again, or take another."
        )


def _check_setting(name: str, value: Any, file: Path) -> None:
    """Whether a setting has the type of its default, and a value that can be used."""
    match DEFAULTS[name]:
        case bool():
            fits, expected = isinstance(value, bool), "true or false"
        case int():
            fits, expected = type(value) is int and value >= 1, "a whole number from 1"
        case float():
            fits = type(value) in (int, float) and math.isfinite(value) and value >= 0
            expected = "a number from 0"
        case _:
            fits, expected = isinstance(value, str) and value in STYLES, f"one of {', '.join(STYLES)}"
    if not fits:
        raise CheckpointError(f"'{file}' has {name} = {value!r}; expected {expected}. Get the model again.")
