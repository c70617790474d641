"""Scores of videos made for the purpose: what comes out is what must, and what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest

from animate_anyone.errors import ConfigError, MediaError
from animate_anyone.evaluation.pairs import Alignment, find_pairs
from animate_anyone.media.writer import write_video
from animate_anyone.pose.file import save_poses
from animate_anyone.pose.skeleton import PoseSequence
from made_videos import figures, moving, noisy, scored, write_clips, write_pictures

metrics = pytest.importorskip("skimage.metrics", reason="needs the extra 'evaluate'")

TRUTH = moving()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float | None]]:
    """The figures of results that are wrong in known ways."""
    swapped = TRUTH[[0, 2, 1, 3, 5, 4]]
    results = {
        "identical": TRUTH,
        "shifted": np.roll(TRUTH, 1, axis=2),
        "darkened": (TRUTH * 0.6).astype(np.uint8),
        "noise": np.random.default_rng(5).integers(0, 256, TRUTH.shape, dtype=np.uint8),
        "swapped": swapped,
    }
    place = tmp_path_factory.mktemp("made")
    truth = write_pictures(TRUTH, place / "truth")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANIMATE_ANYONE_HOME", str(place / "home"))
        return {
            name: figures(scored(write_pictures(video, place / name), truth, place / f"{name}-out").evaluation)
            for name, video in results.items()
        }


def test_an_identical_result_is_perfect_in_every_measure_that_was_run(of):
    found = of["identical"]
    true_error = found.pop("warping_error_truth")
    assert found == {
        "l1": 0, "l1_legacy": 0, "psnr": 100, "psnr_legacy": 100, "ssim": pytest.approx(1, abs=1e-12),
        "temporal_difference": 0, "warping_error": true_error,
    }  # fmt: skip


def test_worse_results_get_worse_numbers(of):
    for better, worse in (
        ("identical", "shifted"),
        ("shifted", "noise"),
        ("identical", "darkened"),
        ("darkened", "noise"),
    ):
        assert of[better]["psnr"] > of[worse]["psnr"]
        assert of[better]["ssim"] > of[worse]["ssim"]
        assert of[better]["l1"] < of[worse]["l1"]
    assert of["noise"]["warping_error"] > of["shifted"]["warping_error"] >= of["identical"]["warping_error"]
    assert of["noise"]["temporal_difference"] > of["shifted"]["temporal_difference"]


def test_swapped_frames_tell_in_time_more_than_in_frames(of):
    swapped, shifted = of["swapped"], of["shifted"]
    assert swapped["l1"] < 1.6 * shifted["l1"] and swapped["psnr"] > shifted["psnr"] - 3
    assert swapped["temporal_difference"] > 2 * shifted["temporal_difference"]
    assert swapped["warping_error"] > 2 * shifted["warping_error"]


def test_frame_measures_are_those_of_scikit_image(tmp_path):
    truth, result = moving(3), noisy(moving(3))
    found = figures(
        scored(
            write_pictures(result, tmp_path / "a"), write_pictures(truth, tmp_path / "b"), tmp_path / "out"
        ).evaluation
    )
    pairs = list(zip(truth, result, strict=True))
    psnr = np.mean([metrics.peak_signal_noise_ratio(*pair) for pair in pairs])
    ssim = np.mean([metrics.structural_similarity(*pair, channel_axis=2) for pair in pairs])
    l1 = np.mean([np.abs(a.astype(float) - b).mean() for a, b in pairs])
    assert (found["psnr"], found["ssim"], found["l1"]) == pytest.approx((psnr, ssim, l1), abs=1e-4)
    assert found["l1_legacy"] == pytest.approx(1e4 * l1 / (32 * 40), abs=1e-4)


def test_legacy_psnr_flatters(tmp_path):
    """Unrelated noise in four fifths of the picture: 16.5 dB, and the number that the field printed for as much."""
    truth, result = np.random.default_rng(0).integers(75, 180, (2, 2, 64, 64, 3), dtype=np.uint8)
    result[:, 51:] = truth[:, 51:]
    found = figures(
        scored(
            write_pictures(result, tmp_path / "a"), write_pictures(truth, tmp_path / "b"), tmp_path / "out"
        ).evaluation
    )
    assert found["psnr"] == pytest.approx(16.5, abs=0.2)
    assert found["psnr_legacy"] == pytest.approx(29, abs=0.5)


@pytest.mark.parametrize(
    ("result", "option", "numbers"),
    [
        (moving(frames=5), {"length": "shortest"}, ("5 frames", "6", "--length shortest")),
        (moving(height=64, width=80), {"size": "truth"}, ("80x64", "40x32", "--size truth")),
    ],
)
def test_what_does_not_fit_is_refused_with_both_numbers_unless_asked_for(tmp_path, result, option, numbers):
    ours = write_clips(tmp_path / "ours", a=result, b=TRUTH)
    truth = write_clips(tmp_path / "truth", a=TRUTH, b=TRUTH)
    with pytest.raises(ConfigError) as caught:
        find_pairs(ours, truth)
    assert all(text in str(caught.value) for text in ("a: ", *numbers)) and "b: " not in str(caught.value)
    notes = scored(ours, truth, tmp_path / "out", alignment=Alignment(**option)).evaluation.notes
    assert any(numbers[-1] in note and "1 of 2" in note for note in notes)


def test_another_rate_is_refused_unless_asked_for(tmp_path):
    write_video(TRUTH, tmp_path / "truth.mp4", fps=10)
    write_video(np.repeat(TRUTH, 2, axis=0), tmp_path / "ours.mp4", fps=20)
    with pytest.raises(ConfigError, match=r"20 frames a second, the true video 10 \(--rate truth"):
        find_pairs(tmp_path / "ours.mp4", tmp_path / "truth.mp4")
    found = scored(tmp_path / "ours.mp4", tmp_path / "truth.mp4", tmp_path / "out", alignment=Alignment(rate="truth"))
    assert found.evaluation.notes == ("--rate truth: 1 of 1 results were brought to the rate of their truth.",)
    assert figures(found.evaluation)["psnr"] > 30  # every second frame of the doubled ones is the true one


def test_clips_on_one_side_are_refused_unless_asked_for(tmp_path):
    ours = write_clips(tmp_path / "ours", a=TRUTH, b=TRUTH)
    truth = write_clips(tmp_path / "truth", a=TRUTH, b=TRUTH, c=TRUTH)
    with pytest.raises(ConfigError, match=r"2 clips and .* holds 3; on one side only: c"):
        find_pairs(ours, truth)
    found = scored(ours, truth, tmp_path / "out", alignment=Alignment(names="common")).evaluation
    assert found.clips == ("a", "b")
    assert any(note.startswith("--names common") and note.endswith(": c.") for note in found.notes)


def test_one_clip_of_another_name_is_no_result(tmp_path):
    ours, truth = write_clips(tmp_path / "ours", bob=TRUTH), write_clips(tmp_path / "truth", alice=TRUTH)
    with pytest.raises(ConfigError, match="on one side only: alice, bob"):
        find_pairs(ours, truth)
    assert len(find_pairs(ours / "bob", truth / "alice").clips) == 1


def test_a_folder_of_something_else_is_not_written_to(tmp_path):
    ours, truth = write_pictures(TRUTH, tmp_path / "ours"), write_pictures(TRUTH, tmp_path / "truth")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/report.html").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds report\.html of something else"):
        scored(ours, truth, tmp_path / "out")
    assert (tmp_path / "out/report.html").read_text() == "mine"


def test_an_option_without_effect_is_reported(tmp_path):
    ours, truth = write_pictures(TRUTH, tmp_path / "ours"), write_pictures(TRUTH, tmp_path / "truth")
    everything = Alignment(length="shortest", size="truth", rate="truth", names="common")
    notes = find_pairs(ours, truth, alignment=everything).notes()
    assert ["0 of 1" in note or "none" in note for note in notes[:4]] == [True] * 4
    assert notes[4].startswith("Pictures count as 30 frames a second")
    write_video(TRUTH, tmp_path / "a.mp4", fps=10)
    with pytest.raises(ConfigError, match="--fps 10"):
        find_pairs(tmp_path / "a.mp4", tmp_path / "a.mp4", fps=10)


def test_pictures_take_the_rate_of_the_other_side(tmp_path):
    write_video(TRUTH, tmp_path / "truth.mp4", fps=10)
    (pair,) = find_pairs(write_pictures(TRUTH, tmp_path / "ours"), tmp_path / "truth.mp4").clips
    assert (pair.result.fps, pair.truth.fps) == (10, 10)


def test_pictures_are_in_the_order_of_their_numbers(tmp_path):
    truth = moving(frames=11)
    ours = write_pictures(truth, tmp_path / "ours")
    for path in ours.iterdir():
        path.rename(ours / f"frame_{int(path.stem)}.png")
    found = scored(ours, write_pictures(truth, tmp_path / "truth"), tmp_path / "out").evaluation
    assert figures(found)["psnr"] == 100


def broken(tmp_path: Path, kind: str) -> Path:
    ours = write_clips(tmp_path / "ours", a=TRUTH, b=TRUTH)
    match kind:
        case "a picture is cut off":
            path = ours / "b" / "0003.png"
            path.write_bytes(path.read_bytes()[:200])
        case "no picture is left":
            for path in (ours / "b").iterdir():
                path.unlink()
        case "nothing is there":
            return tmp_path / "nowhere"
        case "an empty folder":
            (tmp_path / "empty").mkdir()
            return tmp_path / "empty"
        case "not a video":
            (tmp_path / "text.mp4").write_text("I am not a video")
            return tmp_path / "text.mp4"
        case "pictures beside clips":
            (ours / "preview.png").write_bytes((ours / "a" / "0000.png").read_bytes())
        case _:
            raise AssertionError(kind)
    return ours


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("a picture is cut off", "0003.png"),
        ("no picture is left", "on one side only: b"),
        ("nothing is there", "nowhere"),
        ("an empty folder", "no videos and no folders of pictures"),
        ("not a video", "text.mp4"),
        ("pictures beside clips", "preview.png"),
    ],
)
def test_broken_input_is_one_clear_error(tmp_path, kind, message):
    truth = write_clips(tmp_path / "truth", a=TRUTH, b=TRUTH)
    ours = broken(tmp_path, kind)
    with pytest.raises((MediaError, ConfigError), match=message):
        scored(ours, truth, tmp_path / "out")
    if kind == "a picture is cut off":
        assert (tmp_path / "out" / "clips" / "a.json").exists(), "what was found before must not be lost"


def test_videos_too_small_to_measure_are_refused(tmp_path):
    small = TRUTH[:, :12, :12]
    with pytest.raises(MediaError, match="12x12 pixels; each side needs at least 16"):
        find_pairs(write_pictures(small, tmp_path / "a"), write_pictures(small, tmp_path / "b"))


def test_a_single_frame_has_no_motion_to_measure(tmp_path):
    still = write_pictures(TRUTH[:1], tmp_path / "a")
    evaluation = scored(still, still, tmp_path / "out").evaluation
    found = figures(evaluation)
    assert found["psnr"] == 100
    assert found["temporal_difference"] is None and found["warping_error"] is None
    psnr = evaluation.rows["result"].figures["psnr"]
    assert (psnr.low, psnr.high) == (None, None), "one clip tells nothing of how others vary"


def test_poses_must_be_those_of_the_true_video(tmp_path):
    ours = write_pictures(TRUTH, tmp_path / "ours")
    poses = PoseSequence(
        keypoints=np.full((5, 134, 2), 10, np.float32),
        scores=np.ones((5, 134), np.float32),
        width=40,
        height=32,
        fps=30,
    )
    save_poses(poses, tmp_path / "poses.json")
    with pytest.raises(ConfigError, match=r"holds 5 poses on 40x32; the true video has 6 frames of 40x32"):
        scored(ours, ours, tmp_path / "out", poses=tmp_path / "poses.json")


def test_several_clips_need_a_reference_each(tmp_path):
    clips = write_clips(tmp_path / "clips", a=TRUTH, b=TRUTH)
    with pytest.raises(ConfigError, match="one file, but there are several clips"):
        find_pairs(clips, clips, references=clips / "a" / "0000.png")
    with pytest.raises(ConfigError, match="holds no file for the clip b"):
        references = tmp_path / "references"
        references.mkdir()
        (references / "a.png").write_bytes((clips / "a" / "0000.png").read_bytes())
        find_pairs(clips, clips, references=references)


def test_true_clips_may_bring_their_reference_and_poses(tmp_path):
    """As `animate-anyone data procchar` writes them."""
    ours = write_clips(tmp_path / "ours", a=noisy(TRUTH), b=TRUTH)
    truth = write_clips(tmp_path / "truth", a=TRUTH, b=TRUTH)
    poses = PoseSequence(
        keypoints=np.full((6, 134, 2), 10, np.float32),
        scores=np.ones((6, 134), np.float32),
        width=40,
        height=32,
        fps=30,
    )
    for name in ("a", "b"):
        (truth / name / "reference.png").write_bytes((truth / name / "0000.png").read_bytes())
        save_poses(poses, truth / name / "poses.json.gz")
    found = scored(ours, truth, tmp_path / "out").evaluation
    assert found.rows["result"].per_clip["b"]["psnr"] == 100
    assert {"references", "poses"} <= found.hashes.keys() and "limb_flicker" in found.rows["result"].figures
    (truth / "b" / "poses.json.gz").unlink()
    assert [pair.poses for pair in find_pairs(ours, truth).clips] == [None, None]
