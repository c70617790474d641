"""From a configuration, or from two folders of videos, to an `Evaluation`: plans it, scores the clips, sums them up."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.registry import folder_of, locate, open_pipeline
from animate_anyone.config_file import Values, parse, read_values, with_overrides
from animate_anyone.devices.placement import DTypeName, choose_device, usual_dtype
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.clip_sets import ClipSet, Known, open_clip_set
from animate_anyone.evaluation.document import Evaluation, MeasureRecord, ProtocolRecord, Row
from animate_anyone.evaluation.instruments import InstrumentOptions, Setting, open_instruments
from animate_anyone.evaluation.measures import DISTANCES, MEASURES, probe_of
from animate_anyone.evaluation.model_videos import ModelVideos
from animate_anyone.evaluation.pairs import Pairs, PairSet, PairVideos
from animate_anyone.evaluation.protocol import Protocol, VideoSamples, load_protocol
from animate_anyone.evaluation.scoring import THREADS, Scoring, Videos, instruments_of, keep_settings, score_clips
from animate_anyone.evaluation.summary import measure_records, summarise_row
from animate_anyone.evaluation.systems import MODEL, SYSTEMS
from animate_anyone.opened_model import settings_used
from animate_anyone.run_report import this_machine, used_versions, weight_hashes


@dataclass(frozen=True, kw_only=True)
class Work:
    """How clips are worked through.

    Attributes:
        processes: How many are worked on side by side.
        on_clip: Is told how many clips are done, and of how many.
        prepare: Called first in each of several processes; a function of a module.
    """

    processes: int = 1
    on_clip: Callable[[int, int], None] = lambda done, total: None
    prepare: Callable[[], None] | None = None


ALONE = Work()

GIVEN: Mapping[Known, str] = {
    "reference": "needs the reference picture of each clip (--references)",
    "poses": "needs the poses of each true video (--poses)",
    "reference_pose": "needs the pose of the reference, which only 'evaluate' has",
}
"""Why a measure is not run where something is not known of the clips."""

NO_PROTOCOL = ProtocolRecord(
    name="none",
    version=1,
    title="no protocol",
    facts={"clips": "as given", "colours": "RGB, 8 bits, 0 to 255", "frames": "all, at the rate of the true videos"},
)
ON_TRUST = (
    "Size, rate, length and number of the true videos are those of the protocol; that they are its videos, and that "
    "results were made from its references, was not checked."
)
DEFAULT_INSTRUMENTS = InstrumentOptions()
PLAIN_SAMPLES = VideoSamples(length=16, step=1)


class EvaluateConfig(Values):
    """What `animate-anyone evaluate` is told.

    Attributes:
        protocol: Name of a known protocol, or path of a protocol file.
        model: A known model, a model folder, or a hub repository.
        title: Of the model in the table; its name by default.
        data: Folder that `data prepare` wrote, where the protocol needs one.
        clips: Only the first so many.
        baselines: Further rows: "without-temporal", "copied-reference", "autoencoder".
        measures: In place of the protocol's: some of them.
        seed: Of the noise, the same for all clips.
        steps: Denoising steps; the model's own if left out.
        guidance: 1 for none; the model's own if left out.
        device: By torch's name; a GPU if there is one, if left out.
        dtype: float16 on a GPU and float32 elsewhere, if left out.
        instruments: Where the networks and the detector of measures come from.
    """

    protocol: str
    model: str = "mini"
    title: str | None = None
    data: Path | None = None
    clips: Annotated[int, Field(ge=1)] | None = None
    baselines: tuple[Literal["without-temporal", "copied-reference", "autoencoder"], ...] = ()
    measures: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=1)] | None = None
    device: str | None = None
    dtype: DTypeName | None = None
    instruments: InstrumentOptions = DEFAULT_INSTRUMENTS

    @model_validator(mode="after")
    def check_names(self) -> Self:
        if problem := _unknown(self.measures or ()):
            raise ValueError(problem)
        if len(set(self.baselines)) < len(self.baselines):
            raise ValueError("baselines: one is named twice")
        return self


def load_evaluate_config(path: Path, overrides: Mapping[str, Any] | None = None) -> EvaluateConfig:
    """Reads a TOML file; `overrides` replace its values by dotted name.

    Raises:
        ConfigError: It cannot be read or has bad fields, all of which are named.
    """
    values = with_overrides(read_values(path), overrides or {}, origin=str(path))
    return parse(EvaluateConfig, values, title=f"evaluation configuration {path}")


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """The document, the protocol behind it if any, and where the clips and results can be had again."""

    evaluation: Evaluation
    protocol: Protocol | None
    test_set: ClipSet
    videos: Videos


def evaluate(config: EvaluateConfig, output: Path, *, work: Work = ALONE) -> Evaluated:
    """Has a model make all clips of a test set, and scores them and the baselines.

    Args:
        config: What is evaluated, and how.
        output: Folder for videos and values; the same configuration goes on there where it was stopped.
        work: How it is done; numbers do not depend on it.

    Raises:
        AnimateAnyoneError: Something cannot be used, or `output` holds something else.
    """
    protocol = load_protocol(config.protocol)
    _check_measures(protocol)
    test_set = open_clip_set(protocol, data=config.data, num_clips=config.clips)
    device = str(choose_device(config.device))
    folder = folder_of(locate(config.model))
    pipeline = open_pipeline(folder)
    options = AnimateOptions(seed=config.seed, num_inference_steps=config.steps, guidance_scale=config.guidance)
    dtype = config.dtype or usual_dtype(choose_device(device))
    videos = ModelVideos(
        model=folder,
        systems=tuple(name for name in SYSTEMS if name == MODEL or name in config.baselines),
        options=options,
        generated=output / "generated",
        device=device,
        dtype=dtype,
        title=config.title or config.model,
    )
    size = protocol.frames.size
    settings = settings_used(options, pipeline) | {"area": size.width * size.height, "device": device, "dtype": dtype}
    weights = {f"weights: {name}": digest for name, digest in weight_hashes(folder).items()}
    evaluation = _score(
        test_set,
        videos,
        config.measures or protocol.measures,
        Setting(options=config.instruments, samples=protocol.videos, device=device),
        output,
        record=protocol.record(),
        settings={"model": config.model, **settings},
        hashes={**weights, **test_set.hashes()},
        notes=_shortened(protocol, test_set, asked=config.clips),
        work=work,
        bounds=frozenset(name for name, system in SYSTEMS.items() if system.bound),
    )
    return Evaluated(evaluation=evaluation, protocol=protocol, test_set=test_set, videos=videos)


def score(
    pairs: Pairs,
    output: Path,
    *,
    title: str,
    protocol: Protocol | None = None,
    instruments: InstrumentOptions = DEFAULT_INSTRUMENTS,
    device: str | None = None,
    work: Work = ALONE,
) -> Evaluated:
    """Scores given results against given true videos.

    Args:
        pairs: Clips on both sides; see `find_pairs`.
        output: Folder for the values.
        title: Of the system that made the results.
        protocol: Under which the results are scored; the true videos must be as it says.
        instruments: Where the networks and the detector of measures come from.
        device: For the networks; a GPU if there is one, if None.
        work: How it is done; numbers do not depend on it.

    Raises:
        AnimateAnyoneError: The videos do not fit the protocol, something cannot be read, or `output` holds something
            else.
    """
    notes = pairs.notes()
    if protocol is not None:
        _check_measures(protocol)
        _check_protocol(pairs, protocol)
        notes = (*notes, ON_TRUST)
    test_set, videos = PairSet(pairs), PairVideos(pairs, title)
    samples = PLAIN_SAMPLES if protocol is None else protocol.videos
    evaluation = _score(
        test_set,
        videos,
        tuple(MEASURES) if protocol is None else protocol.measures,
        Setting(options=instruments, samples=samples, device=(chosen := str(choose_device(device)))),
        output,
        record=NO_PROTOCOL if protocol is None else protocol.record(),
        settings={"where sides differ": asdict(pairs.alignment), "device": chosen},
        hashes={**videos.hashes(), **test_set.hashes()},
        notes=notes,
        work=work,
    )
    return Evaluated(evaluation=evaluation, protocol=protocol, test_set=test_set, videos=videos)


def _score(
    test_set: ClipSet,
    videos: Videos,
    measures: Sequence[str],
    setting: Setting,
    output: Path,
    *,
    record: ProtocolRecord,
    settings: Mapping[str, Any],
    hashes: Mapping[str, str],
    notes: tuple[str, ...],
    work: Work,
    bounds: frozenset[str] = frozenset(),
) -> Evaluation:
    # --- What can be measured ---
    instruments, missing = open_instruments(setting, instruments_of(measures))
    not_run = {name: reason for name in measures if (reason := _reason(name, test_set.known, missing)) is not None}
    scoring = Scoring(
        test_set=test_set,
        videos=videos,
        measures=tuple(name for name in measures if name not in not_run),
        instruments=setting,
        output=output,
    )
    versions = _versions()
    keep_settings(
        output,
        {"protocol": asdict(record), "settings": dict(settings), "hashes": dict(hashes), "versions": versions},
    )

    # --- Clip by clip ---
    total = len(test_set.names)
    work.on_clip(0, total)
    clips = score_clips(scoring, instruments, processes=work.processes, prepare=work.prepare)
    for done, _ in enumerate(clips, start=1):
        work.on_clip(done, total)

    # --- All together ---
    records = measure_records(measures, instruments, not_run)
    rows = {row: summarise_row(scoring, row, instruments, bound=row in bounds) for row in videos.rows}
    return Evaluation(
        protocol=record,
        clips=tuple(test_set.names),
        measures=records,
        rows=rows,
        settings=settings,
        hashes=hashes,
        versions=versions,
        machine=this_machine() | {"torch_threads": THREADS},
        notes=(*notes, *_left_out(rows, records, total)),
    )


def _left_out(rows: Mapping[str, Row], records: Mapping[str, MeasureRecord], total: int) -> Iterator[str]:
    """What to say where a network found nothing to measure in some clips, so that rows may be of different ones."""
    for name, record in records.items():
        if record.network is None or record.not_run is not None:
            continue
        counts = {row.title: row.figures[name].clips for row in rows.values() if row.figures[name].clips < total}
        if counts:
            listed = ", ".join(f"{title}: {count}" for title, count in counts.items())
            yield (
                f"{record.title}: not of all {total} clips ({listed}). The others are too short for it, or nobody was "
                "found in them."
            )


def _reason(measure: str, known: frozenset[Known], missing: Mapping[str, str]) -> str | None:
    """Why a measure is not run; None if it is."""
    if measure in DISTANCES:
        return missing.get(DISTANCES[measure].instrument)
    probe = probe_of(measure)
    for name in probe.needs:
        if name not in known:
            return GIVEN[name]
    if probe.package is not None and find_spec(probe.package) is None:
        return "needs the package scikit-image (extra 'evaluate')"
    return None if probe.instrument is None else missing.get(probe.instrument)


def _shortened(protocol: Protocol, test_set: ClipSet, *, asked: int | None) -> tuple[str, ...]:
    """What to say where not all clips of the protocol were taken."""
    clips = len(test_set.names)
    if protocol.num_clips is not None and clips != protocol.num_clips:
        return (f"Clips scored: {clips}. The protocol has {protocol.num_clips}, so that these are not its numbers.",)
    if protocol.num_clips is None and asked is not None:
        return (f"Clips scored: the first {clips}, as was asked for; the test list may be longer.",)
    return ()


def _versions() -> dict[str, str]:
    """Of everything that decides what comes out, this extra's packages included."""
    versions = used_versions()
    for name in ("scikit-image", "torchmetrics"):
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _unknown(measures: Sequence[str]) -> str | None:
    unknown = sorted(set(measures) - MEASURES.keys())
    return f"there is no measure {' or '.join(unknown)}; known are {', '.join(MEASURES)}" if unknown else None


def _check_measures(protocol: Protocol) -> None:
    if problem := _unknown(protocol.measures):
        raise ConfigError(f"The protocol {protocol.name} cannot be used: {problem}.")


def _check_protocol(pairs: Pairs, protocol: Protocol) -> None:
    """Refuses true videos that are not what the protocol says."""
    rule = protocol.frames
    for pair in pairs.clips:
        truth = pair.truth
        wrong: list[str] = []
        if truth.size != rule.size:
            wrong.append(f"frames of {truth.size} in place of {rule.size}")
        if rule.fps is not None and abs(truth.fps - rule.fps) > 1e-3:
            wrong.append(f"{truth.fps:g} frames a second in place of {rule.fps:g}")
        if rule.num_frames is not None and truth.num_frames != rule.num_frames:
            wrong.append(f"{truth.num_frames} frames in place of {rule.num_frames}")
        if wrong:
            raise ConfigError(
                f"The true video {pair.name} is not of the protocol {protocol.name}: it has {', '.join(wrong)}. Score "
                "it without a protocol, or bring the videos to it."
            )
    if protocol.num_clips is not None and len(pairs.clips) != protocol.num_clips:
        raise ConfigError(
            f"The protocol {protocol.name} has {protocol.num_clips} clips; got {len(pairs.clips)}. Score them without "
            "a protocol."
        )
