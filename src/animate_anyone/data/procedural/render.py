"""Draws characters: from the seeds of a character and of a motion to frames with their exact poses."""

from collections.abc import Sequence

import numpy as np
import torch

from animate_anyone.data.clip import Clip
from animate_anyone.data.procedural import bags, garments, head, limbs, robot, trunk
from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.background import paint_background
from animate_anyone.data.procedural.camera import frame_motion
from animate_anyone.data.procedural.character import character_from_seed
from animate_anyone.data.procedural.keypoints import pose_sequence
from animate_anyone.data.procedural.motion import motion_from_seed
from animate_anyone.data.procedural.order import depth_order, painting_passes
from animate_anyone.data.procedural.paint import Part, paint_part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.skeleton import pose_skeleton
from animate_anyone.data.procedural.stool import Stool, stool_of, stool_part
from animate_anyone.media.size import Size

MIN_SIDE, MAX_SIDE = 32, 2048
LAG = 0.1
"""Seconds after which what hangs on a body follows it."""


def render_clip(
    *,
    character: int,
    motion: int,
    num_frames: int,
    size: int | Size,
    fps: float = 12.0,
    device: str | torch.device = "cpu",
) -> Clip:
    """Draw the first frames of a motion.

    Args:
        character: Seed of the character; see `SPLITS`.
        motion: Seed of the motion; see `SPLITS`.
        num_frames: How many frames, at least 1.
        size: Side of a square picture, or width and height, in pixels.
        fps: Frames a second.
        device: Where to draw; the frames of the clip are left there.

    Raises:
        ValueError: A seed is negative, or the size, rate or number of frames makes no sense.
    """
    if num_frames < 1:
        raise ValueError(f"A clip needs at least one frame; got num_frames={num_frames}.")
    return render_frames(character, motion, range(num_frames), size=size, fps=fps, device=device)


def render_frames(
    character: int,
    motion: int,
    frame_indices: Sequence[int],
    *,
    size: int | Size,
    fps: float = 12.0,
    device: str | torch.device = "cpu",
) -> Clip:
    """Draw chosen frames of a clip: the same pixels as in `render_clip`, at the cost of these frames only.

    Args:
        character: Seed of the character.
        motion: Seed of the motion.
        frame_indices: Which frames, in which order; frame i shows second i / fps. Motions repeat, so any index works.
        size: Side of a square picture, or width and height, in pixels.
        fps: Frames a second.
        device: Where to draw.

    Raises:
        ValueError: A seed is negative, or the size, rate or indices make no sense.
    """
    size = Size(size, size) if isinstance(size, int) else size
    if min(size.width, size.height) < MIN_SIDE or max(size.width, size.height) > MAX_SIDE:
        raise ValueError(f"Sides must be {MIN_SIDE} to {MAX_SIDE} pixels; got {size}.")
    if fps <= 0:
        raise ValueError(f"The rate must be positive; got {fps} fps.")
    if len(frame_indices) == 0 or min(frame_indices) < 0:
        raise ValueError(f"Frame indices must be a non-empty list of numbers from 0; got {list(frame_indices)}.")

    puppet, stool, floor = pose_puppet(character, motion, np.array(frame_indices) / fps, size)
    background = paint_background(
        puppet.character, character, width=size.width, height=size.height, floor=floor, device=torch.device(device)
    )
    canvas = background[:, None].repeat(1, len(frame_indices), 1, 1)
    parts = _parts(puppet, stool)
    for name, members in painting_passes(depth_order(puppet)):
        for part in parts[name]:
            paint_part(canvas, part, members)
    frames = (canvas.transpose(0, 1) * 255.0 + 0.5).clamp_(0, 255).to(torch.uint8)
    return Clip(frames=frames, poses=pose_sequence(puppet, width=size.width, height=size.height, fps=fps))


def pose_puppet(character: int, motion: int, times: Array, size: Size) -> tuple[Puppet, Stool | None, float]:
    """The character posed at `times` (F,) in seconds, what it sits on, and the row of the floor at the beginning."""
    person, movement = character_from_seed(character), motion_from_seed(motion)
    shot = frame_motion(person, movement, width=size.width, height=size.height)
    frames = len(times)
    angles = movement.angles(np.concatenate([times, times - LAG]))
    skeletons = pose_skeleton(person.proportions, angles)
    puppet = Puppet(
        character=person,
        angles={name: values[:frames] for name, values in angles.items()},
        skeleton=skeletons.at(slice(frames)),
        late=skeletons.at(slice(frames, None)),
        camera=shot.camera(times),
    )
    return puppet, stool_of(person.proportions, movement), float(shot.camera(np.zeros(1)).centre[0, 1])


def _parts(puppet: Puppet, stool: Stool | None) -> dict[str, list[Part]]:
    if puppet.character.kind == "robot":
        parts = {"hair behind": bags.behind(puppet), "trunk": robot.torso(puppet), "head": robot.head(puppet)}
        draws = {"arm": robot.arm, "leg": robot.leg}
    else:
        behind = bags.behind(puppet) + garments.behind(puppet) + head.hair_behind(puppet)
        parts = {"hair behind": behind, "trunk": trunk.torso(puppet), "head": head.head(puppet)}
        draws = {"arm": limbs.arm, "leg": limbs.leg}
    parts["stool"] = [] if stool is None else [stool_part(puppet, stool)]
    return parts | {
        f"{side} {limb}": [draw(puppet, side)] for limb, draw in draws.items() for side in ("left", "right")
    }
