"""Scores clips one by one, keeps what was found of each, and goes on where it was stopped.

What is known of a clip lies in `clips/NAME.json`: by row, then by measure and the instrument that it was taken with,
one value or one for each frame. Features for the distances of whole sets lie in `features/INSTRUMENT/ROW/NAME.npy`.
Memory holds one clip at a time, however many there are.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from typing import Protocol as Interface

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError

from animate_anyone.data.footage import frames_at
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.clip_sets import ClipSet, TrueClip
from animate_anyone.evaluation.instruments import Instrument, Setting, open_instruments
from animate_anyone.evaluation.measures import DISTANCES, PROBES
from animate_anyone.evaluation.probe import Probe, Scored
from animate_anyone.media.atomic import complete_file, reported, write_file
from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.warping import TrueMotion

TRUTH = "truth"
"""The row under which features of the true clips are kept."""
SETTINGS = "settings.json"
RESULTS = ("clips", "features", "generated", "report.*")
"""What else an evaluation writes into its folder: of no use, and not to be replaced, without the settings."""
ANOTHER = "Give another folder, or remove this one."
THREADS = 1
"""Of torch, for each clip: more would round otherwise, and clips are what is worked on side by side."""


class Videos(Interface):
    """Where results come from, for each row of the table."""

    @property
    def rows(self) -> Mapping[str, str]:
        """Titles by name, the system in question first."""
        ...

    def video(self, row: str, clip: TrueClip) -> Frames:
        """The result for a clip, in its size, length and rate."""
        ...


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """All that is to be scored, and how. Processes are sent this."""

    test_set: ClipSet
    videos: Videos
    measures: tuple[str, ...]
    """That are taken: those that can be."""
    instruments: Setting
    output: Path

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What takes those of clips."""
        return tuple(probe for probe in PROBES if not probe.measures.keys().isdisjoint(self.measures))

    @property
    def distances(self) -> tuple[str, ...]:
        """The measures of the whole set."""
        return tuple(name for name in self.measures if name in DISTANCES)


def instruments_of(measures: Sequence[str]) -> frozenset[str]:
    """What the measures look through."""
    probes = (probe.instrument for probe in PROBES if not probe.measures.keys().isdisjoint(measures))
    distances = (DISTANCES[name].instrument for name in measures if name in DISTANCES)
    return frozenset(name for name in (*probes, *distances) if name is not None)


def score_clips(
    scoring: Scoring,
    instruments: Mapping[str, Instrument],
    *,
    processes: int = 1,
    prepare: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Scores what has no values yet, in this process or in several; yields after each clip, done before or now.

    Args:
        scoring: What, and how.
        instruments: Those that the measures look through, for this process; others open their own.
        processes: How many clips are scored side by side.
        prepare: Called first in each of several processes.

    Raises:
        AnimateAnyoneError: A clip or a result cannot be had.
    """
    places = range(len(scoring.test_set.names))
    if processes == 1:
        for index in places:
            score_clip(scoring, index, instruments)
            yield
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=prepare) as pool:
        futures = [pool.submit(_score_elsewhere, scoring, index) for index in places]
        try:
            for future in as_completed(futures):
                future.result()
                yield
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def score_clip(scoring: Scoring, index: int, instruments: Mapping[str, Instrument]) -> None:
    """Takes those measures of a clip that were not taken before, of all rows, and keeps them.

    Args:
        scoring: What, and how.
        index: Of the clip.
        instruments: Those that the measures look through.

    Raises:
        AnimateAnyoneError: The clip or a result cannot be had, or the place cannot be written to.
    """
    torch.set_num_threads(THREADS)
    name = scoring.test_set.names[index]
    known = read_clip(scoring.output, name)
    todo = {row: list(_missing_probes(scoring, known.get(row, {}), instruments)) for row in scoring.videos.rows}
    featureless = {
        row: [place for place in _feature_files(scoring, row, name, instruments) if not place[1].exists()]
        for row in (*scoring.videos.rows, TRUTH)
    }
    if not any(todo.values()) and not any(featureless.values()):
        return

    clip = scoring.test_set.clip(index)
    motion = TrueMotion(clip.frames)
    _save_features(clip.frames, clip.fps, featureless[TRUTH], scoring, instruments)
    for row in scoring.videos.rows:
        if not todo[row] and not featureless[row]:
            continue
        result = scoring.videos.video(row, clip)
        _save_features(result, clip.fps, featureless[row], scoring, instruments)
        scored = Scored(
            result=result,
            truth=clip.frames,
            fps=clip.fps,
            reference=clip.reference,
            poses=clip.poses,
            reference_pose=clip.reference_pose,
            motion=motion,
        )
        values = dict(known.get(row, {}))
        for probe in todo[row]:
            instrument = None if probe.instrument is None else instruments[probe.instrument]
            taken = probe.take(scored, None if instrument is None else instrument.use)
            values |= {value_key(measure, instrument): _plain(value) for measure, value in taken.items()}
        known = {**known, row: values}
        write_file(clip_file(scoring.output, name), (json.dumps(known, indent=1) + "\n").encode())


def _score_elsewhere(scoring: Scoring, index: int) -> None:
    """The same in a process of its own, with its own instruments."""
    score_clip(scoring, index, _opened(scoring.instruments, instruments_of(scoring.measures)))


@cache
def _opened(setting: Setting, wanted: frozenset[str]) -> dict[str, Instrument]:
    """The instruments at hand, opened once in a process."""
    return open_instruments(setting, wanted)[0]


def value_key(measure: str, instrument: Instrument | None) -> str:
    """What a value is kept under: another instrument gives another value."""
    return measure if instrument is None else f"{measure} @ {instrument.name}"


def clip_file(output: Path, name: str) -> Path:
    """Where the values of a clip are kept."""
    return output / "clips" / f"{name}.json"


def feature_folder(output: Path, row: str, instrument: Instrument) -> Path:
    """Where the features of a row are kept, one file for each clip."""
    return output / "features" / hashlib.sha256(instrument.name.encode()).hexdigest()[:16] / row


def read_clip(output: Path, name: str) -> dict[str, dict[str, Any]]:
    """What is known of a clip: by row and `value_key`, a number, a list of numbers, or None for not a number.

    Raises:
        ConfigError: The file is damaged.
    """
    path = clip_file(output, name)
    return _read(path, remedy="Remove it, and the clip is scored again.") if path.exists() else {}


def keep_settings(output: Path, settings: Mapping[str, Any]) -> None:
    """Writes what all values of a folder depend on, or refuses to mix them with values that were taken otherwise.

    Raises:
        ConfigError: The folder holds values of other settings; all that differ are named, with both values.
    """
    path = output / SETTINGS
    text = json.dumps(settings, indent=1) + "\n"
    if path.exists():
        before, now = dict(_flat(_read(path, remedy=ANOTHER))), dict(_flat(json.loads(text)))
        other = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        if other:
            lines = [f"  {name}: {before.get(name, 'none')} there, {now.get(name, 'none')} now" for name in other]
            raise ConfigError(
                f"{output} holds scores that were taken with other settings:\n" + "\n".join(lines) + f"\n{ANOTHER}"
            )
    elif found := sorted(path.name for pattern in RESULTS for path in output.glob(pattern)):
        raise ConfigError(f"{output} holds {', '.join(found)} of something else, without {SETTINGS}. {ANOTHER}")
    write_file(path, text.encode())


def _missing_probes(
    scoring: Scoring, known: Mapping[str, Any], instruments: Mapping[str, Instrument]
) -> Iterator[Probe]:
    for probe in scoring.probes:
        instrument = None if probe.instrument is None else instruments[probe.instrument]
        if any(value_key(measure, instrument) not in known for measure in probe.measures):
            yield probe


def _feature_files(
    scoring: Scoring, row: str, name: str, instruments: Mapping[str, Instrument]
) -> Iterator[tuple[str, Path]]:
    for distance in scoring.distances:
        instrument = instruments[DISTANCES[distance].instrument]
        yield distance, feature_folder(scoring.output, row, instrument) / f"{name}.npy"


def _save_features(
    frames: Frames,
    fps: float,
    places: Sequence[tuple[str, Path]],
    scoring: Scoring,
    instruments: Mapping[str, Instrument],
) -> None:
    """Makes and keeps the features of a clip; none of a clip that is shorter than what a network looks at."""
    for distance, path in places:
        network = instruments[DISTANCES[distance].instrument].use
        shown = frames
        if DISTANCES[distance].whole_clips:
            shown = frames[frames_at(len(frames), fps=fps, wanted=scoring.instruments.samples.fps)]
        if len(shown) < network.min_frames:
            features = np.empty((0, network.num_features), dtype=np.float32)
        else:
            features = network(shown)
        with complete_file(path) as temporary, reported(path), temporary.open("wb") as file:
            np.save(file, features)


def _plain(value: Any) -> Any:
    """Numbers fit for JSON: None for what is not a number."""
    numbers = np.asarray(value, dtype=np.float64)
    missing: Any = np.isnan(numbers)
    plain = numbers.astype(object)
    plain[missing] = None
    return plain.tolist()


def _read(path: Path, *, remedy: str) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path} is damaged: {error}. {remedy}") from error


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Tables in tables by dotted names."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
