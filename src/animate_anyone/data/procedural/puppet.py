"""A posed character seen by a camera: pixels of joints, of points on the head, of hands, over F frames."""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.camera import Camera
from animate_anyone.data.procedural.character import Character
from animate_anyone.data.procedural.motion import Angles
from animate_anyone.data.procedural.skeleton import Skeleton

FINGER_SPREAD = np.radians([52.0, 16.0, 3.0, -10.0, -24.0])
FINGER_LENGTH = np.array([0.68, 0.96, 1.0, 0.95, 0.80])
KNUCKLE = np.array([0.22, 0.50, 0.52, 0.50, 0.46])
"""Thumb to little finger: angle towards the thumb's side, reach of the tip and of the knuckle in hand lengths."""


@dataclass(frozen=True, kw_only=True)
class Puppet:
    """Everything that drawing and keypoints need to know about a character in F frames."""

    character: Character
    angles: Angles
    skeleton: Skeleton
    camera: Camera

    @property
    def unit(self) -> Array:
        """Pixels a standing height (F,)."""
        return self.camera.scale

    def joint(self, name: str) -> Array:
        """Pixels (F, 2) of a joint."""
        return self.camera.project(self.skeleton.joints[name])

    def depth(self, name: str) -> Array:
        """How far (F,) a joint is in front of the body's middle, in units."""
        return self.skeleton.joints[name][:, 2]

    def on_head(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 3) or (F, N, 3) given in head radii; z = 1 is the front of the face."""
        p = self.character.proportions
        local = points * np.array([p.head_width / 2, p.head / 2, p.head_width / 2])
        turned = np.einsum(
            "fij,f...nj->fni", self.skeleton.head, np.broadcast_to(local, (len(self.unit), *local.shape[-2:]))
        )
        return self.camera.project(self.skeleton.joints["skull"][:, None] + turned)

    def on_face(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 2) or (F, N, 2) on the front of the head, in head radii."""
        return self.on_head(np.concatenate([points, face_depth(points)[..., None]], axis=-1))

    def head_shape(self) -> tuple[Array, Array]:
        """The unit vector (F, 2) across the head in the picture, and its radii (F, 2) across and along, in pixels."""
        origin, chin = np.moveaxis(self.on_head(np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])), 1, 0)
        down = (chin - origin) / np.linalg.norm(chin - origin, axis=-1, keepdims=True)
        p = self.character.proportions
        radii = self.unit[:, None] * np.array([p.head_width, p.head]) / 2
        return np.stack([down[:, 1], -down[:, 0]], axis=-1), radii

    def around_head(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 2) on the head's silhouette, which tilts but does not turn, in head radii."""
        across, radii = self.head_shape()
        down = np.stack([-across[:, 1], across[:, 0]], axis=-1)
        x, y = (points[:, i, None] * radii[:, i, None, None] for i in range(2))
        return self.joint("skull")[:, None] + x * across[:, None] + y * down[:, None]

    def in_chest(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 3) in units from the neck, in the directions of the chest."""
        turned = np.einsum("fij,nj->fni", self.skeleton.chest, points)
        return self.camera.project(self.skeleton.joints["neck"][:, None] + turned)

    def hand(self, side: str) -> Array:
        """Pixels (F, 21, 2) of a hand: the wrist, then four points for each finger from the thumb on."""
        wrist, fingers = self.joint(f"{side}_wrist"), self.joint(f"{side}_fingers")
        along = fingers - wrist
        length = self.unit * self.character.proportions.hand
        # A raised hand shows its palm, a hanging one its back: the thumb is on the body's side in both.
        downward = along[:, 1] / length
        facing = np.clip((0.45 - downward) * 2.5, -1.0, 1.0) * (1.0 if side == "right" else -1.0)
        thumbward = np.stack([-along[:, 1], along[:, 0]], axis=-1) * facing[:, None]
        cos, sin = np.cos(FINGER_SPREAD)[:, None], np.sin(FINGER_SPREAD)[:, None]
        ray = along[:, None] * cos + thumbward[:, None] * sin
        reach = np.stack([KNUCKLE + (FINGER_LENGTH - KNUCKLE) * t for t in (0.0, 0.42, 0.74, 1.0)], axis=1)
        points = wrist[:, None, None] + ray[:, :, None] * reach[..., None]
        return np.concatenate([wrist[:, None], points.reshape(len(wrist), 20, 2)], axis=1)


def face_depth(points: Array) -> Array:
    """How far (in head radii) the front of the head lies before its middle at points (..., 2)."""
    return 0.85 * np.sqrt(np.clip(1.0 - 0.92 * np.sum(points**2, axis=-1), 0.02, None))
