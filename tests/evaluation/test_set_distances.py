"""FID, FID-VID and FVD from videos to a number: the distance of the features of all clips, as computed by hand."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from animate_anyone.evaluation.instruments import Instrument, InstrumentOptions, Setting
from animate_anyone.evaluation.measures import DISTANCES
from animate_anyone.evaluation.networks import WeightChoice, open_fvd
from animate_anyone.evaluation.pairs import PairSet, PairVideos, find_pairs
from animate_anyone.evaluation.protocol import Protocol, VideoSamples
from animate_anyone.evaluation.scoring import Scoring, score_clips
from animate_anyone.evaluation.summary import summarise_row
from animate_anyone.metrics.frames import Frames
from animate_anyone.metrics.frechet import Moments, frechet_distance
from animate_anyone.metrics.networks.feature_network import Windows
from animate_anyone.metrics.networks.i3d import InceptionI3d
from made_videos import NO_DETECTOR, figures, moving, noisy, scored, write_clips


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))


def by_hand(results: list[np.ndarray], truths: list[np.ndarray]) -> float:
    """The distance of features of two sets of videos, from all of them at once."""
    return frechet_distance(*(Moments.of(np.concatenate(side)) for side in (results, truths)))


def test_fvd_through_weights_from_a_file(tmp_path):
    torch.manual_seed(0)
    weights = tmp_path / "i3d.pt"
    torch.save(InceptionI3d().state_dict(), weights)
    protocol = Protocol(
        name="short", version=1, title="short", clips="two", source="prepared", reference="none", measures=("fvd",),
        frames={"width": 32, "height": 32}, videos=VideoSamples(length=9, step=9),
    )  # fmt: skip
    # One clip has two windows, the other none.
    truths = {"a": moving(0, frames=18, width=32), "b": moving(1, width=32)}
    results = {name: noisy(video, 60) for name, video in truths.items()}
    found = scored(
        write_clips(tmp_path / "ours", **results),
        write_clips(tmp_path / "truth", **truths),
        tmp_path / "out",
        protocol=protocol,
        instruments=InstrumentOptions(fvd=weights, allow_other_weights=True, detector="none"),
    ).evaluation

    kept = {path.parent.name: np.load(path) for path in (tmp_path / "out" / "features").rglob("a.npy")}
    assert {side: features.shape for side, features in kept.items()} == {"result": (2, 400), "truth": (2, 400)}
    network = open_fvd(weights=WeightChoice(path=weights, allow_other_weights=True), windows=Windows(length=9, step=9))
    assert kept["result"][1:] == pytest.approx(network(results["a"][9:]), rel=1e-4, abs=1e-6)
    assert figures(found)["fvd"] == pytest.approx(by_hand([kept["result"]], [kept["truth"]]))
    assert found.rows["result"].figures["fvd"].clips == 1
    assert any(note.startswith("FVD: not of all 2 clips (") and ": 1)" in note for note in found.notes)
    digits = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    assert digits in found.measures["fvd"].network and "other weights" in found.measures["fvd"].network


@dataclass(frozen=True)
class MeanColours:
    """Looks at frames, or at windows of two: the mean colours of their quarters."""

    windows: bool

    @property
    def min_frames(self) -> int:
        return 2 if self.windows else 1

    @property
    def num_features(self) -> int:
        return 24 if self.windows else 12

    def __call__(self, frames: Frames) -> np.ndarray:
        height, width = frames.shape[1] // 2, frames.shape[2] // 2
        quarters = [frames[:, y : y + height, x : x + width] for y in (0, height) for x in (0, width)]
        colours = np.concatenate([quarter.mean(axis=(1, 2)) for quarter in quarters], axis=1).astype(np.float32)
        return np.concatenate([colours[:-1], colours[1:]], axis=1) if self.windows else colours


@pytest.mark.parametrize("measure", ["fid", "fid_vid"])
def test_distances_are_those_of_all_features_at_once(tmp_path, measure):
    """Frames are taken at the clip's rate for FID, and at that of the protocol for networks of video."""
    truths = {"a": moving(0, frames=9), "b": moving(1, frames=7), "c": moving(2, frames=12)}
    results = {name: noisy(video, 60) for name, video in truths.items()}
    pairs = find_pairs(write_clips(tmp_path / "ours", **results), write_clips(tmp_path / "truth", **truths), fps=30)
    whole = DISTANCES[measure].whole_clips
    network = MeanColours(windows=whole)
    scoring = Scoring(
        test_set=PairSet(pairs),
        videos=PairVideos(pairs, "ours"),
        measures=(measure,),
        instruments=Setting(options=NO_DETECTOR, samples=VideoSamples(length=9, step=1, fps=15)),
        output=tmp_path / "out",
    )
    instruments = {DISTANCES[measure].instrument: Instrument("mean colours", network)}
    assert len(list(score_clips(scoring, instruments))) == 3
    row = summarise_row(scoring, "result", instruments)
    step = 2 if whole else 1
    # A clip of 7 frames at 30 a second has 3 at 15, the seventh being beyond a whole one.
    features = [[network(video[::step][: len(video) // step]) for video in side.values()] for side in (results, truths)]
    assert row.figures[measure].mean == pytest.approx(by_hand(*features), rel=1e-6)
    assert (row.figures[measure].low, row.figures[measure].clips) == (None, 3)
