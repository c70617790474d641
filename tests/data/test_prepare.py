"""Videos are prepared once, those that are not fit are named with the reason, and clips come back as they were."""

import json
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from animate_anyone.data.clip import Clip
from animate_anyone.data.layouts import Split
from animate_anyone.data.manifest import Entry, Limits, Making, Manifest, load_manifest
from animate_anyone.data.prepare import prepare
from animate_anyone.data.prepared import PreparedClips
from animate_anyone.data.procedural import render_clip
from animate_anyone.data.shards import write_shards
from animate_anyone.errors import MediaError, MissingExtraError, PoseError
from animate_anyone.media.size import Size
from animate_anyone.media.video import probe
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import load_poses, save_poses
from animate_anyone.pose.skeleton import NUM_KEYPOINTS, Pose

FPS = 8.0
NUM_FRAMES = 8
JITTER = 0.5
"""Deviation of detected points in pixels."""


class BlobDetector:
    """Finds a person in every white rectangle of a picture, one on its left half and one on its right."""

    provider = "blob"
    weights = ()

    def __init__(self, log: Path | None = None):
        self.log = log
        self.jitter = np.random.default_rng(0)

    def detect(self, image: np.ndarray) -> list[Pose]:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write("x")
        middle = image.shape[1] // 2
        halves = ((0, image[:, :middle]), (middle, image[:, middle:]))
        return [self.pose(left, half) for left, half in halves if (half > 200).all(axis=2).any()]

    def pose(self, left: int, half: np.ndarray) -> Pose:
        rows, columns = np.nonzero((half > 200).all(axis=2))
        corners = np.array([[columns.min() + left, rows.min()], [columns.max() + left, rows.max()]])
        way = np.linspace(0, 1, 18, dtype=np.float32)[:, None]
        keypoints = np.zeros((NUM_KEYPOINTS, 2), dtype=np.float32)
        keypoints[:18] = corners[0] + way * (corners[1] - corners[0]) + self.jitter.normal(0, JITTER, (18, 2))
        scores = np.zeros(NUM_KEYPOINTS, dtype=np.float32)
        scores[:18] = 1
        return Pose(keypoints=keypoints, scores=scores)

    def close(self) -> None:
        pass


class SlowDetector(BlobDetector):
    """Takes its time, so that it can be interrupted."""

    def detect(self, image: np.ndarray) -> list[Pose]:
        time.sleep(0.05)
        return super().detect(image)


def blobs(path: Path, *, people: int = 1, num_frames: int = NUM_FRAMES, height: int = 40, first: int = 0) -> None:
    """A video of white rectangles, which are there from frame `first` on."""
    frames = np.zeros((num_frames, 64, 96, 3), dtype=np.uint8)
    for person in range(people):
        frames[first:, 10 : 10 + height, 10 + 48 * person : 30 + 48 * person] = 255
    write_video(frames, path, fps=FPS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "videos"


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Callable[..., Manifest]:
    """Prepares the folder into `out`, with settings that can be given."""

    def run(
        *,
        fps: float | None = None,
        size: tuple[int, int] | None = None,
        detector: Callable[[], Any] = BlobDetector,
        test_share: float = 0.0,
        processes: int = 1,
        **limits: Any,
    ) -> Manifest:
        return prepare(
            folder,
            tmp_path / "out",
            detector,
            making=Making(detector="blob", fps=fps, size=size),
            limits=Limits(**({"min_frames": 4} | limits)),
            split=Split(test_share=test_share),
            processes=processes,
        )

    return run


def reasons(manifest: Manifest) -> dict[str, str | None]:
    return {entry.source: entry.reason for entry in manifest.videos}


def looked_at(log: Path) -> int:
    return len(log.read_text()) if log.exists() else 0


def test_what_is_not_fit_is_left_out_with_the_reason(
    folder: Path, run: Callable[..., Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("animate_anyone.pose.file.ROOM", NUM_FRAMES)
    blobs(folder / "good.mp4")
    blobs(folder / "long.mp4", num_frames=NUM_FRAMES + 1)
    blobs(folder / "pair.mp4", people=2)
    blobs(folder / "empty.mp4", people=0)
    blobs(folder / "late.mp4", first=4)
    blobs(folder / "short.mp4", num_frames=3)
    blobs(folder / "small.mp4", height=8)
    (folder / "broken.mp4").write_bytes((folder / "good.mp4").read_bytes()[:200])
    found = reasons(run())
    assert found.pop("good.mp4") is None
    expected = {
        "pair": "several people in 100% of the frames",
        "empty": "No person was found",
        "late": "nobody in 50% of the frames",
        "long": "A pose file has room for 8 frames",
        "short": "too short: 3 frames, at least 4",
        "small": "too small: 2",
        "broken": "broken.mp4: has no video in it",
    }
    assert found.keys() == {f"{name}.mp4" for name in expected}
    assert str(tmp_path) not in (tmp_path / "out/manifest.json").read_text()
    for name, reason in expected.items():
        assert reason in (found[f"{name}.mp4"] or "")
    manifest = load_manifest(tmp_path / "out")
    (entry,) = manifest.kept("train")
    assert entry.measured is not None
    assert (entry.measured.frames, entry.measured.fps, entry.measured.width, entry.measured.height) == (8, 8, 96, 64)
    assert entry.measured.person_share == pytest.approx(40 / 64, abs=0.05)
    assert (tmp_path / "out" / (entry.video or "")).resolve() == (folder / "good.mp4").resolve()
    assert (tmp_path / "out/train.txt").read_text() == "../videos/good.mp4\n"
    assert (tmp_path / "out/test.txt").read_text() == ""
    assert sorted(path.name for path in folder.iterdir()) == sorted(reasons(manifest))


def test_poses_are_followed_and_smoothed(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    blobs(folder / "a.mp4", num_frames=24)
    run()
    poses = load_poses(tmp_path / "out/clips/a.poses.json.gz")
    jitter = np.diff(poses.keypoints[:, :18], axis=0).std()
    assert jitter < 0.7 * JITTER * np.sqrt(2)


def test_only_what_has_changed_is_done_again(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    log = tmp_path / "log"
    blobs(folder / "a.mp4")
    blobs(folder / "b.mp4", num_frames=3)
    first = run(detector=lambda: BlobDetector(log))
    assert looked_at(log) == 8
    assert run(detector=lambda: BlobDetector(log)) == first
    # Another limit is a matter of judgement; only the clip that was too short has to be looked at.
    assert reasons(run(detector=lambda: BlobDetector(log), min_person=0.9, min_frames=2))["a.mp4"] is not None
    assert looked_at(log) == 8 + 3
    blobs(folder / "b.mp4", num_frames=6)
    (tmp_path / "out/clips/a.poses.json.gz").write_bytes(b"damaged")
    assert reasons(run(detector=lambda: BlobDetector(log))) == {"a.mp4": None, "b.mp4": None}
    assert looked_at(log) == 8 + 3 + 8 + 6
    run(detector=lambda: BlobDetector(log), fps=4.0)
    assert looked_at(log) == 8 + 3 + 8 + 6 + 8  # at this rate b is too short to be looked at


def test_rate_and_size(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    blobs(folder / "a.mp4")
    (entry,) = run(fps=4.0, size=(48, 48)).kept("train")
    assert entry.video == "clips/a.mp4"
    info = probe(tmp_path / "out" / entry.video)
    assert (info.num_frames, info.fps, info.size) == (4, 4.0, Size(48, 32))
    poses = load_poses(tmp_path / "out" / (entry.poses or ""))
    assert (len(poses), poses.fps, poses.width, poses.height) == (4, 4.0, 48, 32)
    assert np.allclose(poses.keypoints[:, 0], [4.75, 4.75], atol=1.0)


def test_frames_in_folders(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    for number in range(1, 6):
        path = folder / f"00335/images/{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.zeros((65, 97, 3), dtype=np.uint8)
        pixels[10:50, 10:30] = 255
        Image.fromarray(pixels).save(path)
    manifest = run()
    assert manifest.layout == "tiktok"
    (entry,) = manifest.kept("test")
    info = probe(tmp_path / "out" / (entry.video or ""))
    assert (info.num_frames, info.fps, info.size) == (5, 30.0, Size(96, 64))
    assert len(list((folder / "00335/images").iterdir())) == 5


def test_several_processes_agree_with_one(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    for name in ("a", "b", "c"):
        blobs(folder / f"{name}.mp4")
    (folder / "broken.mp4").write_bytes(b"no video")
    together = run(processes=2)
    (tmp_path / "out/clips").rename(tmp_path / "first")
    assert run() == together


def test_an_interrupted_run_goes_on(folder: Path, run: Callable[..., Manifest], tmp_path: Path):
    for name in ("a", "b", "c", "d"):
        blobs(folder / f"{name}.mp4")
    code = (
        "import sys; from pathlib import Path; from test_prepare import *\n"
        "prepare(Path(sys.argv[1]), Path(sys.argv[2]), SlowDetector, making=Making(detector='blob', fps=None,"
        " size=None), limits=Limits(min_frames=4), split=Split(test_share=0.0))"
    )
    environment = {"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path]), "OMP_NUM_THREADS": "1"}
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(out)], env=environment, stderr=subprocess.DEVNULL
    )
    while not (out / "clips/a.json").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    log = tmp_path / "log"
    assert len(run(detector=lambda: BlobDetector(log)).kept("train")) == 4
    assert looked_at(log) <= 24
    assert not list(out.rglob(".*"))


def test_a_detector_that_fails_ends_nothing_and_is_tried_again(folder: Path, run: Callable[..., Manifest]):
    class Failing(BlobDetector):
        def detect(self, image: np.ndarray) -> list[Pose]:
            raise RuntimeError("out of memory")

    blobs(folder / "a.mp4")
    assert reasons(run(detector=Failing)) == {"a.mp4": "RuntimeError: out of memory"}
    assert reasons(run()) == {"a.mp4": None}


def test_a_missing_detector_is_said_at_once(folder: Path, run: Callable[..., Manifest]):
    def missing() -> BlobDetector:
        raise MissingExtraError("mediapipe", extra="pose", purpose="Finding poses")

    blobs(folder / "a.mp4")
    with pytest.raises(MissingExtraError):
        run(detector=missing)


# --- Given poses, and reading what was prepared ---


@pytest.fixture(scope="module")
def drawn() -> Clip:
    # All points are found in it: those that are not do not come back from a file.
    return render_clip(character=0, motion=4, num_frames=NUM_FRAMES, size=Size(64, 96), fps=FPS)


@pytest.fixture
def given(folder: Path, drawn: Clip) -> Path:
    """A video with its poses beside it."""
    write_video(drawn.frames.permute(0, 2, 3, 1).contiguous().numpy(), folder / "a.mp4", fps=FPS)
    save_poses(drawn.poses, folder / "a.poses.json.gz")
    return folder


def no_detector() -> BlobDetector:
    raise AssertionError("there are poses already")


def opened(manifest: Manifest, out: Path, **settings: Any) -> PreparedClips:
    return PreparedClips(folder=out, entries=manifest.kept("train"), **({"size": Size(64, 96)} | settings))


def only(manifest: Manifest) -> Entry:
    (entry,) = manifest.videos
    return entry


def test_given_poses_and_frames_come_back(given: Path, drawn: Clip, run: Callable[..., Manifest], tmp_path: Path):
    clips = opened(run(detector=no_detector), tmp_path / "out")
    clip = clips.clip(0)
    assert (clip.frames.float() - drawn.frames.float()).abs().mean() < 6.0
    assert np.allclose(clip.poses.keypoints, drawn.poses.keypoints, atol=0.01)
    assert clip.poses.fps == FPS
    wide = opened(load_manifest(tmp_path / "out"), tmp_path / "out", size=Size(96, 96)).clip(0)
    assert wide.frames.shape[2:] == (96, 96)
    assert np.allclose(wide.poses.keypoints, drawn.poses.keypoints + np.array([16, 0]), atol=0.01)


def test_rate_leaves_out_frames(given: Path, drawn: Clip, run: Callable[..., Manifest], tmp_path: Path):
    clips = opened(run(), tmp_path / "out", fps=4.0)
    clip = clips.clip(0)
    assert len(clip) == clips.num_frames(0) == 4
    assert np.allclose(clip.poses.keypoints, drawn.poses.keypoints[::2], atol=0.01)
    assert torch.equal(clips.clip(0, [3, 1]).frames, clip.frames[[3, 1]])
    for frames in ([4], [-1], []):
        with pytest.raises(ValueError, match="frames 0 to 3"):
            clips.clip(0, frames)


def test_given_poses_of_another_video_are_refused(given: Path, run: Callable[..., Manifest]):
    save_poses(render_clip(character=0, motion=3, num_frames=5, size=64).poses, given / "a.poses.json.gz")
    assert "5 frames of 64x64, but the video has 8 frames of 64x96" in (only(run()).reason or "")


def test_a_pose_file_that_was_exchanged_is_refused(given: Path, run: Callable[..., Manifest], tmp_path: Path):
    manifest = run()
    save_poses(render_clip(character=0, motion=3, num_frames=5, size=64).poses, tmp_path / "out/clips/a.poses.json.gz")
    with pytest.raises(PoseError, match=r"5 frames of 64x64, but a\.mp4 was prepared with 8 frames of 64x96"):
        opened(manifest, tmp_path / "out").clip(0)


# webdataset leaves closing its files to the collector of garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_shards_hold_the_clips_and_need_nothing_else(given: Path, run: Callable[..., Manifest], tmp_path: Path):
    webdataset = pytest.importorskip("webdataset", reason="needs the extra 'shards'")
    out = tmp_path / "out"
    for name in ("b", "c"):
        for suffix in (".mp4", ".poses.json.gz"):
            (given / f"{name}{suffix}").write_bytes((given / f"a{suffix}").read_bytes())
    files = run(fps=4.0)
    expected = opened(files, out).clip(1)
    foreign = out / "shards" / "others.tar"
    foreign.parent.mkdir()
    foreign.write_bytes(b"of somebody")
    sharded = write_shards(files, out, shard_bytes=1)
    assert foreign.read_bytes() == b"of somebody"
    foreign.unlink()
    first = {path.name: path.read_bytes() for path in (out / "shards").iterdir()}
    assert sorted(first) == ["train-000000.tar", "train-000001.tar", "train-000002.tar"]
    assert write_shards(run(fps=4.0), out, shard_bytes=10**9).kept("train")[0].shard is not None
    (path,) = (out / "shards").iterdir()
    samples = list(webdataset.WebDataset(str(path), shardshuffle=False))
    assert sorted(sample["__key__"] for sample in samples) == ["a", "b", "c"]
    assert all(json.loads(sample["json"])["key"] == sample["__key__"] for sample in samples)
    with tarfile.open(path) as tar:
        assert len(tar.getnames()) == 9

    assert write_shards(files, out, shard_bytes=1) == sharded
    assert {path.name: path.read_bytes() for path in (out / "shards").iterdir()} == first
    (out / "clips").rename(tmp_path / "gone")
    clip = opened(load_manifest(out), out).clip(1)
    assert torch.equal(clip.frames, expected.frames)
    assert (clip.poses.keypoints == expected.poses.keypoints).all()
    path = out / (sharded.kept("train")[1].shard or pytest.fail()).file
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(MediaError, match="cut off"):
        opened(sharded, out).clip(1)


@pytest.mark.parametrize(("place", "output"), [("set", "set"), ("set/clips", "set"), ("set/clips/more", "set")])
def test_results_never_replace_the_videos(place: str, output: str, tmp_path: Path):
    video = tmp_path / place / "a.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"a video")
    with pytest.raises(MediaError, match="would replace videos"):
        prepare(
            video.parent,
            tmp_path / output,
            BlobDetector,
            making=Making(detector="blob", fps=None, size=None),
            limits=Limits(),
            split=Split(test_share=0.0),
        )
    assert [path.name for path in video.parent.iterdir()] == ["a.mp4"]
    assert video.read_bytes() == b"a video"


def test_a_manifest_that_is_none(tmp_path: Path):
    with pytest.raises(MediaError, match="animate-anyone data prepare VIDEOS"):
        load_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "animate-anyone/prepared", "version": 2}')
    with pytest.raises(MediaError, match="wrong at version"):
        load_manifest(tmp_path)
