"""Draws characters: from the seeds of a character and of a motion to frames with their exact poses."""

from collections.abc import Sequence

import numpy as np
import torch

from animate_anyone.data.clip import Clip
from animate_anyone.data.procedural import bags, garments, head, limbs, robot, trunk
from animate_anyone.data.procedural.arrays import Array, Indices
from animate_anyone.data.procedural.background import paint_background
from animate_anyone.data.procedural.camera import frame_motion
from animate_anyone.data.procedural.character import character_from_seed
from animate_anyone.data.procedural.keypoints import pose_sequence
from animate_anyone.data.procedural.motion import motion_from_seed
from animate_anyone.data.procedural.paint import Part, paint_part
from animate_anyone.data.procedural.puppet import Puppet
from animate_anyone.data.procedural.skeleton import pose_skeleton
from animate_anyone.media.size import Size

MIN_SIDE, MAX_SIDE = 32, 2048


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

    puppet, floor = pose_puppet(character, motion, np.array(frame_indices) / fps, size)
    background = paint_background(
        puppet.character, character, width=size.width, height=size.height, floor=floor, device=torch.device(device)
    )
    canvas = background[:, None].repeat(1, len(frame_indices), 1, 1)
    parts = _parts(puppet)
    for order, members in _depth_orders(puppet):
        for name in order:
            for part in parts[name]:
                paint_part(canvas, part, members)
    frames = (canvas.transpose(0, 1) * 255.0 + 0.5).clamp_(0, 255).to(torch.uint8)
    return Clip(frames=frames, poses=pose_sequence(puppet, width=size.width, height=size.height, fps=fps))


def pose_puppet(character: int, motion: int, times: Array, size: Size) -> tuple[Puppet, float]:
    """The character posed at `times` (F,) in seconds, and the row of the floor when the motion begins."""
    person, movement = character_from_seed(character), motion_from_seed(motion)
    shot = frame_motion(person, movement, width=size.width, height=size.height)
    angles = movement.angles(times)
    puppet = Puppet(
        character=person,
        angles=angles,
        skeleton=pose_skeleton(person.proportions, angles),
        camera=shot.camera(times),
    )
    return puppet, float(shot.camera(np.zeros(1)).centre[0, 1])


def _parts(puppet: Puppet) -> dict[str, list[Part]]:
    if puppet.character.kind == "robot":
        parts = {"hair behind": bags.behind(puppet), "trunk": robot.torso(puppet), "head": robot.head(puppet)}
        draws = {"arm": robot.arm, "leg": robot.leg}
    else:
        behind = bags.behind(puppet) + garments.behind(puppet) + head.hair_behind(puppet)
        parts = {"hair behind": behind, "trunk": trunk.torso(puppet), "head": head.head(puppet)}
        draws = {"arm": limbs.arm, "leg": limbs.leg}
    return parts | {
        f"{side} {limb}": [draw(puppet, side)] for limb, draw in draws.items() for side in ("left", "right")
    }


def _depth_orders(puppet: Puppet) -> list[tuple[tuple[str, ...], Indices]]:
    """The frames grouped by the order, from far to near, in which parts are to be painted there."""
    frames = len(puppet.unit)
    depths = {"hair behind": np.full(frames, -2.0), "trunk": np.zeros(frames), "head": np.ones(frames)}
    neck = puppet.joint("neck")[:, 1]
    for side in ("left", "right"):
        # Legs are behind the shirt.
        depths[f"{side} leg"] = -1.0 + 0.5 * (puppet.depth(f"{side}_knee") + puppet.depth(f"{side}_ankle"))
        # Arms are before the trunk unless they are clearly behind the back, and before the head once raised.
        reach = 0.5 * (puppet.depth(f"{side}_elbow") + puppet.depth(f"{side}_wrist"))
        raised = puppet.joint(f"{side}_wrist")[:, 1] < neck
        depths[f"{side} arm"] = 0.06 + reach + raised
    names = np.array(list(depths))
    order = np.argsort(np.stack(list(depths.values()), axis=1), axis=1, kind="stable")
    distinct, group = np.unique(order, axis=0, return_inverse=True)
    return [(tuple(names[row]), np.flatnonzero(group.reshape(-1) == index)) for index, row in enumerate(distinct)]
