"""Pose detection by DWPose: YOLOX finds people, RTMPose-L distilled for the whole body finds their keypoints."""

from dataclasses import dataclass
from hashlib import file_digest
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import hf_hub_download
from jaxtyping import Float32, UInt8

from animate_anyone.errors import MissingExtraError, PoseError
from animate_anyone.pose.rtmpose import NUM_COCO_KEYPOINTS, crop_window, to_pose, to_rtmpose
from animate_anyone.pose.skeleton import BODY, Pose
from animate_anyone.pose.yolox import people_boxes, to_yolox

HUB_REPOSITORY = "yzd-v/DWPose"
HUB_REVISION = "1a7144101628d69ee7a3768d1ee3a094070dc388"
PERSON_FILE = "yolox_l.onnx"
POSE_FILE = "dw-ll_ucoco_384.onnx"
SHA256 = {
    PERSON_FILE: "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411",
    POSE_FILE: "724f4ff2439ed61afb86fb8a1951ec39c6220682803b4a8bd4f598cd913b1843",
}

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""Where the networks may run, the preferred first."""
MAX_PEOPLE = 5
"""At most this many people of a picture are looked at, best first; each costs a run of the pose network."""
LOST_SCORE = 0.4
"""A followed person whose mean body score falls below this is looked for anew in the whole picture."""

Box = Float32[np.ndarray, "4"]  # left, top, right, bottom


@dataclass(frozen=True, kw_only=True)
class OnnxFiles:
    """The two networks: `person` finds boxes, `pose` finds keypoints in a box."""

    person: Path
    pose: Path


class OnnxDetector:
    """Finds the people of a picture.

    Args:
        files: The networks; see `dwpose_files`.
        video: Follow people from picture to picture by the boxes around their last poses, which saves the search;
            the pictures must then be the frames of one clip in order.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        PoseError: A file is not an ONNX network of the expected inputs and outputs.
    """

    def __init__(self, files: OnnxFiles, *, video: bool = False):
        runtime = import_runtime()
        self._person = _open(runtime, files.person, num_outputs=1)
        self._pose = _open(runtime, files.pose, num_outputs=2)
        self.provider = f"onnxruntime {runtime.__version__} {self._pose.get_providers()[0]}"
        self.weights = (files.person, files.pose)
        self._side = int(self._person.get_inputs()[0].shape[2])
        self._input_height, self._input_width = (int(n) for n in self._pose.get_inputs()[0].shape[2:])
        self._video = video
        self._boxes: list[Box] = []

    def detect(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Pose]:
        """The people in an RGB picture."""
        poses = [self._pose_in(image, box) for box in self._boxes]
        if not poses or any(_body_score(pose) < LOST_SCORE for pose in poses):
            poses = [self._pose_in(image, box) for box in self._find_people(image)]
        poses = [pose for pose in poses if pose.visible[BODY].any()]
        if self._video:
            self._boxes = [_box_around(pose) for pose in poses if _body_score(pose) >= LOST_SCORE]
        return poses

    def close(self) -> None:
        """Forgets the people followed; the networks go with the detector."""
        self._boxes = []

    def _find_people(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Box]:
        pixels, scale = to_yolox(image, self._side)
        output: Any = self._person.run(None, {self._person.get_inputs()[0].name: pixels})[0]
        return list(people_boxes(output[0], self._side, scale)[:MAX_PEOPLE])

    def _pose_in(self, image: UInt8[np.ndarray, "height width 3"], box: Box) -> Pose:
        window = crop_window(box, self._input_width / self._input_height)
        pixels = to_rtmpose(image, window, width=self._input_width, height=self._input_height)
        simcc_x, simcc_y = self._pose.run(None, {self._pose.get_inputs()[0].name: pixels})
        if simcc_x.shape[1] != NUM_COCO_KEYPOINTS:
            raise PoseError(
                f"The pose network gives {simcc_x.shape[1]} keypoints; one with the {NUM_COCO_KEYPOINTS} of "
                "COCO-WholeBody is needed."
            )
        return to_pose(simcc_x[0], simcc_y[0], window)


def import_runtime(*, purpose: str = "Finding poses by DWPose") -> Any:
    """The module onnxruntime.

    Args:
        purpose: What it is for, for the error.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise MissingExtraError("onnxruntime", extra="pose-onnx", purpose=purpose) from error


def dwpose_files(folder: Path | None = None, *, revision: str = HUB_REVISION) -> OnnxFiles:
    """DWPose's two files, from a folder or from the hub.

    Args:
        folder: Holds `yolox_l.onnx` and `dw-ll_ucoco_384.onnx`. None: download them (351 MB, Apache-2.0), once.
        revision: Commit of the hub's repository; the files' hashes are checked as well.

    Raises:
        PoseError: A file is missing, cannot be downloaded, or is not the published one.
    """
    if folder is not None:
        for name in SHA256:
            if not (folder / name).is_file():
                raise PoseError(f"The folder '{folder}' has no file '{name}'. Get it from {HUB_REPOSITORY} on the hub.")
        return OnnxFiles(person=folder / PERSON_FILE, pose=folder / POSE_FILE)
    try:
        paths = {name: Path(hf_hub_download(HUB_REPOSITORY, name, revision=revision)) for name in SHA256}
    except OSError as error:
        raise PoseError(
            f"DWPose's weights could not be downloaded from {HUB_REPOSITORY} ({type(error).__name__}: {error}). "
            f"Give a folder that holds {' and '.join(SHA256)}, or use the detector 'mediapipe'."
        ) from error
    for name, path in paths.items():
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
        if found != SHA256[name]:
            raise PoseError(f"'{path}' has the SHA-256 {found}; the published file has {SHA256[name]}. Delete it.")
    return OnnxFiles(person=paths[PERSON_FILE], pose=paths[POSE_FILE])


def _open(runtime: Any, path: Path, *, num_outputs: int) -> Any:
    providers = [name for name in PROVIDERS if name in runtime.get_available_providers()]
    try:
        session = runtime.InferenceSession(str(path), providers=providers)
    except Exception as error:  # The runtime's errors share no base class of their own.
        raise PoseError(f"'{path}' cannot be opened as an ONNX network: {error}") from error
    shape, outputs = session.get_inputs()[0].shape, session.get_outputs()
    if len(shape) != 4 or not all(isinstance(side, int) for side in shape[2:]) or len(outputs) != num_outputs:
        raise PoseError(
            f"'{path}' is not the expected network: its input is {shape} and it has {len(outputs)} outputs. "
            f"Expected a fixed picture size and {num_outputs} outputs."
        )
    return session


def _body_score(pose: Pose) -> float:
    return float(pose.scores[BODY].mean())


def _box_around(pose: Pose) -> Box:
    """The box around what is visible, a tenth larger: keypoints end at eyes and ankles, people do not."""
    points = pose.keypoints[pose.visible]
    low, high = points.min(axis=0), points.max(axis=0)
    return np.concatenate([low - 0.05 * (high - low), high + 0.05 * (high - low)])
