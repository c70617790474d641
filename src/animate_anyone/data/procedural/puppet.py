"""A posed character seen by a camera: pixels of joints, of points on head and trunk, of hands, over F frames."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.camera import TO_VIEWER, Camera
from animate_anyone.data.procedural.character import Character
from animate_anyone.data.procedural.skeleton import Skeleton
from animate_anyone.data.procedural.turning import azimuth_in_view, turn_around, turn_into_view, yaw_in_view
from animate_anyone.data.procedural.waves import Angles

FINGER_SPREAD = np.radians([52.0, 16.0, 3.0, -10.0, -24.0])
FINGER_LENGTH = np.array([0.68, 0.96, 1.0, 0.95, 0.80])
KNUCKLE = np.array([0.22, 0.50, 0.52, 0.50, 0.46])
"""Thumb to little finger: angle towards the thumb's side, reach of the tip and of the knuckle in hand lengths."""


@dataclass(frozen=True, kw_only=True)
class Puppet:
    """Everything that drawing and keypoints need to know about a character in F frames.

    `late` is the skeleton of a moment before: what hangs follows it.
    """

    character: Character
    angles: Angles
    skeleton: Skeleton
    late: Skeleton
    camera: Camera

    @property
    def unit(self) -> Array:
        """Pixels a standing height (F,)."""
        return self.camera.scale

    def joint(self, name: str, *, late: bool = False) -> Array:
        """Pixels (F, 2) of a joint."""
        return (self._late_places if late else self._places)[name]

    @cached_property
    def _places(self) -> dict[str, Array]:
        return self._projected(self.skeleton)

    @cached_property
    def _late_places(self) -> dict[str, Array]:
        return self._projected(self.late)

    def _projected(self, skeleton: Skeleton) -> dict[str, Array]:
        places = self.camera.project(np.stack(list(skeleton.joints.values()), axis=1))
        return {name: places[:, index] for index, name in enumerate(skeleton.joints)}

    def depth(self, name: str) -> Array:
        """How far (F,) a joint is in front of the body's middle, in units."""
        return self.skeleton.joints[name][:, 2]

    # Which side is seen.

    def facing(self, normal: Array, *, of: str = "chest") -> Array:
        """Cosine (F,) between a direction (3,) of the chest, pelvis or head (`of`) and that to the viewer."""
        basis: Array = {"chest": self.skeleton.chest, "pelvis": self.skeleton.pelvis, "head": self.skeleton.head}[of]
        return (basis @ normal) @ TO_VIEWER

    @cached_property
    def head_yaw(self) -> Array:
        """How far (F,) the head is turned to the image's right of the viewer, in radians from -pi to pi."""
        return yaw_in_view(self.skeleton.head)

    @cached_property
    def chest_yaw(self) -> Array:
        """How far (F,) the chest is turned to the image's right of the viewer, in radians from -pi to pi."""
        return yaw_in_view(self.skeleton.chest)

    # The head.

    @cached_property
    def head_radii(self) -> Array:
        """Half the width, height and depth of the head (3,), in units."""
        p = self.character.proportions
        depth = p.head_width if self.character.kind == "robot" else max(p.head_width, 0.9 * p.head)
        return np.array([p.head_width, p.head, depth]) / 2

    def on_head(self, points: Array, *, late: bool = False) -> Array:
        """Pixels (F, N, 2) of points (N, 3) or (F, N, 3) given in head radii; z = 1 is the front of the face."""
        skeleton = self.late if late else self.skeleton
        local = np.broadcast_to(points * self.head_radii, (len(self.unit), *points.shape[-2:]))
        turned = np.einsum("fij,fnj->fni", skeleton.head, local)
        return self.camera.project(skeleton.joints["skull"][:, None] + turned)

    def on_face(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 2) or (F, N, 2) on the front of the head, in head radii."""
        return self.on_head(face_points(points))

    def seen_on_face(self, points: Array) -> Array:
        """Like `on_face`, but points on the side that is turned away lie on the edge of the head."""
        width, _, depth = self.head_radii
        return self.on_head(turn_into_view(face_points(points), self.head_yaw, width=width, depth=depth))

    def face_share(self, points: Array) -> Array:
        """How directly (F, N) points (N, 2) of the face are seen: 1 frontally, 0 at the edge, negative behind it."""
        return np.cos(self.azimuth(face_points(points)))

    def azimuth(self, points: Array) -> Array:
        """How far (F, N) points (N, 3) of the head lie to the right of its middle as it is seen, in radians."""
        width, _, depth = self.head_radii
        return azimuth_in_view(points, self.head_yaw, width=width, depth=depth)

    def facing_head(self, points: Array, *, late: bool = False) -> Array:
        """Pixels (F, N, 2) of points given in head radii of a head that is turned to the viewer, whatever its yaw."""
        width, _, depth = self.head_radii
        yaw = yaw_in_view(self.late.head) if late else self.head_yaw
        return self.on_head(turn_around(points, yaw, width=width, depth=depth), late=late)

    def head_shape(self) -> tuple[Array, Array]:
        """The unit vector (F, 2) across the head in the picture, and its radii (F, 2) across and along, in pixels."""
        return self._head_shape

    @cached_property
    def _head_shape(self) -> tuple[Array, Array]:
        origin, chin = np.moveaxis(self.on_head(np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]])), 1, 0)
        down = (chin - origin) / np.linalg.norm(chin - origin, axis=-1, keepdims=True)
        width, height, depth = self.head_radii
        across = np.hypot(width * np.cos(self.head_yaw), depth * np.sin(self.head_yaw))
        radii = self.unit[:, None] * np.stack([across, np.full_like(across, height)], axis=-1)
        return np.stack([down[:, 1], -down[:, 0]], axis=-1), radii

    def around_head(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 2) or (F, N, 2) on the head's silhouette, which tilts but does not turn."""
        across, radii = self.head_shape()
        down = np.stack([-across[:, 1], across[:, 0]], axis=-1)
        x, y = (points[..., i, None] * radii[:, i, None, None] for i in range(2))
        return self.joint("skull")[:, None] + x * across[:, None] + y * down[:, None]

    # The trunk.

    def in_chest(self, points: Array) -> Array:
        """Pixels (F, N, 2) of points (N, 3) in units from the neck, in the directions of the chest."""
        turned = np.einsum("fij,nj->fni", self.skeleton.chest, points)
        return self.camera.project(self.skeleton.joints["neck"][:, None] + turned)

    def cross_section(self, centre: Array, basis: Array, *, half_width: float, depth: float, rounding: float) -> Array:
        """The ends (F, 2, 2), on the image's left and right, of an elliptic slice of a trunk.

        A turned trunk shows its depth, so it does not become a thin board. `centre` is (F, 3), `basis` (F, 3, 3) its
        orientation; `half_width` and `depth` are half-axes, less `rounding`, in units.
        """
        yaw = yaw_in_view(basis)
        seen = np.hypot(half_width * np.cos(yaw), depth * np.sin(yaw)) - rounding
        side = across(self.camera.direct(basis[:, :, 1])) * (seen * self.unit)[:, None]
        middle = self.camera.project(centre)
        return np.stack([middle - side, middle + side], axis=1)

    # Arms and hands.

    def arm_depth(self, side: str) -> Array:
        """How far (F,) an arm is in front of the trunk's middle, in units."""
        trunk = 0.6 * self.depth("neck") + 0.4 * self.depth("middle")
        shoulder, elbow, wrist = (self.depth(f"{side}_{name}") for name in ("shoulder", "elbow", "wrist"))
        return 0.3 * shoulder + 0.35 * elbow + 0.35 * wrist - trunk

    def hand(self, side: str) -> Array:
        """Pixels (F, 21, 2) of a hand: the wrist, then four points for each finger from the thumb on."""
        joints = self.skeleton.joints
        wrist = joints[f"{side}_wrist"]
        along = joints[f"{side}_fingers"] - wrist
        length = self.character.proportions.hand
        # The thumb is on the body's side and to the front: a raised hand shows its palm, a hanging one its back.
        inward = self.skeleton.chest @ np.array([-0.8 if side == "left" else 0.8, -0.5, 0.5])
        inward = inward - np.sum(inward * along, axis=-1, keepdims=True) / length**2 * along
        thumbward = length * inward / np.maximum(np.linalg.norm(inward, axis=-1, keepdims=True), 0.2)
        cos, sin = np.cos(FINGER_SPREAD)[:, None], np.sin(FINGER_SPREAD)[:, None]
        ray = along[:, None] * cos + thumbward[:, None] * sin
        reach = np.stack([KNUCKLE + (FINGER_LENGTH - KNUCKLE) * t for t in (0.0, 0.42, 0.74, 1.0)], axis=1)
        points = wrist[:, None, None] + ray[:, :, None] * reach[..., None]
        return self.camera.project(np.concatenate([wrist[:, None], points.reshape(len(wrist), 20, 3)], axis=1))


def across(along: Array) -> Array:
    """Unit vectors (F, 2) to the right of directions (F, 2) that point down the picture."""
    right = np.stack([along[:, 1], -along[:, 0]], axis=-1)
    return right / np.maximum(np.linalg.norm(right, axis=-1, keepdims=True), 1e-6)


def face_points(points: Array) -> Array:
    """Points (..., 3) of the head at (..., 2) of its front, in head radii."""
    depth = 0.85 * np.sqrt(np.clip(1.0 - 0.92 * np.sum(points**2, axis=-1), 0.02, None))
    return np.concatenate([points, depth[..., None]], axis=-1)
