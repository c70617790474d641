import gzip
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from animate_anyone.errors import PoseError
from animate_anyone.pose.file import MAX_BYTES, MAX_KEYPOINTS, MAX_SIDE, load_poses, save_poses
from animate_anyone.pose.skeleton import BODY_NAMES, NUM_KEYPOINTS, PoseSequence


def random_sequence(num_frames: int = 3) -> PoseSequence:
    rng = np.random.default_rng(7)
    scores = rng.uniform(0.01, 1, (num_frames, 134)).astype(np.float32)
    scores[0, 5] = 0
    scores[1] = 0
    keypoints = rng.uniform(-20, 500, (num_frames, 134, 2)).astype(np.float32)
    return PoseSequence(keypoints=keypoints, scores=scores, width=512, height=768, fps=29.97)


@pytest.mark.parametrize("name", ["pose.json", "pose.json.gz", "POSE.JSON", "Pose.Json.GZ"])
def test_what_is_saved_is_loaded(tmp_path: Path, name: str):
    sequence = random_sequence()
    save_poses(sequence, tmp_path / name)
    loaded = load_poses(tmp_path / name)
    assert (loaded.width, loaded.height, loaded.fps, len(loaded)) == (512, 768, 29.97, 3)
    np.testing.assert_allclose(loaded.scores, sequence.scores, atol=6e-4)
    seen = sequence.scores > 0
    np.testing.assert_allclose(loaded.keypoints[seen], sequence.keypoints[seen], atol=6e-3)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def document(**changes: object) -> dict[str, object]:
    base: dict[str, object] = {
        "format": "animate-anyone/pose",
        "version": 1,
        "layout": "wholebody-134",
        "width": 64,
        "height": 48,
        "fps": 12,
        "frames": [None],
    }
    return base | changes


def load_text(tmp_path: Path, text: str) -> PoseSequence:
    path = tmp_path / "pose.json"
    path.write_text(text)
    return load_poses(path)


def test_joints_by_name_with_the_neck_between_the_shoulders(tmp_path: Path):
    body = {"right_shoulder": [10, 20], "left_shoulder": [30, 24, 0.5]}
    pose = load_text(tmp_path, json.dumps(document(frames=[{"body": body}])))[0]
    assert [BODY_NAMES[i] for i in np.nonzero(pose.visible)[0]] == ["neck", "right_shoulder", "left_shoulder"]
    np.testing.assert_array_equal(pose.keypoints[1], [20, 22])
    assert pose.scores[1] == 0.5


def points(index: int, value: object) -> dict[str, object]:
    values: list[object] = [[1, 2, 0.5]] * 134
    values[index] = value
    return {"keypoints": values}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "other"}, "format"),
        ({"version": 2}, "version"),
        ({"layout": "coco-17"}, "layout"),
        ({"width": 0}, "width"),
        ({"width": True}, "width"),
        ({"height": 2.5}, "height"),
        ({"height": 15}, "height: got 15, expected a whole number from 16 to"),
        ({"width": 10**9}, "width"),
        ({"width": 1000, "height": 16}, "is 1000x16 pixels; the long side may be at most 8 times"),
        ({"width": 8001, "height": 8000}, "is 8001x8000 pixels, 64 million; at most"),
        ({"fps": 0}, "fps"),
        ({"fps": 0.0004}, "fps: got 0.0004, expected a number from 0.001 to 1000"),
        ({"fps": 10**400}, "fps: got 1000.*expected a number"),
        ({"fps": "12"}, "fps"),
        ({"frames": []}, "frames"),
        ({"frames": [None, 3]}, r"frames\[1\]"),
        ({"frames": [{"keypoints": [[1, 2]]}]}, r"frames\[0\].keypoints: .*134"),
        ({"frames": [points(17, [1])]}, r"frames\[0\].keypoints\[17\]"),
        ({"frames": [points(17, [1, -(10**400)])]}, r"frames\[0\].keypoints\[17\]\[1\]: got -1000"),
        ({"frames": [points(17, [1, "x"])]}, r"frames\[0\].keypoints\[17\]\[1\]"),
        ({"frames": [points(17, [1, 2, 1.5])]}, r"frames\[0\].keypoints\[17\]\[2\]: got 1.5"),
        ({"frames": [{"body": {"tail": [1, 2]}}]}, r"tail.*left_ankle"),
        ({"surplus": 1}, "unknown field 'surplus'"),
        ({"s" * 1000: 1}, "unknown field 's{60}'"),
        ({"frames": "x" * 1000}, 'frames: got "x{56}..., expected'),
        ({"frames": {"x": [None] * 1000}}, r'frames: got {"x": \[(null, ){8}nu\.\.\., expected'),
    ],
)
def test_the_first_wrong_field_is_named(tmp_path: Path, changes: dict[str, object], field: str):
    with pytest.raises(PoseError, match=field):
        load_text(tmp_path, json.dumps(document(**changes)))


@pytest.mark.parametrize("text", ["", "[1", "[]", "nonsense", "[" * 100_000])
def test_what_is_no_pose_document_is_refused(tmp_path: Path, text: str):
    with pytest.raises(PoseError):
        load_text(tmp_path, text)


def test_nan_and_missing_fields_are_refused(tmp_path: Path):
    with pytest.raises(PoseError, match="NaN"):
        load_text(tmp_path, json.dumps(document(fps=float("nan"))))
    incomplete = document()
    del incomplete["fps"]
    with pytest.raises(PoseError, match="no field 'fps'"):
        load_text(tmp_path, json.dumps(incomplete))


def test_a_wrong_value_is_not_copied_for_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    size = 1_000_000
    monkeypatch.setattr("animate_anyone.pose.file.MAX_BYTES", 3 * size)  # as much is set aside for reading
    path = tmp_path / "pose.json"
    path.write_text(json.dumps(document(width="é" * size), ensure_ascii=False), encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(PoseError, match="width: got"):
        load_poses(path)
    high = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert high < 7 * size  # in JSON of ASCII alone, each letter takes six characters


def test_ten_minutes_of_all_keypoints_fit_into_a_file(tmp_path: Path):
    one = random_sequence(3).frames([2])
    large = replace(one, keypoints=one.keypoints + MAX_SIDE - 1000, width=MAX_SIDE, height=MAX_SIDE // 8)
    save_poses(large, tmp_path / "pose.json")
    assert load_poses(tmp_path / "pose.json").width == MAX_SIDE
    num_frames = 10 * 60 * 30
    assert num_frames * (tmp_path / "pose.json").stat().st_size < MAX_BYTES
    assert num_frames * NUM_KEYPOINTS < MAX_KEYPOINTS


def test_small_files_that_unpack_to_large_ones_are_refused(tmp_path: Path):
    path = tmp_path / "pose.json.gz"
    path.write_bytes(gzip.compress(b" " * (64 * 2**20 + 1), compresslevel=1))
    with pytest.raises(PoseError, match="more than 64 MiB of JSON; split the clip"):
        load_poses(path)
    for much in (b"[],", b"[[0.5]],", b'{"a":1},'):
        path.write_bytes(gzip.compress(b"[" + much * 3_200_000 + b"0]", compresslevel=1))
        with pytest.raises(PoseError, match="lists or objects than 3000000 keypoints in 100000 frames make; split"):
            load_poses(path)


def test_bad_files(tmp_path: Path):
    with pytest.raises(PoseError, match=r"\.json"):
        load_poses(tmp_path / "pose.txt")
    with pytest.raises(PoseError, match="Cannot read"):
        load_poses(tmp_path / "missing.json")
    path = tmp_path / "cut.json.gz"
    path.write_bytes(gzip.compress(b'{"format":"animate-anyone/pose"}' * 50)[:-9])
    with pytest.raises(PoseError):
        load_poses(path)
    whole = gzip.compress(json.dumps(document()).encode())
    for place in range(10, len(whole)):  # after the header
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with pytest.raises(PoseError, match="is damaged or not compressed by gzip"):
            load_poses(path)
    path.write_bytes(json.dumps(document()).encode())
    with pytest.raises(PoseError, match="not compressed by gzip"):
        load_poses(path)
    with pytest.raises(PoseError, match=r"\.json"):
        save_poses(random_sequence(), tmp_path / "pose.txt")
