"""Measuring a model: every row, kept values, and no mixing of settings."""

import json
import math
from pathlib import Path

import measure
import numpy as np
import pytest
from measuring import report, videos
from PIL import Image

from animate_anyone.animation import AnimateOptions
from animate_anyone.data import procchar
from animate_anyone.metrics.clip_measures import MEASURES

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")

QUICK = ("--steps", "1", "--guidance", "1")


@pytest.fixture(autouse=True)
def short_clips(monkeypatch: pytest.MonkeyPatch):
    """Clips of two frames, so that a tiny network is done in a second."""
    draw = procchar.draw_clip

    def draw_short(index: int) -> procchar.ProcCharClip:
        clip = draw(index)
        return procchar.ProcCharClip(
            frames=clip.frames[::24], reference=clip.reference, poses=clip.poses.frames(slice(None, None, 24))
        )

    monkeypatch.setattr(procchar, "draw_clip", draw_short)
    monkeypatch.setattr(procchar, "check_hashes", lambda found, *, first: None)
    monkeypatch.setattr("measuring.sheet.TIMES", (0, 1))


def test_a_model_is_measured_beside_what_it_is_compared_with(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    assert measure.main([str(model), "--output", str(out), "--clips", "2", "--no-temporal", *QUICK]) == 0
    document = json.loads((out / "measures.json").read_text())
    assert list(document["rows"]) == list(videos.ROWS)
    assert document["clips"] == ["clip-000", "clip-001"]
    assert document["settings"]["num_inference_steps"] == 1
    for row in document["rows"].values():
        assert list(row) == list(MEASURES)
        assert row["psnr"]["low"] <= row["psnr"]["mean"] <= row["psnr"]["high"]
    assert document["rows"]["copied reference"]["background flicker"]["mean"] == 0
    kept = json.loads((out / "clips/clip-001.json").read_text())
    assert kept["model"]["ssim"] == document["per clip"]["model"]["ssim"][1]
    table = (out / "measures.md").read_text()
    assert table in capsys.readouterr().out
    assert table.count("\n") == 2 + len(MEASURES)
    sheet = Image.open(out / "sheet.png")
    assert sheet.size == (3 * 128, 3 * (3 * 128 + 22))
    assert np.asarray(sheet)[30:100, 10:100].std() > 5


def test_kept_values_are_not_measured_again_nor_mixed_with_others(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    command = [str(model), "--output", str(out), *QUICK]
    assert measure.main([*command, "--clips", "1"]) == 0
    kept = json.loads((out / "clips/clip-000.json").read_text())
    kept["model"]["psnr"] = 50.0
    (out / "clips/clip-000.json").write_text(json.dumps(kept))
    assert measure.main([*command, "--clips", "2"]) == 0
    measured = json.loads((out / "measures.json").read_text())
    assert measured["per clip"]["model"]["psnr"][0] == 50
    # Another row is added to what is kept.
    assert measure.main([*command, "--clips", "1", "--no-temporal"]) == 0
    kept = json.loads((out / "clips/clip-000.json").read_text())
    assert (kept["model"]["psnr"], set(kept)) == (50, set(videos.ROWS))
    # Values with other settings are not.
    assert measure.main([str(model), "--output", str(out), "--clips", "1", "--steps", "2"]) == 1
    assert "holds measures with other settings" in capsys.readouterr().err


def test_a_model_that_is_not_here_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert measure.main([str(tmp_path / "nothing"), "--output", str(tmp_path / "out")]) == 1
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [("--clips", "0"), ("--clips", "101"), ("--processes", "0"), ("--steps", "0")])
def test_impossible_numbers_are_wrong_arguments(wrong: tuple[str, str], tmp_path: Path):
    with pytest.raises(SystemExit, match="2"):
        measure.main(["mini", "--output", str(tmp_path), *wrong])


def test_without_temporal_attention_frames_do_not_depend_on_each_other(tiny_pipeline):
    clip = procchar.draw_clip(0)
    options = AnimateOptions(num_inference_steps=1, guidance_scale=1.0, area=128**2)
    other = procchar.ProcCharClip(frames=clip.frames, reference=clip.reference, poses=clip.poses.frames([0, 0]))
    for make, same in ((videos.animated_frame_by_frame, True), (videos.animated, False)):
        first, second = (make(tiny_pipeline, given, options)[0] for given in (clip, other))
        assert np.array_equal(first, second) == same


def test_values_that_are_no_numbers_survive(tmp_path: Path):
    text = report.to_json({"a": [1.0, math.nan], "b": {"c": math.nan}})
    assert json.loads(text) == {"a": [1.0, None], "b": {"c": None}}
    assert math.isnan(report.from_json(text)["a"][1])
