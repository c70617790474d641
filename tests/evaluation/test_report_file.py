import dataclasses
import json

import pytest

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.document import Figure
from animate_anyone.evaluation.report_file import load_report, parse_report, report_text, save_report


def changed(evaluation, path, value):
    document = json.loads(report_text(evaluation))
    *parents, last = path.split("/")
    table = document
    for name in parents:
        table = table[name]
    table[last] = value
    return json.dumps(document)


def test_comes_back_to_the_last_digit(evaluation, tmp_path):
    row = evaluation.rows["model"]
    row = dataclasses.replace(
        row, figures={**row.figures, "psnr": Figure(mean=0.1 + 0.2, low=1e-17, high=2.0, clips=3)}
    )
    evaluation = dataclasses.replace(evaluation, rows={"model": row, "other": row})
    save_report(evaluation, tmp_path / "report.json")
    assert load_report(tmp_path / "report.json") == evaluation
    assert list(load_report(tmp_path / "report.json").measures) == list(evaluation.measures)


def test_not_a_number_is_written_as_null(evaluation):
    nothing = float("nan")
    row = dataclasses.replace(
        evaluation.rows["model"],
        figures={"psnr": Figure(mean=nothing, low=nothing, high=nothing, clips=0)},
        curves={"psnr": (1.0, nothing)},
    )
    text = report_text(dataclasses.replace(evaluation, rows={"model": row}))
    assert "NaN" not in text
    back = parse_report(text, origin="here").rows["model"]
    assert back.figures["psnr"] == Figure(mean=None, low=None, high=None, clips=0)
    assert back.curves["psnr"] == (1.0, None)


def test_infinite_numbers_are_refused(evaluation):
    with pytest.raises(ValueError, match="JSON"):
        report_text(dataclasses.replace(evaluation, settings={"scale": float("inf")}))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "other", "no report of an evaluation"),
        ("document_version", 2, "document version 2"),
        ("clips", [1], "clips.0"),
        ("surprise", 1, "surprise"),
        ("rows/model/figures/psnr/mean", "3", "rows.model.figures.psnr.mean"),
        ("rows/model/figures/psnr/median", 3.0, "rows.model.figures.psnr.median"),
        ("measures/psnr/level", "pixel", "measures.psnr.level"),
        ("rows", {}, "there are none"),
        ("rows/model/figures/fvd", {"mean": 1.0, "low": None, "high": None, "clips": 1}, "'fvd'"),
        ("rows/model/per_clip/clip-999", {}, "there is no clip 'clip-999'"),
        ("rows/model/per_clip/clip-001/new", 1.0, "'new'"),
        ("clips", ["clip-000"] * 2, "twice"),
    ],
)
def test_what_is_wrong_is_named(evaluation, path, value, message):
    with pytest.raises(ConfigError, match=message):
        parse_report(changed(evaluation, path, value), origin="here")


@pytest.mark.parametrize("text", ["", "[1]", '{"format": NaN}', '{"format": 1e999}', "{"])
def test_what_is_no_report_is_refused(text):
    with pytest.raises(ConfigError, match="here"):
        parse_report(text, origin="here")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.json"):
        load_report(tmp_path / "absent.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no text"):
        load_report(tmp_path / "binary.json")
