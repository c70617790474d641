import hashlib
import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from animate_anyone.cli.app import app
from animate_anyone.media.video import probe, read_frames
from animate_anyone.pose.draw import STYLES
from animate_anyone.pose.file import load_poses, save_poses
from animate_anyone.pose.skeleton import NUM_KEYPOINTS, Pose
from animate_anyone.pose.skeleton_video import write_skeleton_video


def with_sound(video: Path, path: Path) -> Path:
    """The same video with a tone."""
    with av.open(str(video)) as source, av.open(str(path), "w") as output:
        picture = output.add_stream_from_template(source.streams.video[0])
        sound = output.add_stream("aac", rate=16000)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                output.mux(packet)
        tone = (8000 * np.sin(np.arange(16000) / 10)).astype(np.int16)
        for start in range(0, len(tone) - 1023, 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def report_of(path: Path) -> dict:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_a_pose_file_drives_a_picture(cli, model, poses, picture, tmp_path):
    out = tmp_path / "out.mp4"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model), "--no-align"]
    result = cli.invoke(app, [*arguments, "--seed", "7", "--steps", "3", "--guidance", "1.5", "--max-frames", "10"])
    assert result.exit_code == 0, result.output

    info = probe(out)
    assert (info.num_frames, info.fps, info.has_audio) == (10, 12.0, False)
    # The picture is 64 x 96 and the model's area 32 x 32.
    assert (info.size.width, info.size.height) == (26, 40)

    report = report_of(out)
    assert report["settings"] == {
        "seed": 7,
        "num_inference_steps": 3,
        "guidance_scale": 1.5,
        "area": 1024,
        "windows": "overlapping",
        "windows_at_once": 1,
        "preset": "exact",
        "window_size": 8,
        "pose_style": "compact",
        "max_frames": 10,
        "align": False,
        "decoder": None,
        "compare": False,
        "device": "cpu",
        "dtype": "float32",
        "offload": "none",
        "vae_tiling": False,
        "compile": False,
        "weights": "full",
        "runtime": "torch",
    }
    assert report["reference"]["sha256"] == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert report["output"]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    weights = sorted(path.relative_to(model).as_posix() for path in model.rglob("*.safetensors"))
    assert list(report["model"]["weights"]) == weights
    assert len(weights) == 5
    assert report["poses"] == {
        "driving": "pose file",
        "provider": None,
        "detector_weights": {},
        "reference_pose": None,
        "reference_pose_file": None,
        "alignment": None,
    }
    assert set(report["seconds"]) == {"open model", "find poses", "denoising", "decoding and writing"}
    assert report["peak_memory"]["process"] > 50e6
    assert {"python", "torch", "diffusers", "animate-anyone"} <= set(report["versions"])

    assert str(out) in result.stdout
    assert "No licence is stored with this model" in result.stdout
    assert "10/10 frames" in result.stderr


def test_the_same_seed_gives_the_same_video(cli, model, poses, picture, tmp_path):
    videos = []
    for name, seed in (("a.mp4", "1"), ("b.mp4", "1"), ("c.mp4", "2")):
        arguments = ["animate", str(picture), str(poses), "-o", str(tmp_path / name), "--model", str(model)]
        assert cli.invoke(app, [*arguments, "--no-align", "--seed", seed, "--max-frames", "3"]).exit_code == 0
        videos.append(np.stack(list(read_frames(tmp_path / name))))
    np.testing.assert_array_equal(videos[0], videos[1])
    assert (videos[0] != videos[2]).any()


def test_the_report_says_which_preset_made_the_video(cli, model, poses, picture, tmp_path):
    out = tmp_path / "out.mp4"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model), "--no-align"]
    result = cli.invoke(app, [*arguments, "--preset", "fast", "--windows-at-once", "2", "--max-frames", "9"])
    assert result.exit_code == 0, result.output
    settings = report_of(out)["settings"]
    assert (settings["preset"], settings["windows_at_once"]) == ("fast", 2)
    # Two steps, both in the part of the way with guidance.
    assert "The preset 'fast' has no effect: with so few steps (2)" in " ".join(result.stderr.split())


@pytest.mark.parametrize(("noise_scale", "seed", "said"), [(0.0, "7", True), (1.0, "7", False), (0.0, None, False)])
def test_a_seed_that_has_no_effect_is_reported(cli, model, poses, picture, tmp_path, noise_scale, seed, said):
    index = json.loads((model / "model_index.json").read_text())
    (model / "model_index.json").write_text(json.dumps(index | {"noise_scale": noise_scale}))
    arguments = ["animate", str(picture), str(poses), "-o", str(tmp_path / "out.mp4"), "--model", str(model)]
    given = [] if seed is None else ["--seed", seed]
    result = cli.invoke(app, [*arguments, "--no-align", "--max-frames", "1", *given])
    assert result.exit_code == 0, result.output
    assert ("The seed has no effect" in " ".join(result.stderr.split())) == said


def test_the_fast_preset_needs_windows_that_do_not_wrap_around(cli, model, poses, picture, tmp_path):
    arguments = ["animate", str(picture), str(poses), "-o", str(tmp_path / "out.mp4"), "--model", str(model)]
    result = cli.invoke(app, [*arguments, "--preset", "fast", "--windows", "closed-loop"])
    assert result.exit_code == 1
    assert "Choose the windows 'overlapping', or the preset 'exact'." in " ".join(result.stderr.split())


def test_a_reference_pose_that_has_no_effect_is_reported(cli, model, poses, picture, tmp_path):
    hero = tmp_path / "hero.json"
    save_poses(load_poses(poses).frames([0]), hero)
    Image.open(picture).resize((48, 48)).save(picture)
    arguments = ["animate", str(picture), str(poses), "-o", str(tmp_path / "out.mp4"), "--model", str(model)]
    result = cli.invoke(app, [*arguments, "--max-frames", "1", "--no-align", "--reference-pose", str(hero)])
    assert result.exit_code == 0, result.output
    said = " ".join(result.stderr.split())
    assert "The pose of the reference has no effect: the alignment is switched off." in said


class HalfAPerson:
    """A detector that finds a nose, and nothing to lay a motion on."""

    provider = "half a person"
    weights = ()

    def detect(self, image: np.ndarray) -> list[Pose]:
        keypoints = np.full((NUM_KEYPOINTS, 2), 20, dtype=np.float32)
        scores = np.zeros(NUM_KEYPOINTS, dtype=np.float32)
        scores[0] = 1
        return [Pose(keypoints=keypoints, scores=scores)]

    def close(self) -> None:
        pass


@pytest.mark.parametrize(("sees_it", "used"), [(True, "detected"), (False, None)])
def test_a_pose_that_fits_no_motion_is_seen_all_the_same(
    cli, model, poses, picture, tmp_path, monkeypatch, sees_it, used
):
    index = json.loads((model / "model_index.json").read_text())
    shutil.copytree(model, tmp_path / "copy")
    (tmp_path / "copy/model_index.json").write_text(json.dumps(index | {"reference_pose": sees_it}))
    monkeypatch.setattr("animate_anyone.pose.motion.make_detector", lambda *_, **__: HalfAPerson())
    out = tmp_path / "out.mp4"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(tmp_path / "copy")]
    result = cli.invoke(app, [*arguments, "--max-frames", "2", "--steps", "1"])
    assert (result.exit_code, "shown as it is" in result.stderr) == (0, True), result.output
    assert (report_of(out)["poses"]["reference_pose"], report_of(out)["poses"]["alignment"]) == (used, None)


def test_a_skeleton_video_keeps_its_sound(cli, model, poses, picture, tmp_path):
    small = load_poses(poses)
    large = replace(small, keypoints=10 * small.keypoints, width=10 * small.width, height=10 * small.height)
    write_skeleton_video(large, tmp_path / "silent.mp4", style=STYLES["dwpose"])
    driving = with_sound(tmp_path / "silent.mp4", tmp_path / "skeletons.mp4")
    out = tmp_path / "out.mp4"
    result = cli.invoke(app, ["animate", str(picture), str(driving), "-o", str(out), "--model", str(model)])
    assert result.exit_code == 0, result.output
    info = probe(out)
    assert (info.num_frames, info.fps, info.has_audio) == (12, 12.0, True)
    report = report_of(out)
    assert (report["poses"]["driving"], report["sound"]) == ("skeleton video", "copied")


def test_a_reference_pose_fits_the_motion(cli, model, poses, picture, tmp_path):
    pose_file = tmp_path / "hero-pose.json"
    save_poses(load_poses(poses).frames([0]), pose_file)
    square = tmp_path / "square.png"
    Image.open(picture).resize((96, 96)).save(square)
    out = tmp_path / "out.gif"
    arguments = ["animate", str(square), str(poses), "-o", str(out), "--model", str(model)]
    result = cli.invoke(app, [*arguments, "--reference-pose", str(pose_file)])
    assert result.exit_code == 0, result.output
    used = report_of(out)["poses"]
    # The canvas of the poses is 48 pixels wide, the picture 96.
    assert used["reference_pose"] == "file"
    assert used["reference_pose_file"] == {
        "path": str(pose_file),
        "sha256": hashlib.sha256(pose_file.read_bytes()).hexdigest(),
    }
    assert used["alignment"]["scale"] == pytest.approx(2, rel=0.2)


def test_the_weights_of_the_detector_are_in_the_report(cli, model, poses, picture, tmp_path, monkeypatch):
    networks = (tmp_path / "people.onnx", tmp_path / "pose.onnx")
    for file in networks:
        file.write_bytes(file.name.encode())

    class KnownPerson:
        provider, weights = "a known person", networks

        def detect(self, image: np.ndarray) -> list[Pose]:
            return [load_poses(poses)[0]]

        def close(self) -> None:
            pass

    monkeypatch.setattr("animate_anyone.pose.motion.make_detector", lambda *_, **__: KnownPerson())
    out = tmp_path / "out.mp4"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model), "--max-frames", "1"]
    result = cli.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    used = report_of(out)["poses"]
    assert (used["provider"], used["reference_pose"]) == ("a known person", "detected")
    assert used["detector_weights"] == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in networks}


def test_compare_shows_three_panels(cli, model, poses, picture, tmp_path):
    out = tmp_path / "frames"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model), "--no-align"]
    result = cli.invoke(app, [*arguments, "--compare", "--area", "48x48", "--max-frames", "2"])
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in out.iterdir())
    assert names == ["000000.png", "000001.png"]
    first, second = (np.asarray(Image.open(out / name)) for name in names)
    height, width = first.shape[0] - 16, first.shape[1] // 3
    assert width / height == pytest.approx(64 / 96, abs=0.05)
    # The reference stays, skeletons are drawn on black.
    np.testing.assert_array_equal(first[16:, :width], second[16:, :width])
    assert (first[16:, width : 2 * width].max(axis=2) == 0).mean() > 0.5
    assert report_of(out)["output"]["sha256"] is None


def test_missing_detector_is_said_and_the_motion_goes_on(cli, model, poses, picture, tmp_path, monkeypatch):
    monkeypatch.setattr("animate_anyone.pose.detect.find_spec", lambda name: None)
    out = tmp_path / "out.mp4"
    arguments = ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model), "--max-frames", "2"]
    result = cli.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "not fitted to the character" in result.stderr
    assert "pip install 'animate-anyone[pose]'" in result.stderr


def test_wrong_input_is_one_line_and_exit_code_1(cli, model, poses, picture, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    in_the_way = tmp_path / "taken.json"
    in_the_way.write_text("{}")
    (tmp_path / "folder.json").mkdir()
    good = {"reference": str(picture), "driving": str(poses), "-o": str(tmp_path / "o.mp4"), "--model": str(model)}
    cases = [
        ({"reference": str(tmp_path / "nothing.png")}, "there is no such file"),
        ({"reference": str(text)}, "is not a picture that can be read"),
        ({"driving": str(tmp_path / "nothing.mp4")}, "there is no such file"),
        ({"driving": str(text)}, "damaged or cut off|is no|cannot be read|not a video"),
        ({"-o": str(tmp_path / "o.avi")}, "Change the suffix"),
        ({"-o": str(tmp_path / "taken.mp4")}, "is in the way"),
        ({"-o": str(tmp_path / "folder.mp4"), "--model": "none such"}, "is in the way"),  # before the model is opened
        ({"driving": str(picture), "-o": str(picture)}, "Change the suffix"),
        ({"--model": "none such"}, "There is no model 'none such'"),
        ({"--device": "toaster"}, "The device 'toaster' cannot be used"),
        ({"--device": "cpu", "--offload": "model"}, "the device is the CPU"),
        ({"--reference-pose": str(poses)}, "has 12 frames"),
    ]
    for change, message in cases:
        given = good | change
        reference, driving = given.pop("reference"), given.pop("driving")
        options = [word for pair in given.items() for word in pair]
        result = cli.invoke(app, ["animate", reference, driving, *options])
        assert result.exit_code == 1, (change, result.output)
        assert result.stderr.startswith("Error: "), (change, result.stderr)
        assert any(part in result.stderr for part in message.split("|")), (change, result.stderr)
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "o.mp4").exists()


def test_a_rate_too_high_for_the_output_is_refused_before_the_model_is_opened(cli, picture, poses, tmp_path):
    fast = tmp_path / "fast.json"
    for fps, name, message in [(60, "o.gif", "ends in .mp4"), (300, "o.mp4", "Give its poses at a lower rate")]:
        save_poses(replace(load_poses(poses), fps=fps), fast)
        arguments = ["animate", str(picture), str(fast), "-o", str(tmp_path / name), "--model", "none such"]
        result = cli.invoke(app, arguments)
        assert result.exit_code == 1
        assert message in result.stderr


def test_inputs_are_never_overwritten(cli, model, picture, poses, tmp_path):
    plain = tmp_path / "dance.json"
    save_poses(load_poses(poses), plain)
    before = plain.read_bytes()
    arguments = ["animate", str(picture), str(plain), "-o", str(tmp_path / "dance.mp4"), "--model", str(model)]
    result = cli.invoke(app, arguments)
    assert result.exit_code == 1
    assert plain.read_bytes() == before


@pytest.mark.parametrize(
    "bad",
    [
        ["--steps", "0"],
        ["--guidance", "0.5"],
        ["--area", "big"],
        ["--area", "1x1"],
        ["--windows", "round"],
        ["--no"],
        ["--preset", "slow"],
        ["--windows-at-once", "0"],
    ],
)
def test_wrong_arguments_exit_with_2(cli, picture, poses, tmp_path, bad):
    result = cli.invoke(app, ["animate", str(picture), str(poses), "-o", str(tmp_path / "o.mp4"), *bad])
    assert result.exit_code == 2


def test_debug_shows_where_an_error_comes_from(cli, poses, tmp_path):
    result = cli.invoke(app, ["--debug", "animate", "nothing.png", str(poses), "-o", str(tmp_path / "o.mp4")])
    assert type(result.exception).__name__ == "MediaError"


def test_interrupting_exits_with_130(cli, model, poses, picture, tmp_path, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("animate_anyone.job.load_image", interrupted)
    out = tmp_path / "o.mp4"
    result = cli.invoke(app, ["animate", str(picture), str(poses), "-o", str(out), "--model", str(model)])
    assert result.exit_code == 130
