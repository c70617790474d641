"""The face as points: what is drawn and what is annotated come from the same measures."""

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.character import Face

EARS = np.array([[-1.0, 0.08, -0.1], [1.0, 0.08, -0.1]])
"""The right and the left ear on the head (2, 3), in head radii."""


def mouth_opening(mouth: Array) -> Array:
    """Half the height of the open mouth (F,) in head radii."""
    return 0.015 + 0.11 * mouth


def eye_opening(face: Face, blink: Array) -> Array:
    """Half the height of an open eye (F,) in head radii."""
    return face.eye_height * np.maximum(1.0 - blink, 0.08)


def eye_centres(face: Face) -> Array:
    """(2, 2): the right eye, which is on the image's left, then the left eye."""
    return np.array([[-face.eye_x, face.eye_y], [face.eye_x, face.eye_y]])


def brows(face: Face) -> Array:
    """(2, 5, 2): the right brow from its outer end, then the left brow from its inner end."""
    t = np.linspace(-1.0, 1.0, 5)
    arch = face.brow_y - 0.05 * (1 - t**2)
    width = 1.15 * face.eye_width
    return np.stack([
        np.stack([-face.eye_x + width * t, arch + face.brow_slant * t], axis=-1),
        np.stack([face.eye_x + width * t, arch - face.brow_slant * t], axis=-1),
    ])  # fmt: skip


def mouth_line(face: Face, count: int) -> Array:
    """(count, 2): the closed mouth from the image's left to its right; a smile lifts the corners."""
    t = np.linspace(-1.0, 1.0, count)
    return np.stack([face.mouth_width * t, face.mouth_y + face.smile * (0.5 - t**2)], axis=-1)


def landmarks(face: Face, *, blink: Array, mouth: Array) -> Array:
    """The 68 points of the iBUG annotation (F, 68, 2) in head radii."""
    frames = len(blink)
    jaw_angle = np.radians(np.linspace(172.0, 8.0, 17))
    jaw = np.stack([0.97 * np.cos(jaw_angle), 0.12 + 0.86 * np.sin(jaw_angle)], axis=-1)
    bridge = np.stack([np.zeros(4), np.linspace(face.eye_y, face.nose_y - 0.04, 4)], axis=-1)
    t = np.linspace(-1.0, 1.0, 5)
    nostrils = np.stack([0.13 * t, face.nose_y + 0.05 * (1 - t**2)], axis=-1)
    still = np.concatenate([jaw, brows(face).reshape(10, 2), bridge, nostrils])
    return np.concatenate([np.broadcast_to(still, (frames, 36, 2)), _eyes(face, blink), _lips(face, mouth)], axis=1)


def _eyes(face: Face, blink: Array) -> Array:
    """(F, 12, 2): each eye from its corner on the image's left, over the upper lid and back along the lower one."""
    angle = np.radians([180.0, 240.0, 300.0, 0.0, 60.0, 120.0])
    half_height = 0.8 * eye_opening(face, blink)[:, None, None]
    ring_x = np.broadcast_to(face.eye_width * np.cos(angle), (len(blink), 2, 6))
    ring = np.stack([ring_x, np.broadcast_to(half_height * np.sin(angle), (len(blink), 2, 6))], axis=-1)
    return (eye_centres(face)[:, None] + ring).reshape(len(blink), 12, 2)


def _lips(face: Face, mouth: Array) -> Array:
    """(F, 20, 2): the outer lips from the corner on the image's left, then the inner lips."""
    opening = mouth_opening(mouth)
    outer, inner = mouth_line(face, 7), mouth_line(face, 5)

    def ring(line: Array, thickness: float, share: float) -> Array:
        # Corners stay, the middle opens most.
        bulge = 1 - (line[:, 0] / face.mouth_width) ** 2
        gap = (opening[:, None] * share + thickness) * bulge
        upper = line + np.stack([np.zeros_like(gap), -gap], axis=-1)
        lower = line + np.stack([np.zeros_like(gap), gap], axis=-1)
        return np.concatenate([upper, lower[:, -2:0:-1]], axis=1)

    return np.concatenate([ring(outer, 0.05, 1.0), ring(inner, 0.0, 1.0)], axis=1)
