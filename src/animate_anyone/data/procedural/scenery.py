"""Still scenes behind a character: rooms, streets, nature, a stage, and abstract clutter, as flat shapes.

A scene is drawn in units of the picture's shorter side; x grows to the right from its middle, y down from the horizon.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.colours import Colour, mix, muted, shade
from animate_anyone.data.procedural.paint import Painted
from animate_anyone.data.procedural.shapes import Capsules, Polygon, discs

Backdrop = Literal["plain", "gradient", "stripes", "spots", "floor", "room", "street", "nature", "stage", "clutter"]
BACKDROPS: Mapping[Backdrop, float] = {
    "plain": 0.15, "gradient": 0.15, "stripes": 0.06, "spots": 0.06, "floor": 0.08,
    "room": 0.11, "street": 0.09, "nature": 0.1, "stage": 0.05, "clutter": 0.15,
}  # fmt: skip
"""Every backdrop with its share."""

EDGE = 4.0
"""Far enough from the middle to be outside any picture."""


class Scene:
    """Collects shapes around an origin (2,) in pixels, `side` pixels a unit, in the calm tones of a base colour."""

    def __init__(self, origin: Array, side: float, base: Colour, rng: np.random.Generator):
        self.shapes: list[Painted] = []
        self.rng = rng
        self.base = base
        self._origin, self._side = origin, side

    def tone(self, likeness: float = 0.45) -> Colour:
        """A muted colour that is `likeness` like the base."""
        colour = muted(self.rng)
        return mix(shade(colour, 0.55) if sum(self.base) < 1.2 else colour, self.base, likeness)

    def polygon(self, points: list[tuple[float, float]], colour: Colour, *, rounding: float = 0.0) -> None:
        """A polygon through points in units."""
        self._add(Polygon(vertices=self._pixels(points), rounding=np.array([rounding * self._side])), colour)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """An upright rectangle around the middle of its lower edge."""
        w = width / 2
        self.polygon([(x - w, y - height), (x + w, y - height), (x + w, y), (x - w, y)], colour)

    def discs(self, centres: list[tuple[float, float]], radius: float, colour: Colour) -> None:
        """Discs of one radius."""
        self._add(discs(self._pixels(centres), np.array([radius * self._side])), colour)

    def lines(self, ends: list[tuple[float, float, float, float]], radius: float, colour: Colour) -> None:
        """Strokes from (x, y) to (x, y)."""
        start, end = self._pixels([each[:2] for each in ends]), self._pixels([each[2:] for each in ends])
        radii = np.full((1, len(ends)), radius * self._side)
        self._add(Capsules(start=start, end=end, start_radius=radii, end_radius=radii), colour)

    def _pixels(self, points: list[tuple[float, float]]) -> Array:
        return (self._origin + np.array(points) * self._side)[None]

    def _add(self, shape: Polygon | Capsules, colour: Colour) -> None:
        self.shapes.append(Painted(shape=shape, colour=colour, contour=False))


def room(scene: Scene) -> None:
    """Wall and floor with a skirting board; a window or a picture, a lamp, a sofa or a shelf."""
    u = scene.rng.uniform
    floor, trim = shade(scene.tone(), 0.8), shade(scene.base, 1.35)
    scene.box(0, EDGE, 2 * EDGE, EDGE, floor)
    scene.box(0, 0.0, 2 * EDGE, 0.025, trim)
    side = 1.0 if u() < 0.5 else -1.0
    if u() < 0.6:
        x, wide, high = side * u(0.2, 0.36), u(0.22, 0.3), u(0.26, 0.34)
        top = -0.42
        scene.box(x, top, wide + 0.04, high + 0.04, trim)
        scene.box(x, top - 0.02, wide, high, mix((0.66, 0.82, 0.94), scene.base, 0.35))
        scene.lines([(x, top - 0.02, x, top - high), (x - wide / 2, top - high / 2, x + wide / 2, top - high / 2)],
                    0.008, trim)  # fmt: skip
    else:
        for x in (side * u(0.1, 0.2), side * u(0.36, 0.44)):
            size = u(0.12, 0.18)
            scene.box(x, -0.48, size, size * 1.2, shade(scene.base, 0.6))
            scene.box(x, -0.495, size - 0.03, size * 1.2 - 0.03, scene.tone(0.2))
            scene.discs([(x, -0.5 - size * 0.5)], 0.28 * size, scene.tone(0.2))
    if u() < 0.5:
        x, colour = -side * u(0.3, 0.42), scene.tone(0.3)
        scene.box(x, 0.02, 0.34, 0.2, shade(colour, 0.85))
        scene.box(x, 0.05, 0.4, 0.11, colour)
        scene.discs([(x - 0.19, -0.06), (x + 0.19, -0.06)], 0.045, colour)
    elif u() < 0.6:
        x, colour = -side * u(0.32, 0.42), scene.tone(0.3)
        scene.lines([(x, 0.03, x, -0.5)], 0.009, shade(scene.base, 0.55))
        scene.polygon([(x - 0.05, -0.6), (x + 0.05, -0.6), (x + 0.1, -0.46), (x - 0.1, -0.46)], shade(colour, 1.3))
        scene.box(x, 0.04, 0.12, 0.02, shade(scene.base, 0.55))
    else:
        x = -side * u(0.34, 0.42)
        for level in (-0.14, -0.3, -0.46):
            scene.box(x, level, 0.26, 0.022, shade(scene.base, 0.65))
            for step in (-0.08, -0.03, 0.02):
                scene.box(x + step, level - 0.022, 0.035, u(0.07, 0.12), scene.tone(0.25))


def street(scene: Scene) -> None:
    """Houses with windows along a road under the sky."""
    u = scene.rng.uniform
    x = -0.85
    while x < 0.85:
        wide, high = u(0.2, 0.34), u(0.3, 0.75)
        wall = scene.tone(0.3)
        scene.box(x + wide / 2, 0.0, wide, high, wall)
        if u() < 0.4:
            roof = shade(scene.tone(0.3), 0.75)
            scene.polygon([(x - 0.02, -high), (x + wide / 2, -high - 0.1), (x + wide + 0.02, -high)], roof)
        dark, light = shade(wall, 0.75), shade(wall, 1.3)
        glass = light if u() < 0.4 else dark
        columns = [x + wide * share for share in (0.28, 0.72)]
        rows = np.arange(-high + 0.07, -0.14, 0.13)
        scene.lines([(c, float(r), c, float(r) + 0.035) for c in columns for r in rows], 0.026, glass)
        scene.box(x + wide * 0.5, 0.0, 0.07, 0.1, dark)
        x += wide + u(0.0, 0.05)
    scene.box(0, EDGE, 2 * EDGE, EDGE, shade(scene.base, 0.62))
    scene.box(0, 0.03, 2 * EDGE, 0.03, shade(scene.base, 0.88))
    scene.lines([(k * 0.3 - 0.9, 0.12, k * 0.3 - 0.76, 0.12) for k in range(7)], 0.009, shade(scene.base, 1.3))


def nature(scene: Scene) -> None:
    """Hills, trees, clouds and a sun over a meadow."""
    u = scene.rng.uniform
    green = mix((0.52, 0.66, 0.42), scene.base, 0.4)
    sun = (u(-0.4, 0.4), -u(0.55, 0.8))
    scene.discs([sun], u(0.07, 0.1), mix((0.98, 0.9, 0.62), scene.base, 0.25))
    for _ in range(2):
        x, y, size = u(-0.5, 0.5), -u(0.55, 0.8), u(0.035, 0.055)
        puffs = [(x, y), (x + 1.3 * size, y - 0.5 * size), (x + 2.6 * size, y)]
        scene.discs(puffs, size, shade(scene.base, 1.7))
    for tint in (0.85, 1.0):
        x, reach = u(-0.6, 0.6), u(0.5, 0.8)
        high = u(0.18, 0.34) * (1.5 - 0.5 * tint)
        angle = np.linspace(np.pi, 2 * np.pi, 13)
        bow = [(x + reach * float(np.cos(a)), high * float(np.sin(a))) for a in angle]
        scene.polygon([*bow, (x + reach, 0.1), (x - reach, 0.1)], shade(mix(green, scene.base, 0.4), tint))
    scene.box(0, EDGE, 2 * EDGE, EDGE, green)
    for _ in range(int(scene.rng.integers(2, 5))):
        x, y, size = u(-0.5, 0.5), u(0.0, 0.06), u(0.06, 0.1)
        scene.lines([(x, y, x, y - 1.8 * size)], 0.016, mix((0.45, 0.34, 0.26), scene.base, 0.35))
        leaf = shade(green, u(0.65, 0.85))
        if u() < 0.5:
            scene.discs([(x - 0.6 * size, y - 2.2 * size), (x + 0.6 * size, y - 2.2 * size), (x, y - 3 * size)],
                        size, leaf)  # fmt: skip
        else:
            scene.polygon([(x - size, y - size), (x, y - 4.4 * size), (x + size, y - size)], leaf, rounding=0.01)
    blades = [(float(x), float(y), float(x) + 0.012, float(y) - 0.03) for x, y in
              zip(u(-0.5, 0.5, 9), u(0.06, 0.25, 9), strict=True)]  # fmt: skip
    scene.lines(blades, 0.008, shade(green, 0.8))


def stage(scene: Scene) -> None:
    """Curtains, two beams of light, and their pools on the boards."""
    u = scene.rng.uniform
    curtain = mix(shade(scene.tone(0.1), 0.7), scene.base, 0.35)
    folds = [(sign * x, -EDGE, sign * x, 0.0) for sign in (-1, 1) for x in (0.44, 0.52, 0.6, 0.7, 0.8, 0.9)]
    scene.lines(folds, 0.055, curtain)
    scene.lines(folds, 0.014, shade(curtain, 0.75))
    scene.box(0, EDGE, 2 * EDGE, EDGE, shade(scene.base, 0.7))
    light = shade(scene.base, 1.25)
    for sign in (-1.0, 1.0):
        foot = sign * u(-0.1, 0.18)
        scene.polygon([(sign * 0.4, -1.4), (sign * 0.46, -1.4), (foot + 0.16, 0.08), (foot - 0.16, 0.08)], light)
        light = mix(light, shade(scene.base, 1.4), 0.5)
    scene.lines([(-0.16, 0.09, 0.16, 0.09)], 0.07, shade(scene.base, 1.5))


def clutter(scene: Scene) -> None:
    """Ten to thirty boxes, discs, lines and triangles anywhere."""
    u = scene.rng.uniform
    for _ in range(int(scene.rng.integers(10, 31))):
        x, y, size, colour = u(-0.6, 0.6), u(-1.0, 0.3), u(0.04, 0.17), scene.tone(0.35)
        turn = u(0, 2 * np.pi)
        match int(scene.rng.integers(4)):
            case 0:
                scene.discs([(x, y)], 0.7 * size, colour)
            case 1:
                reach = 1.8 * size
                scene.lines([(x, y, x + reach * float(np.cos(turn)), y + reach * float(np.sin(turn)))],
                            u(0.01, 0.025), colour)  # fmt: skip
            case corners:
                count = corners + 1
                angles = turn + 2 * np.pi * np.arange(count) / count
                scene.polygon([(x + size * float(np.cos(a)), y + size * float(np.sin(a))) for a in angles], colour)


SCENES: Mapping[Backdrop, Callable[[Scene], None]] = {
    "room": room, "street": street, "nature": nature, "stage": stage, "clutter": clutter,
}  # fmt: skip
