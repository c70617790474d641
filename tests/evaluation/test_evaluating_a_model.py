"""`evaluate` from a model folder and a prepared set to a report, at the smallest size."""

import json
from pathlib import Path

import numpy as np
import pytest

from animate_anyone.data.layouts import Split
from animate_anyone.data.manifest import Limits, Making, load_manifest, save_manifest
from animate_anyone.data.prepare import prepare
from animate_anyone.data.procedural import render_clip
from animate_anyone.errors import ConfigError, MediaError
from animate_anyone.evaluation.document import Evaluation
from animate_anyone.evaluation.documents import write_documents
from animate_anyone.evaluation.evaluate import EvaluateConfig, evaluate, load_evaluate_config
from animate_anyone.evaluation.report_file import load_report
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import save_poses

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")

PROTOCOL = """
name = "own"
version = 3
title = "my clips"
source = "prepared"
clips = "two drawn ones"
reference = "the first frame"
measures = ["psnr", "ssim", "l1", "temporal_difference", "limb_flicker", "background", "lpips"]
frames = {width = 32, height = 32, fps = 12.0, num_frames = 4}
videos = {length = 16, step = 1}
"""


def no_detector():
    raise AssertionError("the poses are given")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set, with names that have folders in them."""
    videos, out = (tmp_path_factory.mktemp(name) for name in ("videos", "out"))
    for character, name in enumerate(("train/ann", "test/bob", "test/cleo.v2")):
        clip = render_clip(character=character, motion=character, num_frames=6, size=Size(32, 32), fps=12.0)
        write_video(np.ascontiguousarray(clip.frames.permute(0, 2, 3, 1).numpy()), videos / f"{name}.mp4", fps=12.0)
        save_poses(clip.poses, videos / f"{name}.poses.json.gz")
    making = Making(detector="none", fps=None, size=None)
    prepare(videos, out, no_detector, making=making, limits=Limits(min_frames=4), split=Split())
    return out


@pytest.fixture
def config(tiny_pipeline, data, tmp_path, monkeypatch) -> EvaluateConfig:
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))
    tiny_pipeline.save_pretrained(tmp_path / "model")
    (tmp_path / "own.toml").write_text(PROTOCOL)
    (tmp_path / "evaluate.toml").write_text(
        f'protocol = "{tmp_path / "own.toml"}"\nmodel = "{tmp_path / "model"}"\ndata = "{data}"\ntitle = "tiny"\n'
        'baselines = ["copied-reference", "without-temporal", "autoencoder"]\ninstruments = {detector = "none"}\n'
    )
    return load_evaluate_config(tmp_path / "evaluate.toml", {"device": "cpu"})


def run(config: EvaluateConfig, output: Path) -> Evaluation:
    evaluated = evaluate(config, output)
    write_documents(evaluated, output)
    assert load_report(output / "report.json") == evaluated.evaluation
    return evaluated.evaluation


def test_a_model_and_baselines_end_to_end(config, data, tmp_path):
    out = tmp_path / "out"
    first = run(config, out)
    names = [entry.key for entry in load_manifest(data).kept("test")]
    assert first.clips == tuple(names) and len(names) == 2 and all("/" in name for name in names)
    assert [row.title for row in first.rows.values()] == [
        "tiny", "without temporal attention", "copied reference", "autoencoder alone",
    ]  # fmt: skip
    assert all(figure.clips == 2 for row in first.rows.values() for figure in row.figures.values())
    assert first.measures["lpips"].not_run is not None
    assert (first.protocol.name, first.protocol.version, first.notes) == ("own", 3, ())

    document = json.loads((out / "report.json").read_text())
    assert document["machine"]["torch_threads"] == 1 and "scikit-image" in document["versions"]
    assert any(name.startswith("weights: ") for name in document["hashes"])

    # What the model made is kept, and serves when values are taken again.
    pictures = sorted((out / "generated").rglob("*.png"))
    assert len(pictures) == 2 * 4
    report, times = (out / "report.json").read_bytes(), [path.stat().st_mtime_ns for path in pictures]
    for name in names:
        (out / "clips" / f"{name}.json").unlink()
    run(config, out)
    assert (out / "report.json").read_bytes() == report
    assert [path.stat().st_mtime_ns for path in pictures] == times

    pictures[0].unlink()
    (out / "clips" / f"{names[0]}.json").unlink()
    with pytest.raises(MediaError, match="no longer holds the 4 pictures of 32x32"):
        run(config, out)


def test_some_of_the_clips_is_said(config, tmp_path):
    found = run(config.model_copy(update={"clips": 1, "baselines": ()}), tmp_path / "out")
    assert len(found.clips) == 1
    assert found.notes == ("Clips scored: the first 1, as was asked for; the test list may be longer.",)
    assert found.notes[0] in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"settings\.seed: 0 there, 1 now"):
        run(config.model_copy(update={"clips": 1, "baselines": (), "seed": 1}), tmp_path / "out")


def test_a_clip_that_is_too_short_is_named(config, tmp_path):
    (tmp_path / "own.toml").write_text(PROTOCOL.replace("num_frames = 4", "num_frames = 7"))
    with pytest.raises(ConfigError, match="has 6 frames, and the protocol own wants 7"):
        run(config, tmp_path / "out")


def test_a_set_without_a_test_is_refused(config, data, tmp_path):
    manifest = load_manifest(data)
    train = tuple(entry for entry in manifest.videos if entry.split == "train")
    save_manifest(manifest.model_copy(update={"videos": train}), tmp_path / "train-only")
    with pytest.raises(ConfigError, match="no clips to test on"):
        run(config.model_copy(update={"data": tmp_path / "train-only"}), tmp_path / "out")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stepps = 3", "stepps: there is no such field"),
        ('measures = ["pnsr"]', "there is no measure pnsr"),
        ("measures = []", "measures"),
        ('baselines = ["copied-reference", "copied-reference"]', "named twice"),
        ('baselines = ["none"]', r"baselines\.0"),
        ("steps = 0", "steps"),
        ("instruments = {lipps = 1}", r"instruments\.lipps"),
        ("steps = ", "not valid TOML"),
    ],
)
def test_bad_fields_are_named(tmp_path, line, message):
    path = tmp_path / "evaluate.toml"
    path.write_text(f'protocol = "procchar-100"\n{line}\n')
    with pytest.raises(ConfigError, match=message):
        load_evaluate_config(path)


def test_data_belongs_to_protocols_that_need_it(config, tmp_path):
    with pytest.raises(ConfigError, match="draws its clips; leave 'data' out"):
        run(config.model_copy(update={"protocol": "procchar-100"}), tmp_path / "out")
    with pytest.raises(ConfigError, match="needs 'data'"):
        run(config.model_copy(update={"data": None}), tmp_path / "out")
