"""The camera: how far away, where the character stands in the picture, and where points of space appear."""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.character import Character
from animate_anyone.data.procedural.motion import Array, Motion
from animate_anyone.data.procedural.skeleton import pose_skeleton

PITCH = np.radians(9.0)
"""The camera looks down slightly, so that feet which point at it are seen from above."""

MARGIN = 0.025
"""Free space on each side, as a fraction of the picture's side."""


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
    return np.stack([points[..., 0], points[..., 1] * np.cos(PITCH) + points[..., 2] * np.sin(PITCH)], axis=-1)


def frame_motion(character: Character, motion: Motion, times: Array, *, width: int, height: int) -> Camera:
    """Frame the whole motion, once: the body (its upper half in a half-body framing) never leaves the picture.

    What is left free is used for the character's own place in the picture and for a slow drift.
    """
    period = np.linspace(0.0, motion.period, 72, endpoint=False)
    low, high, hips = _extent(character, motion, period)
    framing = character.framing
    if framing.half_body:
        high = np.array([high[0], hips])
    room = np.array([width, height]) * (1 - np.array([2 * MARGIN, (1 if framing.half_body else 2) * MARGIN]))
    fit = float(np.min(room / (high - low)))
    fill = 1.0 if framing.half_body else framing.fill
    turns = times / motion.period + motion.drift
    scale = fit * fill * (1 - motion.zoom * (0.5 + 0.5 * np.sin(2 * np.pi * turns)))
    slack = room - (high - low) * scale[:, None]
    across = framing.across + 0.12 * np.sin(2 * np.pi * (turns + 0.3))
    down = np.full_like(across, 1.0 if framing.half_body else framing.down)
    corner = MARGIN * np.array([width, height]) + slack * np.stack([across, down], axis=-1)
    # Pixel centres are at integers, hence the half.
    return Camera(scale=scale, centre=corner - low * scale[:, None] - 0.5)


def _extent(character: Character, motion: Motion, times: Array) -> tuple[Array, Array, float]:
    """The box (low, high) that the body stays in, and the mean height of the hips."""
    p = character.proportions
    joints = pose_skeleton(p, motion.angles(times)).joints
    head_top = {"none": 0.62, "party": 1.15, "top_hat": 1.05}.get(character.outfit.hat, 0.70) * p.head
    if character.outfit.hair in ("bun", "spiky", "afro") and character.kind != "robot":
        head_top = max(head_top, 0.85 * p.head)
    if character.kind == "robot":
        head_top = 0.9 * p.head
    radii = {"skull": (0.72 * max(p.head_width, p.head), head_top), "fingers": (0.015, 0.015), "toe": (0.03, 0.03)}
    lows: list[Array] = []
    highs: list[Array] = []
    for name, point in joints.items():
        radius = np.array(radii.get(name.split("_")[-1], (0.045, 0.045)))
        lows.append(np.min(flat(point), axis=0) - radius)
        highs.append(np.max(flat(point), axis=0) + radius)
    return np.min(lows, axis=0), np.max(highs, axis=0), float(np.mean(flat(joints["pelvis"])[:, 1])) + 0.01
