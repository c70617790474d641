"""Colours as RGB triples in [0, 1]: where they come from, and picking ones that stand well apart."""

import colorsys
from collections.abc import Sequence

import numpy as np

Colour = tuple[float, float, float]

HUMAN_SKINS: tuple[Colour, ...] = (
    (0.98, 0.84, 0.73), (0.95, 0.78, 0.64), (0.89, 0.69, 0.53),
    (0.78, 0.57, 0.40), (0.62, 0.42, 0.28), (0.45, 0.29, 0.19),
)  # fmt: skip
FANTASY_SKINS: tuple[Colour, ...] = ((0.60, 0.85, 0.55), (0.55, 0.75, 0.95), (0.80, 0.66, 0.95), (1.00, 0.80, 0.45))
METALS: tuple[Colour, ...] = (
    (0.82, 0.85, 0.90), (0.62, 0.68, 0.76), (0.95, 0.94, 0.90), (0.90, 0.72, 0.35), (0.45, 0.52, 0.62),
)  # fmt: skip
HAIR: tuple[Colour, ...] = (
    (0.12, 0.09, 0.09), (0.32, 0.19, 0.11), (0.55, 0.33, 0.16),
    (0.90, 0.72, 0.35), (0.75, 0.30, 0.12), (0.70, 0.70, 0.74),
)  # fmt: skip
VIVID_HAIR: tuple[Colour, ...] = ((0.95, 0.45, 0.65), (0.30, 0.55, 0.90), (0.45, 0.75, 0.50), (0.60, 0.40, 0.85))
JOINTS: tuple[Colour, ...] = ((0.20, 0.22, 0.27), (0.48, 0.50, 0.55), (0.90, 0.91, 0.93), (0.55, 0.38, 0.22))
FABRICS: tuple[Colour, ...] = (
    (0.13, 0.20, 0.38), (0.24, 0.40, 0.62), (0.45, 0.66, 0.82), (0.10, 0.45, 0.48), (0.35, 0.70, 0.66),
    (0.18, 0.36, 0.25), (0.42, 0.52, 0.26), (0.60, 0.74, 0.44), (0.93, 0.76, 0.28), (0.90, 0.56, 0.20),
    (0.80, 0.38, 0.22), (0.91, 0.46, 0.42), (0.76, 0.18, 0.20), (0.46, 0.12, 0.20), (0.93, 0.66, 0.72),
    (0.80, 0.34, 0.54), (0.44, 0.26, 0.50), (0.70, 0.60, 0.84), (0.50, 0.36, 0.26), (0.78, 0.66, 0.50),
    (0.94, 0.90, 0.80), (0.97, 0.97, 0.96), (0.62, 0.64, 0.68), (0.34, 0.36, 0.40), (0.15, 0.15, 0.19),
)  # fmt: skip
"""Colours of cloth: blues, greens, yellows, reds, purples, browns, and white to black."""

LEATHER: tuple[Colour, ...] = (
    (0.30, 0.18, 0.12), (0.50, 0.30, 0.16), (0.68, 0.46, 0.26), (0.14, 0.13, 0.15), (0.60, 0.16, 0.16),
)  # fmt: skip
WELL_APART = 0.33
DARK: Colour = (0.13, 0.11, 0.16)
WHITE: Colour = (0.98, 0.98, 0.97)


def vivid(rng: np.random.Generator) -> Colour:
    """A saturated colour, as of clothes in a picture book."""
    return colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.55, 0.9), rng.uniform(0.6, 0.97))


def fabric(rng: np.random.Generator) -> Colour:
    """A colour of clothes: most often a quiet one of a fixed list, slightly varied, and sometimes a vivid one."""
    if rng.uniform() < 0.18:
        return vivid(rng)
    colour = FABRICS[rng.integers(len(FABRICS))]
    return shade(colour, rng.uniform(0.88, 1.12))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: `share` of the second."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def muted(rng: np.random.Generator) -> Colour:
    """A calm colour that does not compete with a figure in front of it."""
    return colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.08, 0.35), rng.uniform(0.72, 0.97))


def distance(a: Colour, b: Colour) -> float:
    """How different two colours look, about 0 to 1 ("redmean", a weighted Euclidean distance)."""
    red = (a[0] + b[0]) / 2
    dr, dg, db = (x - y for x, y in zip(a, b, strict=True))
    return float(np.sqrt(((2 + red) * dr * dr + 4 * dg * dg + (3 - red) * db * db) / 9))


def apart(candidates: Sequence[Colour], chosen: Sequence[Colour]) -> Colour:
    """The first candidate well apart from all chosen colours, or else the one that is farthest from them."""

    def gap(candidate: Colour) -> float:
        return min(distance(candidate, other) for other in chosen)

    return next((candidate for candidate in candidates if gap(candidate) >= WELL_APART), max(candidates, key=gap))


def shade(colour: Colour, factor: float) -> Colour:
    """A darker (factor < 1) or lighter (factor > 1, towards white) version."""
    if factor <= 1:
        return (colour[0] * factor, colour[1] * factor, colour[2] * factor)
    mix = 1 - 1 / factor
    return (
        colour[0] + (1 - colour[0]) * mix,
        colour[1] + (1 - colour[1]) * mix,
        colour[2] + (1 - colour[2]) * mix,
    )
