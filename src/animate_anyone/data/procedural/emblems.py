"""Emblems on a chest: outlines of simple signs."""

from typing import Literal

import numpy as np

from animate_anyone.data.procedural.arrays import Array

Emblem = Literal[
    "none", "disc", "star", "heart", "diamond", "bolt", "cross", "moon", "triangle", "drop", "arrow", "flower"
]
EMBLEMS: tuple[Emblem, ...] = (
    "disc", "star", "heart", "diamond", "bolt", "cross", "moon", "triangle", "drop", "arrow", "flower",
)  # fmt: skip
_STRAIGHT: dict[str, tuple[tuple[float, float], ...]] = {
    "diamond": ((0.0, -1.1), (0.8, 0.0), (0.0, 1.1), (-0.8, 0.0)),
    "bolt": ((0.25, -1.15), (-0.7, 0.2), (-0.05, 0.2), (-0.25, 1.15), (0.7, -0.25), (0.05, -0.25)),
    "cross": (
        (-0.32, -1.0), (0.32, -1.0), (0.32, -0.32), (1.0, -0.32), (1.0, 0.32), (0.32, 0.32),
        (0.32, 1.0), (-0.32, 1.0), (-0.32, 0.32), (-1.0, 0.32), (-1.0, -0.32), (-0.32, -0.32),
    ),
    "triangle": ((0.0, -1.0), (1.0, 0.8), (-1.0, 0.8)),
    "arrow": ((0.0, -1.1), (1.0, -0.1), (0.4, -0.1), (0.4, 1.0), (-0.4, 1.0), (-0.4, -0.1), (-1.0, -0.1)),
}  # fmt: skip


def emblem_outline(kind: Emblem) -> Array | None:
    """The outline (V, 2) of an emblem of about unit radius, y down; none for "none"."""
    if kind in _STRAIGHT:
        return np.array(_STRAIGHT[kind])
    match kind:
        case "star":
            angle = np.radians(np.arange(10) * 36.0 - 90.0)
            return _polar(angle, np.where(np.arange(10) % 2 == 0, 1.1, 0.48))
        case "heart":
            t = np.radians(np.arange(14) * (360.0 / 14) + 180.0 / 14)
            x = 16 * np.sin(t) ** 3
            y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
            return np.stack([x, -y], axis=-1) / 16.0
        case "disc":
            return _polar(np.radians(np.arange(12) * 30.0), np.full(12, 0.85))
        case "flower":
            angle = np.radians(np.arange(20) * 18.0)
            return _polar(angle, 0.75 + 0.3 * np.cos(5 * angle))
        case "drop":
            angle = np.radians(np.linspace(-40.0, 220.0, 9))
            return np.concatenate([_polar(angle, np.full(9, 0.72)) + np.array([0.0, 0.3]), np.array([[0.0, -1.15]])])
        case "moon":
            outer = _polar(np.radians(np.linspace(60.0, 300.0, 9)), np.full(9, 1.0))
            inner = _polar(np.radians(np.linspace(270.0, 90.0, 7)), np.full(7, 0.72)) + np.array([0.38, 0.0])
            return np.concatenate([outer, inner])
        case _:
            return None


def _polar(angle: Array, radius: Array) -> Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
