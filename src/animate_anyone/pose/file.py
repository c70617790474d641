"""Pose files: the documented JSON format "animate-anyone/pose", its writer and its validating reader.

docs/pose-format.md describes the format. A file is checked whole, and the first field that is wrong is named
by its path in the document, for example `frames[3].keypoints[17][0]`.
"""

import gzip
import json
import zlib
from math import isqrt
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from animate_anyone.errors import MediaError, PoseError
from animate_anyone.media.atomic import write_file
from animate_anyone.media.limits import MAX_ASPECT, MAX_IMAGE_PIXELS, MIN_FPS, MIN_SIDE, check_size
from animate_anyone.pose.skeleton import BODY_NAMES, LAYOUT, NUM_KEYPOINTS, FloatArray, PoseSequence

FORMAT = "animate-anyone/pose"
VERSION = 1
POSE_FILE_SUFFIXES = (".json", ".json.gz")
"""In capitals or not."""
MAX_BYTES = 64 * 2**20
"""JSON in a file, unpacked."""
WHOLE_FRAME_BYTES = 3450
"""Of a frame in which all 134 keypoints are seen, on the largest canvas; 2900 on a small one."""
ROOM = MAX_BYTES // WHOLE_FRAME_BYTES
"""Frames for which there is room whatever is seen in them: 19451, more than ten minutes at 30 frames a second."""
MAX_KEYPOINTS = 3_000_000
"""Keypoints that are seen, in all frames: 134 in each of 22388. What Python makes of JSON can be twenty times as large
as that, if it is full of empty lists; so limited, reading takes 1 GB at most, and 600 MB for ten minutes of a clip."""
MAX_SIDE = MAX_ASPECT * isqrt(MAX_IMAGE_PIXELS // MAX_ASPECT)
"""Pixels of the longest side that a picture can have."""
EXCERPT = 60
"""Characters of a wrong value that are shown."""
MAX_FRAMES = 100_000
MAX_FPS = 1000.0
"""More than a video can have, since a motion may be measured faster than it is shown."""

_FIELDS = ("format", "version", "layout", "width", "height", "fps", "frames")


def is_pose_file(path: Path) -> bool:
    """Whether a file holds poses, by its name."""
    return path.name.lower().endswith(POSE_FILE_SUFFIXES)


def save_poses(sequence: PoseSequence, path: str | Path) -> None:
    """Writes a pose file; `path` ends in `.json` or `.json.gz`.

    Coordinates are rounded to 0.01 pixel and scores to 0.001. The file appears complete or not at all.

    Raises:
        PoseError: The suffix is neither of the two.
        MediaError: The place cannot be written to.
    """
    path = Path(path)
    compressed = _is_compressed(path)
    keypoints = np.round(sequence.keypoints.astype(np.float64), 2)
    scores = np.round(sequence.scores.astype(np.float64), 3)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "layout": LAYOUT,
        "width": sequence.width,
        "height": sequence.height,
        "fps": sequence.fps,
        "frames": [
            _frame_to_json(frame_keypoints, frame_scores)
            for frame_keypoints, frame_scores in zip(keypoints, scores, strict=True)
        ],
    }
    content = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    if compressed:
        content = gzip.compress(content, mtime=0)
    write_file(path, content)


def load_poses(path: str | Path) -> PoseSequence:
    """Reads and checks a pose file (`.json` or `.json.gz`).

    Raises:
        PoseError: The file is missing, too large, not JSON, or not of the format; the message names the first
            bad field, what it holds and what was expected.
    """
    path = Path(path)
    content = _read(path, compressed=_is_compressed(path))
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise PoseError(f"The pose file '{path}' is not valid JSON: {error}.") from error
    return _Reader(path).sequence(document)


def check_pose_path(path: Path) -> None:
    """Refuses a name that `save_poses` could not write to, so that it shows before any work.

    Raises:
        PoseError: the suffix is neither .json nor .json.gz.
    """
    _is_compressed(path)


def check_room(num_frames: int) -> None:
    """Refuses more frames than a pose file has room for if all keypoints are seen, so that it shows before any work.

    Raises:
        PoseError: with both numbers.
    """
    if num_frames > ROOM:
        raise PoseError(
            f"A pose file has room for {ROOM} frames in which all is seen; these would be {num_frames}. Take the first "
            "frames only, or cut the video into parts."
        )


def _is_compressed(path: Path) -> bool:
    if not is_pose_file(path):
        raise PoseError(f"A pose file ends in {' or '.join(POSE_FILE_SUFFIXES)}; got '{path.name}'.")
    return path.suffix.lower() == ".gz"


def _read(path: Path, *, compressed: bool) -> bytes:
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PoseError(
            f"The pose file '{path}' is damaged or not compressed by gzip ({error}). Make or download it again."
        ) from error
    except OSError as error:
        raise PoseError(f"Cannot read the pose file '{path}': {error}.") from error
    if len(content) > MAX_BYTES:
        raise PoseError(
            f"The pose file '{path}' holds more than {MAX_BYTES // 2**20} MiB of JSON; split the clip into parts."
        )
    # A keypoint is a list; besides, a frame is an object with a list or an object in it, and one of each is around all.
    if content.count(b"[") > MAX_KEYPOINTS + MAX_FRAMES + 1 or content.count(b"{") > 2 * MAX_FRAMES + 1:
        raise PoseError(
            f"The pose file '{path}' holds more lists or objects than {MAX_KEYPOINTS} keypoints in {MAX_FRAMES} frames "
            "make; split the clip into parts."
        )
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _frame_to_json(keypoints: np.ndarray, scores: np.ndarray) -> dict[str, Any] | None:
    if not scores.any():
        return None
    return {
        "keypoints": [
            [x, y, score] if score > 0 else None
            for (x, y), score in zip(keypoints.tolist(), scores.tolist(), strict=True)
        ]
    }


class _Reader:
    """Turns the JSON document into a `PoseSequence`, field by field."""

    def __init__(self, path: Path):
        self.path = path

    def sequence(self, document: Any) -> PoseSequence:
        if not isinstance(document, dict):
            self._fail("the document", document, "an object")
        for name in _FIELDS:
            if name not in document:
                raise PoseError(f"The pose file '{self.path}' has no field '{name}'. Fields: {', '.join(_FIELDS)}.")
        for name in document:
            if name not in _FIELDS:
                raise PoseError(
                    f"The pose file '{self.path}' has an unknown field '{name[:EXCERPT]}'. "
                    f"Fields: {', '.join(_FIELDS)}."
                )
        for name, expected in (("format", FORMAT), ("version", VERSION), ("layout", LAYOUT)):
            if document[name] != expected:
                self._fail(name, document[name], repr(expected))
        width, height = self._side("width", document["width"]), self._side("height", document["height"])
        try:
            check_size(self.path, width, height, max_pixels=MAX_IMAGE_PIXELS)
        except MediaError as error:
            raise PoseError(f"The canvas of the pose file cannot be that of a picture. {error}") from error
        fps = self._number("fps", document["fps"], low=MIN_FPS, high=MAX_FPS)
        frames = document["frames"]
        if not isinstance(frames, list) or not 1 <= len(frames) <= MAX_FRAMES:
            self._fail("frames", frames, f"a list of 1 to {MAX_FRAMES} frames")
        keypoints = np.zeros((len(frames), NUM_KEYPOINTS, 2), dtype=np.float32)
        scores = np.zeros((len(frames), NUM_KEYPOINTS), dtype=np.float32)
        for index, frame in enumerate(frames):
            self._frame(f"frames[{index}]", frame, keypoints[index], scores[index])
        return PoseSequence(keypoints=keypoints, scores=scores, width=width, height=height, fps=fps)

    def _frame(self, field: str, frame: Any, keypoints: FloatArray, scores: FloatArray) -> None:
        """Fills one frame: null (nobody), the 134 keypoints, or body joints by name."""
        if frame is None:
            return
        if not isinstance(frame, dict) or set(frame) not in ({"keypoints"}, {"body"}):
            self._fail(field, frame, 'null, {"keypoints": [...]} or {"body": {...}}')
        if "keypoints" in frame:
            points = frame["keypoints"]
            if not isinstance(points, list) or len(points) != NUM_KEYPOINTS:
                self._fail(f"{field}.keypoints", points, f"a list of {NUM_KEYPOINTS} keypoints")
            for index, point in enumerate(points):
                self._point(f"{field}.keypoints[{index}]", point, keypoints, scores, index)
            return
        body = frame["body"]
        if not isinstance(body, dict):
            self._fail(f"{field}.body", body, "an object that maps joint names to points")
        for name, point in body.items():
            if name not in BODY_NAMES:
                self._fail(f"{field}.body", name, f"joint names among {', '.join(BODY_NAMES)}")
            self._point(f"{field}.body.{name}", point, keypoints, scores, BODY_NAMES.index(name))
        shoulders = [BODY_NAMES.index("right_shoulder"), BODY_NAMES.index("left_shoulder")]
        if "neck" not in body and scores[shoulders].all():
            neck = BODY_NAMES.index("neck")
            keypoints[neck], scores[neck] = keypoints[shoulders].mean(axis=0), scores[shoulders].min()

    def _point(self, field: str, point: Any, keypoints: FloatArray, scores: FloatArray, index: int) -> None:
        if point is None:
            return
        if not isinstance(point, list) or len(point) not in (2, 3):
            self._fail(field, point, "null, [x, y] or [x, y, score]")
        for axis in range(2):
            keypoints[index, axis] = self._number(f"{field}[{axis}]", point[axis], low=-1e6, high=1e6)
        scores[index] = self._number(f"{field}[2]", point[2], low=0.0, high=1.0) if len(point) == 3 else 1.0

    def _side(self, field: str, value: Any) -> int:
        if type(value) is not int or not MIN_SIDE <= value <= MAX_SIDE:
            self._fail(field, value, f"a whole number from {MIN_SIDE} to {MAX_SIDE}")
        return value

    def _number(self, field: str, value: Any, *, low: float, high: float) -> float:
        # bool is an int to Python, and true is no coordinate. A whole number too large for a float can be compared
        # to one; what is no number or infinite lies between no limits.
        if type(value) not in (int, float) or not low <= value <= high:
            self._fail(field, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def _fail(self, field: str, value: Any, expected: str) -> NoReturn:
        raise PoseError(f"The pose file '{self.path}' is wrong at {field}: got {_excerpt(value)}, expected {expected}.")


def _excerpt(value: Any) -> str:
    """The beginning of a value of a document, as JSON; the rest, which may be the whole file, is left as it is."""
    got = ""
    for piece in json.JSONEncoder().iterencode(value[:EXCERPT] if isinstance(value, str) else value):
        got += piece
        if len(got) > EXCERPT:
            return got[: EXCERPT - 3] + "..."
    return got
