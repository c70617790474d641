"""The camera: how far away, where the character stands in the picture, and where points of space appear."""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.character import Character
from animate_anyone.data.procedural.motion import Motion
from animate_anyone.data.procedural.skeleton import SIDES, pose_skeleton

PITCH = np.radians(9.0)
"""The camera looks down slightly, so that feet which point at it are seen from above."""

TO_VIEWER = np.array([0.0, -np.sin(PITCH), np.cos(PITCH)])
"""The direction in space from the character to the camera."""

MARGIN = 0.025
"""Free space on each side, as a fraction of the picture's side."""

LEG_MOTIONS = ("walk", "run", "jump", "squat", "sit", "side_step", "jacks")


@dataclass(frozen=True, kw_only=True)
class Camera:
    """An orthographic camera over F frames: `scale` (F,) pixels a unit, `centre` (F, 2) where the origin appears."""

    scale: Array
    centre: Array

    def project(self, points: Array) -> Array:
        """Pixels (F, ..., 2) of points (F, ..., 3)."""
        lead = (len(self.scale),) + (1,) * (points.ndim - 1)
        return flat(points) * self.scale.reshape(lead) + self.centre.reshape(*lead[:-1], 2)

    def direct(self, vectors: Array) -> Array:
        """Pixel displacements (F, ..., 2) of directions (F, ..., 3)."""
        return flat(vectors) * self.scale.reshape((len(self.scale),) + (1,) * (vectors.ndim - 1))


def flat(points: Array) -> Array:
    """Points (..., 3) seen from the camera's direction, in units (..., 2)."""
    place = np.empty((*points.shape[:-1], 2))
    place[..., 0] = points[..., 0]
    place[..., 1] = points[..., 1] * np.cos(PITCH) + points[..., 2] * np.sin(PITCH)
    return place


@dataclass(frozen=True, kw_only=True)
class Shot:
    """The framing of a whole motion: the body's box in units, and the picture with what is kept free around it."""

    character: Character
    motion: Motion
    low: Array
    high: Array
    width: int
    height: int

    def camera(self, times: Array) -> Camera:
        """The camera at times (F,): what the body leaves free is used for its place and for a slow drift."""
        framing, close = self.character.framing, is_close(self.character, self.motion)
        picture = np.array([self.width, self.height])
        room = picture * (1 - MARGIN * np.array([2, 1 if close else 2]))
        fit = float(np.min(room / (self.high - self.low)))
        turns = times / self.motion.period + self.motion.drift
        zoom = 1 - self.motion.zoom * (0.5 + 0.5 * np.sin(2 * np.pi * turns))
        scale = fit * (1.0 if close else framing.fill) * zoom
        slack = room - (self.high - self.low) * scale[:, None]
        across = framing.across + 0.12 * np.sin(2 * np.pi * (turns + 0.3))
        down = np.full_like(across, 1.0 if close else framing.down)
        corner = MARGIN * picture + slack * np.stack([across, down], axis=-1)
        # Pixel centres are at integers, hence the half.
        return Camera(scale=scale, centre=corner - self.low * scale[:, None] - 0.5)


def frame_motion(character: Character, motion: Motion, *, width: int, height: int) -> Shot:
    """Frame the whole motion, once, so that the body never leaves the picture.

    In a half-body framing, the legs are outside and the hands of spread arms may be.
    """
    low, high = _extent(character, motion, np.linspace(0.0, motion.period, 72, endpoint=False))
    return Shot(character=character, motion=motion, low=low, high=high, width=width, height=height)


def _extent(character: Character, motion: Motion, times: Array) -> tuple[Array, Array]:
    """The box (low, high) of what is to be in the picture at all of these times."""
    p = character.proportions
    joints = pose_skeleton(p, motion.angles(times)).joints
    radii = {
        "skull": (_head_side(character), _head_top(character)),
        "fingers": (0.015, 0.015),
        "toe": (0.03, 0.03),
        # With the stool below.
        "pelvis": (0.15, 0.045) if motion.kind == "sit" else (0.045, 0.045),
    }
    lows: dict[str, Array] = {}
    highs: dict[str, Array] = {}
    for name, point in joints.items():
        radius = np.array(radii.get(name.split("_")[-1], (0.045, 0.045)))
        lows[name] = np.min(flat(point), axis=0) - radius
        highs[name] = np.max(flat(point), axis=0) + radius
    if is_close(character, motion):
        # Stretched arms may leave a close picture a little; otherwise it would have to be taken from far away.
        low, high = (
            pick([0.4 * side[f"{arm}_elbow"] + 0.6 * side[f"{arm}_wrist"] for arm in SIDES] + [side["skull"]], axis=0)
            for pick, side in ((np.min, lows), (np.max, highs))
        )
        high[1] = flat(joints["pelvis"])[:, 1].mean() + 0.01
        return low, high
    return np.min(list(lows.values()), axis=0), np.max(list(highs.values()), axis=0)


def is_close(character: Character, motion: Motion) -> bool:
    """Whether only the upper half of the body is shown: a matter of the character, unless the legs do the moving."""
    return character.framing.half_body and motion.kind not in LEG_MOTIONS


def _head_top(character: Character) -> float:
    """How far hair, hat or antenna reach above the middle of the head, in units."""
    outfit = character.outfit
    if character.kind == "robot":
        return 0.86 * character.proportions.head
    hat = {"none": 0.58, "party": 1.12, "top_hat": 1.02}.get(outfit.hat, 0.72)
    hair = {"bun": 0.86, "spiky": 0.74, "afro": 0.80}.get(outfit.hair, 0.0)
    return max(hat, hair) * character.proportions.head


def _head_side(character: Character) -> float:
    """How far the head with hair and hat reaches sideways from its middle in any view, in units."""
    p, outfit = character.proportions, character.outfit
    if outfit.hat == "cap" or outfit.hair == "ponytail":
        return 0.8 * max(p.head_width, p.head)
    return (0.7 if outfit.hair == "afro" else 0.6) * max(p.head_width, p.head)
