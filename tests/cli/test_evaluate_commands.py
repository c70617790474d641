"""`evaluate` and `score` as they are typed: what is printed, and one line where something is wrong."""

from pathlib import Path

import pytest
from PIL import Image

from animate_anyone.cli.app import app
from animate_anyone.evaluation.report_file import load_report
from made_videos import moving, noisy, write_clips, write_pictures

pytest.importorskip("skimage", reason="needs the extra 'evaluate'")

CONFIGS = Path(__file__).parents[2] / "configs"
QUIET = ["--detector", "none"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("command", ["evaluate", "score"])
def test_help_teaches_by_an_example(cli, command):
    result = cli.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"animate-anyone {command} " in result.stdout.split("For example")[1]


def test_score_prints_the_figures_and_writes_the_report(cli, tmp_path):
    truth = write_clips(tmp_path / "truth", a=moving(0), b=moving(1))
    ours = write_clips(tmp_path / "ours", a=noisy(moving(0)), b=moving(1, frames=5))
    out = tmp_path / "out"
    result = cli.invoke(app, ["score", str(ours), str(truth), "-o", str(out), *QUIET])
    assert (result.exit_code, "b: the result has 5 frames, the true video 6" in result.stderr) == (1, True)
    assert not out.exists()

    result = cli.invoke(app, ["score", str(ours), str(truth), "-o", str(out), "--length", "shortest", *QUIET])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("ours: no protocol, 2 clips\n  L1 (of 255): ")
    assert "  FVD: not run, needs the weights 'i3d_pretrained_400.pt'\n" in result.stdout
    assert result.stdout.endswith(f"Report: {out / 'report.html'}\n")
    assert load_report(out / "report.json").notes[0].startswith("--length shortest: 1 of 2 clips")
    assert "--length shortest: 1 of 2 clips" in (out / "report.md").read_text(encoding="utf-8")


def test_score_with_a_reference(cli, tmp_path):
    ours = write_pictures(moving(), tmp_path / "ours")
    reference = tmp_path / "hero.png"
    Image.fromarray(moving()[0]).save(reference)
    command = ["score", str(ours), str(ours), "-o", str(tmp_path / "out"), "--references", str(reference), *QUIET]
    result = cli.invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "  background flicker" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "{none}", "{clip}"], "none"),
        (["score", "{clip}", "{clip}", "--protocol", "procchar"], "There is no protocol 'procchar'"),
        (["score", "{clip}", "{clip}", "--protocol", "tiktok"], "frames of 40x32 in place of 432x768"),
        (["score", "{clip}", "{clip}", "--poses", "{none}"], "none"),
        (["evaluate", "{none}"], "Cannot read the configuration"),
        (["evaluate", str(CONFIGS / "procchar.toml"), "--set", "clipps=1"], "clipps: there is no such field"),
        (["evaluate", str(CONFIGS / "procchar.toml"), "--set", 'model="{none}"', "--set", "clips=1"], "none"),
        (["evaluate", str(CONFIGS / "evaluate-tiktok.toml"), "--set", 'data="{none}"'], "weights pull moore"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_message(cli, tmp_path, arguments, message):
    clip = write_pictures(moving(), tmp_path / "clip")
    filled = [text.format(clip=clip, none=tmp_path / "none") for text in arguments]
    result = cli.invoke(app, [*filled, "-o", str(tmp_path / "out")])
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("Error: ") and message in result.stderr
    assert "Traceback" not in result.output and not (tmp_path / "out" / "report.json").exists()


def test_an_output_that_is_a_file_is_refused(cli, tmp_path):
    clip = write_pictures(moving(), tmp_path / "clip")
    (tmp_path / "out").write_text("in the way")
    result = cli.invoke(app, ["score", str(clip), str(clip), "-o", str(tmp_path / "out"), *QUIET])
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)
    assert (tmp_path / "out").read_text() == "in the way"


@pytest.mark.parametrize(
    "path", [*sorted(CONFIGS.glob("evaluate-*.toml")), CONFIGS / "procchar.toml"], ids=lambda p: p.stem
)
def test_the_configurations_that_come_along_can_be_read(path):
    from animate_anyone.evaluation.evaluate import load_evaluate_config
    from animate_anyone.evaluation.protocol import known_protocols

    assert load_evaluate_config(path).protocol in known_protocols()
