"""The licence of everything that is loaded: kept beside the weights, read back, and put into words."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from animate_anyone.checkpoints.sources import Source
from animate_anyone.errors import CheckpointError

NOTICES_FILE = "notices.json"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Who trained a part of a model, and under which licence it may be used."""

    name: str
    components: tuple[str, ...]
    licence: str
    trained_by: str
    url: str


def notice_of(source: Source) -> Notice:
    """The notice that goes with weights from a known source."""
    return Notice(
        name=source.name,
        components=source.components,
        licence=source.licence,
        trained_by=source.trained_by,
        url=source.url,
    )


def save_notices(notices: Iterable[Notice], folder: str | Path) -> None:
    """Writes the notices into a model folder."""
    text = json.dumps([asdict(notice) for notice in notices], indent=2)
    (Path(folder) / NOTICES_FILE).write_text(text + "\n", encoding="utf-8")


def read_notices(folder: str | Path) -> list[Notice]:
    """Reads the notices of a model folder; none if the folder has no such file.

    Raises:
        CheckpointError: the file is not one of ours.
    """
    file = Path(folder) / NOTICES_FILE
    if not file.is_file():
        return []
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return [Notice(**(entry | {"components": tuple(entry["components"])})) for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"'{file}' is no list of licence notices: {error}.") from error


def format_notices(notices: Sequence[Notice]) -> str:
    """One line a notice, for people; says so where there is none."""
    if not notices:
        return "No licence is stored with this model: ask whoever gave it to you."
    return "\n".join(
        f"{', '.join(notice.components)}: {notice.name}, {notice.licence}, trained by {notice.trained_by}"
        + (f" ({notice.url})" if notice.url else "")
        for notice in notices
    )
