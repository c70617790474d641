"""The networks and the detector that measures look through: which are wanted, and what is at hand of them."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from animate_anyone.checkpoints.sources import Source
from animate_anyone.config_file import Values
from animate_anyone.errors import CheckpointError, MissingExtraError, MissingNetworkError, PoseError
from animate_anyone.evaluation.identity_networks import CLIP_VIT_B32, SFACE, open_clip, open_sface
from animate_anyone.evaluation.networks import WeightChoice, open_fid, open_fid_vid, open_fvd, open_lpips
from animate_anyone.evaluation.protocol import VideoSamples
from animate_anyone.metrics.networks.feature_network import Windows
from animate_anyone.pose.detect import make_detector, resolve_detector


class InstrumentOptions(Values):
    """Where instruments come from: the table `[instruments]` of a configuration.

    Attributes:
        folder: Holds weight files of all networks under their published names; by default where downloads go to.
        lpips: File of VGG16's weights, if it is not in the folder.
        fid: Inception-v3's weights.
        fid_vid: 3D ResNet-50's.
        fvd: I3D's.
        clip: Folder of CLIP ViT-B/32; in `folder` it is called clip-vit-base-patch32.
        face: File of SFace.
        download: Whether what is not given and not here yet is downloaded.
        allow_other_weights: Whether files are taken that are not the published ones; the report names their hashes.
        detector: Finds the poses of results; "none" for no pose following.
        detector_weights: Folder with DWPose's two files.
    """

    folder: Path | None = None
    lpips: Path | None = None
    fid: Path | None = None
    fid_vid: Path | None = None
    fvd: Path | None = None
    clip: Path | None = None
    face: Path | None = None
    download: bool = False
    allow_other_weights: bool = False
    detector: Literal["auto", "mediapipe", "dwpose", "none"] = "auto"
    detector_weights: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all instruments are opened with."""

    options: InstrumentOptions
    samples: VideoSamples
    device: str = "cpu"


@dataclass(frozen=True)
class Instrument:
    """An instrument at hand: what it is called in a report, hash included, and what probes are given."""

    name: str
    use: Any


def _weights(setting: Setting, path: Path | None) -> WeightChoice:
    options = setting.options
    return WeightChoice(
        path=path or options.folder, download=options.download, allow_other_weights=options.allow_other_weights
    )


def _windows(setting: Setting) -> Windows:
    return Windows(length=setting.samples.length, step=setting.samples.step)


def _lpips(setting: Setting) -> Instrument:
    network = open_lpips(weights=_weights(setting, setting.options.lpips), device=setting.device)
    return Instrument(network.name, network)


def _fid(setting: Setting) -> Instrument:
    network = open_fid(weights=_weights(setting, setting.options.fid), device=setting.device)
    return Instrument(network.name, network)


def _fid_vid(setting: Setting) -> Instrument:
    weights = _weights(setting, setting.options.fid_vid)
    network = open_fid_vid(weights=weights, windows=_windows(setting), device=setting.device)
    return Instrument(network.name, network)


def _fvd(setting: Setting) -> Instrument:
    weights = _weights(setting, setting.options.fvd)
    network = open_fvd(weights=weights, windows=_windows(setting), device=setting.device)
    return Instrument(network.name, network)


def _clip(setting: Setting) -> Instrument:
    folder = setting.options.clip or _in_folder(setting, "clip-vit-base-patch32")
    with _at_hand(setting, folder, CLIP_VIT_B32, purpose="CLIP similarity", key="clip"):
        network = open_clip(folder, device=setting.device)
    return Instrument(f"{CLIP_VIT_B32.name}, SHA-256 {_digits(CLIP_VIT_B32)}", network)


def _face(setting: Setting) -> Instrument:
    file = setting.options.face or _in_folder(setting, SFACE.files[0].saved_as)
    with _at_hand(setting, file, SFACE, purpose="Face similarity", key="face"):
        network = open_sface(file)
    return Instrument(f"{SFACE.name}, SHA-256 {_digits(SFACE)}", network)


def _detector(setting: Setting) -> Instrument:
    """A function that makes a fresh detector, since one follows people through one clip only."""
    options = setting.options
    if options.detector == "none":
        raise MissingNetworkError(
            "a pose detector", purpose="Pose following", remedy="Choose another detector than none."
        )
    name = resolve_detector(options.detector, weights=options.detector_weights)
    if name == "dwpose" and options.detector_weights is None and not options.download:
        raise MissingNetworkError(
            "MediaPipe (extra 'pose'), or the weights of DWPose",
            purpose="Pose following",
            remedy="Install the extra, allow the download, or give the folder of the weights.",
        )
    make = partial(make_detector, name, video=True, weights=options.detector_weights)
    try:
        detector = make()
    except PoseError as error:
        if options.detector_weights is not None:
            raise
        raise MissingNetworkError("the weights of DWPose", purpose="Pose following", remedy=str(error)) from error
    provider = detector.provider
    detector.close()
    return Instrument(provider, make)


OPENERS: Mapping[str, Callable[[Setting], Instrument]] = MappingProxyType(
    {
        "lpips": _lpips,
        "fid": _fid,
        "fid-vid": _fid_vid,
        "fvd": _fvd,
        "clip": _clip,
        "face": _face,
        "detector": _detector,
    }
)


def open_instruments(setting: Setting, wanted: frozenset[str]) -> tuple[dict[str, Instrument], dict[str, str]]:
    """Opens instruments.

    Args:
        setting: Where they come from.
        wanted: Keys of `OPENERS`.

    Returns:
        Those at hand, and for each of the others what it needs.

    Raises:
        CheckpointError: A file that is there is not the published one, or cannot be read.
    """
    found: dict[str, Instrument] = {}
    missing: dict[str, str] = {}
    for name in sorted(wanted):
        try:
            found[name] = OPENERS[name](setting)
        except MissingNetworkError as error:
            missing[name] = f"needs {error.needs}"
        except MissingExtraError as error:
            missing[name] = str(error)
    return found, missing


def _in_folder(setting: Setting, name: str) -> Path | None:
    """What is there under a name in the folder of all networks."""
    place = None if setting.options.folder is None else setting.options.folder / name
    return place if place is not None and place.exists() else None


@contextmanager
def _at_hand(setting: Setting, place: Path | None, source: Source, *, purpose: str, key: str) -> Generator[None]:
    """Opens a network within the block; where nothing was given and it cannot be downloaded, it is missing."""
    needs = f"the weights of {source.name}"
    if place is None and not setting.options.download:
        remedy = f"Allow the download (instruments.download), or give their place (instruments.{key})."
        raise MissingNetworkError(needs, purpose=purpose, remedy=remedy)
    try:
        yield
    except CheckpointError as error:
        if place is not None:
            raise
        raise MissingNetworkError(needs, purpose=purpose, remedy=str(error)) from error


def _digits(source: Source) -> str:
    return next(file.sha256 for file in reversed(source.files) if file.sha256 is not None)[:8]
