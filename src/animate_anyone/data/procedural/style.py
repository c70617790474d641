"""Drawing styles: contours, soft or hard shadows, and faint textures, from a generator."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from animate_anyone.data.procedural.choices import pick
from animate_anyone.data.procedural.patterns import TextureKind
from animate_anyone.data.procedural.proportions import Kind

Shading = Literal["flat", "soft", "cel"]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a character is drawn.

    `outline` is the contour's width in units (0: none), `strength` how dark the shading gets, `light` where it comes
    from, as a step (x, y) in units from an edge to its shadow. `texture` varies the brightness by `texture_strength`
    over about `texture_period` units.
    """

    outline: float
    shading: Shading
    strength: float
    light: tuple[float, float]
    texture: TextureKind
    texture_period: float
    texture_strength: float


def draw_style(rng: np.random.Generator, kind: Kind) -> Style:
    """A style for a character of a kind; cartoons have a contour more often."""
    outlined = rng.uniform() < (0.75 if kind == "cartoon" else 0.5)
    shading: Shading = pick(rng, {"flat": 0.35, "soft": 0.42, "cel": 0.23})
    side = 1.0 if rng.uniform() < 0.5 else -1.0
    reach = rng.uniform(0.014, 0.02)
    return Style(
        outline=rng.uniform(0.007, 0.012) if outlined else 0.0,
        shading=shading,
        strength={"flat": 0.0, "soft": rng.uniform(0.12, 0.28), "cel": rng.uniform(0.16, 0.26)}[shading],
        light=(side * reach, -0.7 * reach),
        texture=pick(rng, {"none": 0.72, "hatching": 0.08, "paper": 0.12, "weave": 0.08}),
        texture_period=rng.uniform(0.05, 0.085),
        texture_strength=rng.uniform(0.035, 0.06),
    )
