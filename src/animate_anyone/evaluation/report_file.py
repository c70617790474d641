"""`report.json`: an `Evaluation` as a file, exact to the last digit, and read back strictly."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.document import FORMAT, VERSION, Evaluation
from animate_anyone.media.atomic import write_file


def report_text(evaluation: Evaluation) -> str:
    """The document as JSON.

    Not a number becomes null, since JSON has no such value. Settings and machine come back as they were if they are
    made of what JSON has: mappings, lists, strings, numbers, truth values, None.

    Raises:
        ValueError: A number is infinite.
    """
    values = {"format": evaluation.format, "document_version": evaluation.document_version, **asdict(evaluation)}
    return json_text(values)


def json_text(values: Mapping[str, Any]) -> str:
    """These values as JSON, with null for what is not a number.

    Raises:
        ValueError: A number is infinite.
    """
    return json.dumps(_without_nan(values), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def save_report(evaluation: Evaluation, path: Path) -> None:
    """Write `report.json`; the file appears complete or not at all.

    Raises:
        MediaError: The place cannot be written to.
        ValueError: A number is infinite.
    """
    text = report_text(evaluation)
    write_file(path, text.encode())


def load_report(path: Path) -> Evaluation:
    """Read `report.json`.

    Raises:
        ConfigError: The file cannot be read, is no report of this version, or contradicts itself.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot read the evaluation {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The evaluation {path} is no text file: {error}.") from error
    return parse_report(text, origin=str(path))


def parse_report(text: str, *, origin: str) -> Evaluation:
    """The document in a JSON text.

    Args:
        text: What `report_text` returned.
        origin: Where it comes from, for the message.

    Raises:
        ConfigError: It is no report of this version, or contradicts itself; every bad field is named.
    """
    try:
        values: Any = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except ValueError as error:
        raise ConfigError(f"The evaluation {origin} is not valid JSON: {error}.") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ConfigError(f'{origin} is no report of an evaluation: it lacks "format": "{FORMAT}".')
    if values.get("document_version") != VERSION:
        raise ConfigError(
            f"The evaluation {origin} is of document version {values.get('document_version')!r}; this package reads "
            f"version {VERSION}. Evaluate again, or use the version of the package that wrote it."
        )
    fields = {name: value for name, value in values.items() if name not in ("format", "document_version")}
    try:
        # As JSON, since only there a list may stand for a tuple in strict mode.
        evaluation = TypeAdapter(Evaluation).validate_json(json.dumps(fields), strict=True, extra="forbid")
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or '(whole file)'}: {problem['msg']}" for problem in error.errors()
        ]
    else:
        problems = list(_contradictions(evaluation))
        if not problems:
            return evaluation
    raise ConfigError(f"The evaluation {origin} is damaged:\n" + "\n".join(f"  {problem}" for problem in problems))


def _contradictions(evaluation: Evaluation) -> Iterator[str]:
    run = {name for name, measure in evaluation.measures.items() if measure.not_run is None}
    clips = set(evaluation.clips)
    if len(clips) < len(evaluation.clips):
        yield "clips: a name occurs twice"
    if not evaluation.rows:
        yield "rows: there are none"
    for name, row in evaluation.rows.items():
        where = f"rows.{name}"
        for measure in {*row.figures, *row.curves} - run:
            yield f"{where}: has figures or curves of '{measure}', which is no measure that was run"
        for clip, values in row.per_clip.items():
            if clip not in clips:
                yield f"{where}.per_clip: there is no clip '{clip}'"
            for measure in values.keys() - run:
                yield f"{where}.per_clip.{clip}: has a value of '{measure}', which is no measure that was run"


def _without_nan(value: Any) -> Any:
    match value:
        case float() if math.isnan(value):
            return None
        case Mapping():
            return {name: _without_nan(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_without_nan(inner) for inner in value]
        case _:
            return value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no finite number")
