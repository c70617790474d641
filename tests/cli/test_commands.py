import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from animate_anyone.cli.app import app
from animate_anyone.media.video import probe
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import load_poses
from animate_anyone.pose.images import is_skeleton_video
from animate_anyone.pose.skeleton_reading import read_skeleton_video

CONFIGS = Path(__file__).parents[2] / "configs"


def test_help_loads_no_torch_and_scoring_no_networks():
    program = (
        "import sys\n"
        "from animate_anyone.cli.app import app\n"
        "for arguments in (['--help'], ['animate', '--help'], ['doctor', '--help'], ['--version']):\n"
        "    app(arguments, standalone_mode=False)\n"
        "assert 'torch' not in sys.modules and 'diffusers' not in sys.modules\n"
        "import animate_anyone.checkpoints.registry, animate_anyone.evaluation.scoring\n"
        "assert 'diffusers' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "animate-anyone animate me.png dance.mp4 -o out.mp4" in " ".join(result.stdout.split())
    assert result.stdout.splitlines()[-1].startswith("animate-anyone ")


@pytest.mark.parametrize(
    "command",
    [
        ["animate"], ["demo"], ["doctor"], ["train"],
        ["pose", "detect"], ["pose", "draw"], ["pose", "check"],
        ["data", "prepare"],
        ["weights", "list"], ["weights", "pull"], ["weights", "import"],
    ],
)  # fmt: skip
def test_every_help_teaches_by_an_example(cli, command):
    result = cli.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert "animate-anyone " + " ".join(command) in result.stdout.split("For example")[1]


def test_demo_says_where_its_videos_are(cli, model, tmp_path):
    out = tmp_path / "demo"
    result = cli.invoke(app, ["demo", "-o", str(out), "--truth", "--model", str(model)])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["demo.gif", "demo.json", "demo.mp4", "motions", "references"]
    # 24 frames there, and back without the first and the last.
    assert (probe(out / "demo.mp4").num_frames, probe(out / "demo.mp4").fps) == (46, 12.0)
    assert str(out / "demo.mp4") in result.stdout and str(out / "demo.gif") in result.stdout


def test_poses_are_drawn_and_checked(cli, poses, tmp_path):
    result = cli.invoke(app, ["pose", "check", str(poses)])
    assert result.exit_code == 0, result.output
    assert "12 frames on a canvas of 48x48, 12 a second, a person in 12 of them" in result.stdout
    result = cli.invoke(app, ["pose", "draw", str(poses), "-o", str(tmp_path / "skeletons.mp4")])
    assert result.exit_code == 0, result.output
    info = probe(tmp_path / "skeletons.mp4")
    assert (info.num_frames, info.fps, info.size.width, info.size.height) == (12, 12.0, 512, 512)
    # What is drawn drives an animation, though the canvas was too small for its lines to outlive the compression.
    assert is_skeleton_video(tmp_path / "skeletons.mp4")
    assert len(read_skeleton_video(tmp_path / "skeletons.mp4")) == 12


TERMINATED_AT_FRAME_5 = """
import os, signal
from animate_anyone.cli import main
from animate_anyone.pose.images import DrawnPoseImages

drawn = DrawnPoseImages.window

def window(images, indices):
    if indices[0] == 5:
        os.kill(os.getpid(), signal.SIGTERM)
    return drawn(images, indices)

DrawnPoseImages.window = window
main()
"""


@pytest.mark.parametrize("name", ["skeletons.mp4", "skeletons"])
def test_termination_leaves_nothing_half_written(poses, tmp_path, name):
    out = tmp_path / "out"
    arguments = ["pose", "draw", str(poses), "-o", str(out / name)]
    program = [sys.executable, "-c", TERMINATED_AT_FRAME_5, *arguments]
    assert subprocess.run(program, check=False, capture_output=True).returncode == 143
    assert list(out.iterdir()) == []


def test_a_wrong_pose_file_is_explained(cli, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"format": "animate-anyone/pose"}))
    result = cli.invoke(app, ["pose", "check", str(path)])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "has no field 'version'" in result.stderr


def test_pose_detection_names_what_is_missing(cli, picture, tmp_path, monkeypatch):
    monkeypatch.setattr("animate_anyone.pose.detect.find_spec", lambda name: None)
    result = cli.invoke(app, ["pose", "detect", str(picture), "-o", str(tmp_path / "p.json")])
    assert result.exit_code == 1
    assert "pip install 'animate-anyone[pose]'" in result.stderr
    result = cli.invoke(app, ["pose", "detect", str(picture), "-o", str(tmp_path / "p.txt")])
    assert result.exit_code == 1
    assert "ends in .json or .json.gz" in result.stderr


def test_a_rate_too_high_for_the_drawing_is_refused_before_poses_are_found(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("animate_anyone.pose.detect.find_spec", lambda name: None)  # else a person would be looked for
    fast = write_video([np.zeros((32, 32, 3), dtype=np.uint8)] * 4, tmp_path / "fast.mp4", fps=60).path
    arguments = ["pose", "detect", str(fast), "-o", str(tmp_path / "p.json"), "--draw"]
    for name, message in [("p.gif", "at most 50 frames a second"), ("p.mp4", "pip install")]:
        result = cli.invoke(app, [*arguments, str(tmp_path / name)])
        assert result.exit_code == 1
        assert message in result.stderr


def test_more_frames_than_a_pose_file_holds_are_refused_before_poses_are_found(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("animate_anyone.pose.detect.find_spec", lambda name: None)  # else a person would be looked for
    monkeypatch.setattr("animate_anyone.pose.file.ROOM", 3)
    video = write_video([np.zeros((32, 32, 3), dtype=np.uint8)] * 4, tmp_path / "long.mp4", fps=30).path
    arguments = ["pose", "detect", str(video), "-o", str(tmp_path / "p.json")]
    for limit, message in [([], "room for 3 frames in which all is seen"), (["--max-frames", "3"], "pip install")]:
        result = cli.invoke(app, [*arguments, *limit])
        assert result.exit_code == 1
        assert message in result.stderr


def test_poses_are_found_in_a_picture_of_a_person(cli, tmp_path):
    pytest.importorskip("mediapipe", reason="needs the extra 'pose'")
    person = Path(__file__).parents[3] / "shared/examples/moore/ref_images/anyone-2.png"
    if not person.exists():
        pytest.skip("the example pictures are not on this machine")
    out = tmp_path / "person.json"
    arguments = ["pose", "detect", str(person), "-o", str(out), "--draw", str(tmp_path / "person.gif")]
    result = cli.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    found = load_poses(out)
    assert len(found) == 1
    assert found[0].visible[:18].sum() >= 12
    assert (tmp_path / "person.gif").exists()


def test_weights_list_names_models_and_licences(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path))
    result = cli.invoke(app, ["weights", "list"])
    assert result.exit_code == 0, result.output
    assert "moore: Moore-AnimateAnyone" in result.stdout
    assert "CreativeML-OpenRAIL-M" in result.stdout
    assert "animate-anyone weights pull moore" in result.stdout


def test_weights_errors_name_the_cause(cli, tmp_path):
    result = cli.invoke(app, ["weights", "pull", "none-such"])
    assert (result.exit_code, "There is no known model 'none-such'" in result.stderr) == (1, True)
    result = cli.invoke(app, ["weights", "import", str(tmp_path / "nothing"), "-o", str(tmp_path / "model")])
    assert (result.exit_code, result.stderr.startswith("Error: ")) == (1, True)


def test_training_errors_name_the_field(cli, tmp_path):
    result = cli.invoke(app, ["train", str(tmp_path / "nothing.toml")])
    assert (result.exit_code, "Cannot read the configuration" in result.stderr) == (1, True)
    config = str(CONFIGS / "tiny-vae.toml")
    result = cli.invoke(app, ["train", config, "--set", "stepps=3"])
    assert (result.exit_code, "stepps" in result.stderr) == (1, True)
    result = cli.invoke(app, ["train", config, "--set", "output=runs/b"])
    assert (result.exit_code, "value as in TOML" in result.stderr) == (1, True)


def test_training_runs_and_says_where(cli, tmp_path):
    pytest.importorskip("accelerate", reason="needs the extra 'train'")
    out = tmp_path / "vae"
    changes = [f'output="{out}"', "steps=1", "data.num_clips=2"]
    result = cli.invoke(
        app, ["train", str(CONFIGS / "tiny-vae.toml"), *(word for change in changes for word in ("--set", change))]
    )
    assert result.exit_code == 0, result.output
    assert f"Trained: {out}" in result.stdout
    assert (out / "vae").is_dir()
