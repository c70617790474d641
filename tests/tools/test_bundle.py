"""The bundled model: whole, small, and with a card made of its run and its measures."""

import json
import shutil
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

import pytest
from PIL import Image

import bundle
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.clip_sets import ProcCharSet, TrueClip
from animate_anyone.evaluation.document import Evaluation, Figure, Row
from animate_anyone.evaluation.evaluate import Evaluated
from animate_anyone.evaluation.protocol import load_protocol
from animate_anyone.evaluation.summary import measure_records
from animate_anyone.metrics.frames import Frames
from model_card import curves, record


class TrueVideos:
    """Results that are the truth."""

    rows = MappingProxyType({"model": "mini"})

    def video(self, row: str, clip: TrueClip) -> Frames:
        return clip.frames


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures that are there already, as `measure_model` returns them."""

    def measure_model(model: Path, output: Path, *, num_clips: int, processes: int) -> Evaluated:
        clips = ProcCharSet(num_clips)
        figures = {
            "psnr": Figure(mean=21.5, low=20.25, high=22.125, clips=num_clips),
            "chest_correlation": Figure(mean=None, low=None, high=None, clips=0),
        }
        row = Row(title="mini", figures=figures, per_clip={name: {"psnr": 21.5} for name in clips.names}, curves={})
        protocol = load_protocol("procchar-100")
        evaluation = Evaluation(
            protocol=protocol.record(),
            clips=clips.names,
            measures=measure_records([*figures, "fvd"], {}, {"fvd": "needs the weights of I3D"}),
            rows={"model": row},
            settings={"num_inference_steps": 15, "guidance_scale": 2.0, "pose_style": "compact"},
            hashes={},
            versions={},
            machine={},
        )
        return Evaluated(evaluation=evaluation, protocol=protocol, test_set=clips, videos=TrueVideos())

    monkeypatch.setattr(bundle, "measure_model", measure_model)


@pytest.mark.usefixtures("measured")
def test_a_run_becomes_a_model_with_a_card(runs: Path, tmp_path: Path):
    Image.new("RGB", (8, 8)).save(runs / "drawings.png")
    failures, target = tmp_path / "failures.md", tmp_path / "bundled"
    failures.write_text("It cannot draw a sixth finger.\n")
    command = [str(runs), "--commit", "abc123", "--clips", "2", "--target", str(target), "--machine", "a laptop"]
    assert bundle.main([*command, "--known-failures", str(failures)]) == 0
    pipeline = open_pipeline(target)
    assert pipeline.config["pose_style"] == "compact"
    card = (target / "README.md").read_text()
    for text in (
        "Commit `abc123`; a laptop",
        "| `stage1`, run 1 of 2 | 40 | 2 | 80 | 320 | 5 |",
        "| `stage2` | 100 | 2 | 200 | 4800 | 5 |",
        "2 clips of ProcChar-100",
        "| PSNR (dB) ↑ | 21.50 [20.25, 22.12] |",
        "| correlation, chest pattern ↑ | – |",
        "- FVD: needs the weights of I3D",
        "sixth finger",
        "drawn by hand",
    ):
        assert text in card, text
    for picture in ("curves.svg", "sheet.jpg", "drawings.png"):
        assert f"({picture})" in card
        assert (target / picture).stat().st_size < 150_000
    document = json.loads((target / "training.json").read_text())
    assert document["measured"]["rows"]["model"]["chest_correlation"]["mean"] is None
    assert document["stages"]["stage1"]["config"]["seed"] == 5
    # Once more, in place of the first.
    (runs / "drawings.png").unlink()
    assert bundle.main(command) == 0
    assert "drawn by hand" not in (target / "README.md").read_text()
    assert not (target / "drawings.png").exists()


@pytest.mark.usefixtures("measured")
def test_a_model_that_is_too_large_is_refused(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bundle, "MOST_BYTES", 1000)
    target = tmp_path / "bundled"
    target.mkdir()
    assert bundle.main([str(runs), "--commit", "abc", "--target", str(target)]) == 1
    assert "MB in half precision" in capsys.readouterr().err
    assert not list(target.iterdir())


def test_an_incomplete_run_is_named(runs: Path, tmp_path: Path):
    (runs / "stage1" / "losses.jsonl").unlink()
    with pytest.raises(ConfigError, match="stage1 is no run"):
        record.training_record(runs, commit="abc", machine="here")


def test_a_training_goes_on_from_a_bundled_model(runs: Path):
    earlier = record.training_record(runs, commit="abc", machine="here")
    (runs / record.EARLIER).write_text(json.dumps(earlier))
    (runs / "stage1" / record.PREVIOUS).write_text(json.dumps([f"../{record.EARLIER}"]))
    shutil.rmtree(runs / "vae")
    stages = record.training_record(runs, commit="def", machine="there")["stages"]
    assert stages["vae"] == earlier["stages"]["vae"]
    first, second = stages["stage1"]["previous"]
    assert [first] == earlier["stages"]["stage1"]["previous"]
    assert second == {name: value for name, value in earlier["stages"]["stage1"].items() if name != "previous"}


def test_a_record_names_no_place_of_one_machine(runs: Path):
    config_file = runs / "vae" / "config.json"
    places = {
        "output": str(runs / "vae"),
        "cache": "runs/cache",
        "init": {"pipeline": None, "vae": [str(runs / "vae")]},
    }
    config_file.write_text(json.dumps(json.loads(config_file.read_text()) | places))
    config = record.run_record(runs / "vae")["config"]
    assert {name: config[name] for name in places} == {
        "output": "runs/vae",
        "cache": "runs/cache",
        "init": {"pipeline": None, "vae": ["runs/vae"]},
    }
    assert config["steps"] == 100


def test_curves_are_thinned_to_means(runs: Path):
    curve = record.run_record(runs / "vae")["curve"]
    assert len(curve) == record.MOST_POINTS
    assert curve[0] == {"step": 2, "loss": 0.75, "learning_rate": 1e-4}
    assert curve[-1]["step"] == 100
    lines = [{"step": 10, "loss": 2.0}, {"step": 20, "loss": 1.0}]
    assert record.thinned(lines) == lines


def test_the_picture_of_the_curves_is_valid_and_falls(runs: Path):
    stages = record.training_record(runs, commit="abc", machine="here")["stages"]
    root = ElementTree.fromstring(curves.curves_svg(stages))
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 5  # stage1 has two runs
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert points == sorted(points)
        assert all(0 <= x <= curves.WIDTH and 0 <= y <= curves.HEIGHT for x, y in points)
