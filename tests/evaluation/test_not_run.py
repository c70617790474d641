"""Measures that cannot be taken here: never left out in silence, always with the reason."""

import json
from pathlib import Path

import pytest

from animate_anyone.errors import CheckpointError, ConfigError
from animate_anyone.evaluation import evaluate
from animate_anyone.evaluation.documents import write_documents
from animate_anyone.evaluation.instruments import InstrumentOptions
from animate_anyone.evaluation.measures import MEASURES
from animate_anyone.evaluation.protocol import load_protocol
from made_videos import figures, moving, scored, write_pictures

pytest.importorskip("torchmetrics", reason="needs the extra 'evaluate'")

PROTOCOL = """
name = "own"
version = 1
title = "<b>My own</b>"
source = "prepared"
clips = "two of mine"
reference = "the first frame"
measures = ["psnr", "fid"]
frames = {width = 40, height = 32}
videos = {length = 16, step = 1}
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_pictures(moving(), tmp_path / "video")


def own(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = PROTOCOL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "own.toml"
    path.write_text(text)
    return str(path)


def test_each_measure_has_a_number_or_a_reason_in_all_three_files(video, tmp_path):
    out = tmp_path / "out"
    write_documents(scored(video, video, out), out)
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert list(document["measures"]) == list(MEASURES)
    reasons = {name: record["not_run"] for name, record in document["measures"].items() if record["not_run"]}
    assert reasons.keys() == MEASURES.keys() - document["rows"]["result"]["figures"].keys()
    assert reasons["lpips"] == "needs the weights 'vgg16-397923af.pth'"
    assert reasons["fvd"] == "needs the weights 'i3d_pretrained_400.pt'"
    assert "--poses" in reasons["pck"] and "--references" in reasons["background"]
    assert "'evaluate'" in reasons["face_reference"] or "--references" in reasons["face_reference"]
    markdown = (out / "report.md").read_text(encoding="utf-8")
    page = (out / "report.html").read_text(encoding="utf-8")
    for name, reason in reasons.items():
        assert f"- {MEASURES[name].title}: {reason}\n" in markdown.replace("\\", "")
        assert reason in page.replace("&#39;", "'")


def test_a_missing_package_is_a_reason_too(video, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "find_spec", lambda name: None)
    found = scored(video, video, tmp_path / "out").evaluation
    assert found.measures["ssim"].not_run == "needs the package scikit-image (extra 'evaluate')"
    assert found.measures["warping_error"].not_run == found.measures["ssim"].not_run
    assert "psnr" in figures(found) and "ssim" not in figures(found)


def test_a_report_of_nothing_says_so(video, tmp_path):
    protocol = load_protocol(own(tmp_path, ('"psnr", "fid"', '"fid"')))
    found = scored(video, video, tmp_path / "out", protocol=protocol)
    write_documents(found, tmp_path / "out")
    assert figures(found.evaluation) == {}
    assert "FID: needs the weights" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "needs the weights" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_weights_that_are_given_and_are_not_there_are_an_error(video, tmp_path):
    options = InstrumentOptions(fvd=tmp_path / "nowhere.pt", detector="none")
    with pytest.raises(CheckpointError, match=r"nowhere\.pt"):
        scored(video, video, tmp_path / "out", instruments=options)


def test_markup_in_a_protocol_stays_text(video, tmp_path):
    out = tmp_path / "out"
    write_documents(scored(video, video, out, protocol=load_protocol(own(tmp_path))), out)
    assert (out / "report.md").read_text(encoding="utf-8").startswith("# ours on &lt;b&gt;My own&lt;/b&gt;\n")
    assert "<b>My own" not in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"psnr", "fid"', '"psnr", "pnsr"'), "no measure pnsr; known are l1, "),
        (("width = 40", "width = 48"), "frames of 40x32 in place of 48x32"),
        (("height = 32", "height = 32, fps = 24"), "30 frames a second in place of 24"),
        (("height = 32", "height = 32, num_frames = 7"), "6 frames in place of 7"),
        (('source = "prepared"', 'source = "prepared"\nnum_clips = 2'), "has 2 clips; got 1"),
    ],
)
def test_what_is_not_of_the_protocol_is_refused_with_numbers(video, tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        scored(video, video, tmp_path / "out", protocol=load_protocol(own(tmp_path, change)))


def test_true_videos_of_procchar_are_of_its_size_rate_length_and_number(video, tmp_path):
    with pytest.raises(ConfigError) as caught:
        scored(video, video, tmp_path / "out", protocol=load_protocol("procchar-100"))
    for text in ("40x32 in place of 128x128", "30 frames a second in place of 12", "6 frames in place of 48"):
        assert text in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("version = 1", "version = 1\nfps = 3"), "fps: there is no such field"),
        (("version = 1", 'version = "one"'), "version: "),
        (("width = 40", "width = 8"), r"frames\.width"),
        (("length = 16", "length = 4"), r"videos\.length"),
        (('name = "own"', 'name = "tiktok"'), "is called 'tiktok', and is not the known one"),
    ],
)
def test_bad_fields_of_a_protocol_are_named(tmp_path, change, message):
    assert load_protocol(own(tmp_path)).name == "own"
    with pytest.raises(ConfigError, match=message):
        load_protocol(own(tmp_path, change))


def test_an_unknown_protocol_is_named_beside_the_known_ones():
    with pytest.raises(ConfigError, match=r"no protocol 'procchar'.*procchar-100, ted-talks"):
        load_protocol("procchar")
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_protocol("nowhere.toml")
