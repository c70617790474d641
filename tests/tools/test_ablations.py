"""The ablations: their runs, resuming, and the table from measures that are made up."""

import json
import math
from pathlib import Path

import pytest

import ablations
from ablating import measures, report, runs
from ablating.variants import VARIANTS
from animate_anyone.errors import ConfigError

FACTS = {
    "command": "python tools/ablations.py",
    "commit": "abc",
    "machine": {"platform": "Linux", "cpus": 2},
    "versions": {"torch": "2"},
    "clips": 3,
    "data": {"size": 64, "fps": 8.0, "num_frames": 16},
    "runs": {"vae": {"seed": 1, "steps": 10, "samples": 40, "frames": 40, "seconds": 90.0}},
}


def made_up(psnr: float) -> measures.Values:
    return [{name: math.nan if name == "background" else psnr + clip for name in measures.COLUMNS} for clip in range(3)]


def test_the_table_has_the_papers_order_and_numbers_beside_ours():
    measured = {name: made_up(20.0 + place) for place, name in enumerate(reversed(VARIANTS))}
    summary = report.summarise(measured, FACTS)
    assert list(summary["rows"]) == list(VARIANTS)
    assert summary["rows"]["clip"]["measures"]["psnr"]["mean"] == 26
    assert summary["rows"]["clip"]["difference from full"]["psnr"] == {"mean": 3, "low": 3, "high": 3, "clips": 3}
    table = report.measures_table(summary).splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in table[2:]] == [each.title for each in VARIANTS.values()]
    assert len({line.count("|") for line in table}) == 1
    assert table[2].startswith("| CLIP only | 26.00 [25.00, 27.00] |") and " - " in table[2]
    assert table[2].endswith("| 0.897 | 36.09 | 0.089 | 208.5 |")
    assert report.differences_table(summary).count("\n") == 2 + len(VARIANTS) - 1
    assert "| vae | 1 | 10 | 40 | 40 | 1.5 |" in report.document(summary)


def test_without_the_full_model_there_are_no_differences():
    summary = report.summarise({"clip": made_up(20.0)}, FACTS)
    assert summary["rows"]["clip"]["difference from full"] == {}


@pytest.mark.parametrize("size", ["ablation", "tiny"])
@pytest.mark.parametrize("name", VARIANTS)
def test_the_runs_of_a_variant_start_from_each_other_and_differ_in_its_changes_alone(name: str, size: str):
    root = Path("somewhere")
    own = [run.config for run in runs.runs_of(VARIANTS[name], root, size=size)]
    full = {run.config.stage: run.config for run in runs.runs_of(VARIANTS["full"], root, size=size)}
    assert [config.stage for config in own[:2]] == ["vae", "image-encoder"]
    assert own[-1].output == root / VARIANTS[name].model
    changed = {field.split(".")[0] for field in VARIANTS[name].changes} | {"output", "init"}
    for config in own:
        if config.stage in full:
            other = full[config.stage]
            assert {key for key in type(config).model_fields if getattr(config, key) != getattr(other, key)} <= changed


def test_one_stage_is_given_what_the_two_stages_have():
    *_, one = (run.config for run in runs.runs_of(VARIANTS["one-stage"], Path("x"), size="ablation"))
    _, _, first, second = (run.config for run in runs.runs_of(VARIANTS["full"], Path("x"), size="ablation"))
    assert (one.seed, one.models, one.data, one.optimiser) == (first.seed, first.models, first.data, first.optimiser)
    assert one.diffusion == second.diffusion
    assert first.diffusion == second.diffusion.model_copy(
        update={
            "num_frames": first.diffusion.num_frames,
            "targets_per_reference": first.diffusion.targets_per_reference,
        }
    )


def test_the_time_of_a_run_is_that_of_its_pieces_and_begins_anew_with_it(tmp_path: Path):
    wanted, *_ = runs.runs_of(VARIANTS["full"], tmp_path, size="tiny")
    (tmp_path / runs.SECONDS).write_text('{"vae": 5000.0, "full-stage1": 7.0}')
    runs.train_run(wanted, tmp_path, processes=1)
    first = runs.read_seconds(tmp_path)
    assert 0 < first["vae"] < 5000 and first["full-stage1"] == 7
    runs.train_run(wanted, tmp_path, processes=1)
    assert runs.read_seconds(tmp_path)["vae"] > first["vae"]


def test_a_variant_is_trained_measured_and_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    places = ["--runs", str(tmp_path / "runs"), "--report", str(tmp_path / "table.md")]
    command = ["--only", "no-temporal", "--clips", "1", "--size", "tiny", *places]
    assert ablations.main(command) == 0
    assert "--- full-stage1 ---" in capsys.readouterr().out
    first = json.loads((tmp_path / "table.json").read_text())
    assert set(first["rows"]) == {"no-temporal", *measures.BOUNDS}
    truth = {name: found["mean"] for name, found in first["rows"]["truth"]["measures"].items()}
    assert {name for name, mean in truth.items() if mean is not None} == set(measures.OF_TRUTH)
    assert truth["background_flicker"] < 0.01 < truth["limb_flicker"]
    assert set(first["runs"]) == {"vae", "image-encoder", "full-stage1"}
    assert ablations.main(command) == 0
    assert "--- full-stage1 ---" not in capsys.readouterr().out
    assert json.loads((tmp_path / "table.json").read_text())["rows"] == first["rows"]
    # Another training in the same folder is not taken for this one.
    settings = tmp_path / "runs/full-stage1/config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"seed": 99}))
    with pytest.raises(ConfigError, match="another seed"):
        runs.is_finished(runs.runs_of(VARIANTS["full"], tmp_path / "runs", size="tiny")[2])
