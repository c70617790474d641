"""ProcChar-100: the test set of drawn characters, made anew on any machine and checked against published hashes.

Clip i shows the character and the motion of test seed i, which no training run draws (see `SPLITS`). It has 48 frames
of 128 x 128 pixels at 12 a second, their exact poses, and one reference frame with its pose: frame 60 of the same
motion, about a second after the last one, so that the reference shows another pose.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.errors import AnimateAnyoneError, MediaError
from animate_anyone.media.atomic import complete_folder, write_file
from animate_anyone.media.image import load_image
from animate_anyone.pose.file import load_poses, save_poses
from animate_anyone.pose.skeleton import PoseSequence

NAME = "ProcChar-100"
NUM_CLIPS = 100
NUM_FRAMES = 48
REFERENCE_FRAME = 60
SIDE = 128
FPS = 12.0
MANIFEST = "manifest.json"

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ProcCharClip:
    """`frames` (48, 128, 128, 3) and `reference` (128, 128, 3), RGB, the `poses` in the frames, and its one pose."""

    frames: Frames
    reference: Frames
    poses: PoseSequence
    reference_pose: PoseSequence


@dataclass(frozen=True, kw_only=True)
class ClipHashes:
    """SHA-256 of a clip's pixels (the frames, then the reference) and of its poses to 0.01 pixel."""

    frames: str
    poses: str


def draw_clip(index: int) -> ProcCharClip:
    """Draws a clip, in a fraction of a second.

    Raises:
        ValueError: The set has no such clip.
    """
    if not 0 <= index < NUM_CLIPS:
        raise ValueError(f"{NAME} has clips 0 to {NUM_CLIPS - 1}; got {index}.")
    return draw_test_clip(index, num_frames=NUM_FRAMES, reference_frame=REFERENCE_FRAME, size=SIDE, fps=FPS)


def draw_test_clip(index: int, *, num_frames: int, reference_frame: int, size: int, fps: float) -> ProcCharClip:
    """Character and motion of test seed `index`, at any size, length and rate; the reference is of the same motion."""
    seed = SPLITS["test"][index]
    clip = render_frames(seed, seed, [*range(num_frames), reference_frame], size=size, fps=fps)
    pictures = np.ascontiguousarray(clip.frames.permute(0, 2, 3, 1).numpy())
    return ProcCharClip(
        frames=pictures[:-1],
        reference=pictures[-1],
        poses=clip.poses.frames(slice(num_frames)),
        reference_pose=clip.poses.frames([num_frames]),
    )


def hashes_of(clip: ProcCharClip) -> ClipHashes:
    """The hashes of a clip, the same for one just drawn and one read back."""
    poses = (clip.poses, clip.reference_pose)
    seen = np.concatenate([each.scores for each in poses]) > 0
    places = np.concatenate([each.keypoints for each in poses]).astype(np.float64)
    points = np.where(seen[..., None], np.round(places * 100), 0).astype("<i4")
    return ClipHashes(
        frames=hashlib.sha256(clip.frames.tobytes() + clip.reference.tobytes()).hexdigest(),
        poses=hashlib.sha256(seen.tobytes() + points.tobytes()).hexdigest(),
    )


def save_clip(clip: ProcCharClip, folder: Path) -> None:
    """Writes `0000.png`, ..., `reference.png`, and their poses. The folder appears when it is complete."""
    with complete_folder(folder) as temporary:
        for number, frame in enumerate(clip.frames):
            Image.fromarray(frame).save(temporary / f"{number:04d}.png")
        Image.fromarray(clip.reference).save(temporary / "reference.png")
        save_poses(clip.poses, temporary / "poses.json.gz")
        save_poses(clip.reference_pose, temporary / "reference.json.gz")


def load_clip(folder: Path) -> ProcCharClip:
    """Reads what `save_clip` wrote.

    Raises:
        AnimateAnyoneError: A file is missing or cannot be read.
    """
    frames = [np.asarray(load_image(folder / f"{number:04d}.png")) for number in range(NUM_FRAMES)]
    sizes = {frame.shape for frame in frames}
    if len(sizes) > 1:
        raise MediaError(f"{folder}: the frames differ in size. Remove the folder, and it will be drawn again.")
    return ProcCharClip(
        frames=np.stack(frames),
        reference=np.asarray(load_image(folder / "reference.png")),
        poses=load_poses(folder / "poses.json.gz"),
        reference_pose=load_poses(folder / "reference.json.gz"),
    )


def published_hashes() -> tuple[ClipHashes, ...]:
    """The hashes that are kept in the package, one for each clip."""
    text = files("animate_anyone.data").joinpath("procchar.json").read_text(encoding="utf-8")
    return tuple(ClipHashes(**entry) for entry in json.loads(text)["clips"].values())


def manifest(hashes: Sequence[ClipHashes]) -> str:
    """The manifest of the first clips, as it stands beside them and in the package."""
    document: Mapping[str, object] = {
        "name": NAME,
        "seeds": f"test split, from {SPLITS['test'][0]}",
        "frames": NUM_FRAMES,
        "reference frame": REFERENCE_FRAME,
        "side": SIDE,
        "fps": FPS,
        "clips": {clip_name(index): asdict(entry) for index, entry in enumerate(hashes)},
    }
    return json.dumps(document, indent=1) + "\n"


def clip_name(index: int) -> str:
    """The name of a clip's folder."""
    return f"clip-{index:03d}"


def write_test_set(
    folder: Path, *, num_clips: int = NUM_CLIPS, on_clip: Callable[[int, int], None] | None = None
) -> tuple[ClipHashes, ...]:
    """Draws the first clips into `folder`, with their manifest; clips that are there already are read and kept.

    Args:
        folder: Where to; made if it is not there.
        num_clips: How many, 1 to 100.
        on_clip: Called after each clip with the number done and the number of all.

    Returns:
        The hashes of what is in the folder now; see `check_hashes`.

    Raises:
        ValueError: The set has not that many clips.
        AnimateAnyoneError: A clip cannot be written, or one that is there cannot be read.
    """
    if not 1 <= num_clips <= NUM_CLIPS:
        raise ValueError(f"{NAME} has {NUM_CLIPS} clips; got num_clips={num_clips}.")
    hashes: list[ClipHashes] = []
    for index in range(num_clips):
        place = folder / clip_name(index)
        if not place.exists():
            save_clip(draw_clip(index), place)
        hashes.append(hashes_of(load_clip(place)))
        if on_clip is not None:
            on_clip(index + 1, num_clips)
    write_file(folder / MANIFEST, manifest(hashes).encode())
    return tuple(hashes)


def check_hashes(found: Sequence[ClipHashes], *, first: int = 0) -> None:
    """Compares clips `first`, `first` + 1, ... with the published ones.

    Raises:
        AnimateAnyoneError: One is another; the message says which, and in what.
    """
    for index, (ours, published) in enumerate(zip(found, published_hashes()[first:], strict=False), start=first):
        parts = [name for name in ("frames", "poses") if getattr(ours, name) != getattr(published, name)]
        if parts:
            raise AnimateAnyoneError(
                f"{clip_name(index)} of {NAME} is another than the published one: its {' and '.join(parts)} differ. "
                "Remove its folder and run the command again in case a file was changed; if it stays, this machine or "
                "this version of torch or numpy draws otherwise, and measures are not comparable with published ones."
            )
