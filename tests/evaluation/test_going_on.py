"""A run that is repeated, stopped or shared out ends with the same bytes; one of other settings is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.documents import write_documents
from animate_anyone.evaluation.evaluate import Work
from animate_anyone.evaluation.pairs import Alignment
from animate_anyone.pose.file import save_poses
from animate_anyone.pose.skeleton import PoseSequence
from made_videos import moving, noisy, scored, write_clips

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")

NAMES = ("a", "b c", "<script>")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    truths = {name: moving(seed) for seed, name in enumerate(NAMES)}
    results = {name: noisy(video, 10 * (place + 1)) for place, (name, video) in enumerate(truths.items())}
    return write_clips(tmp_path / "ours", **results), write_clips(tmp_path / "truth", **truths)


def report(sides: tuple[Path, Path], output: Path, **options) -> bytes:
    write_documents(scored(*sides, output, **options), output)
    return (output / "report.json").read_bytes()


def test_reports_are_the_same_to_the_byte(sides, tmp_path):
    first = report(sides, tmp_path / "one")
    clips = tmp_path / "one" / "clips"
    assert sorted(path.name for path in clips.iterdir()) == sorted(f"{name}.json" for name in NAMES)

    # Stopped before one clip was done: that clip alone is scored again.
    kept = (clips / "b c.json").read_bytes()
    (clips / "b c.json").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in clips.iterdir()}
    assert report(sides, tmp_path / "one") == first
    assert (clips / "b c.json").read_bytes() == kept
    assert {name: (clips / name).stat().st_mtime_ns for name in before} == before

    # Elsewhere, and in two processes, which work on clips in any order.
    assert report(sides, tmp_path / "two", work=Work(processes=2)) == first

    page = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page and "<script" not in page


def test_other_settings_in_the_same_folder_are_refused_by_name(sides, tmp_path):
    scored(*sides, tmp_path / "out")
    with pytest.raises(ConfigError, match=r"where sides differ\.length: refuse there, shortest now"):
        scored(*sides, tmp_path / "out", alignment=Alignment(length="shortest"))
    picture = sides[0] / "a" / "0000.png"
    Image.fromarray(255 - np.asarray(Image.open(picture))).save(picture)
    with pytest.raises(ConfigError, match=r"hashes\.results: [0-9a-f]{64} there, [0-9a-f]{64} now") as caught:
        scored(*sides, tmp_path / "out")
    assert "true videos" not in str(caught.value)


def test_the_title_may_change(sides, tmp_path):
    scored(*sides, tmp_path / "out")
    found = scored(*sides, tmp_path / "out", title="a better name").evaluation
    assert [row.title for row in found.rows.values()] == ["a better name"]


def test_poses_and_references_are_settings_too(sides, tmp_path):
    def give(x: float) -> Path:
        folder = tmp_path / "poses"
        for name in NAMES:
            keypoints = np.full((6, 134, 2), x, np.float32)
            scores = np.ones((6, 134), np.float32)
            sequence = PoseSequence(keypoints=keypoints, scores=scores, width=40, height=32, fps=30)
            save_poses(sequence, folder / f"{name}.json")
        return folder

    found = scored(*sides, tmp_path / "out", poses=give(10)).evaluation
    assert found.rows["result"].figures["limb_flicker"].clips == 3
    with pytest.raises(ConfigError, match=r"hashes\.poses: "):
        scored(*sides, tmp_path / "out", poses=give(12))


def test_a_damaged_file_of_values_is_named(sides, tmp_path):
    scored(*sides, tmp_path / "out")
    path = tmp_path / "out" / "clips" / "a.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(ConfigError, match=r"a\.json is damaged"):
        scored(*sides, tmp_path / "out")


def test_values_lie_where_the_documentation_says(sides, tmp_path):
    scored(*sides, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clips", "settings.json"]
    values = json.loads((tmp_path / "out" / "clips" / "a.json").read_text())["result"]
    assert len(values["psnr"]) == 6 and isinstance(values["temporal_difference"], float)
