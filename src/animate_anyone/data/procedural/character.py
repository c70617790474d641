"""What a character looks like: body, colours, clothes, face, style, background and framing, all from one seed.

Lengths are fractions of the standing height.
"""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.choices import pick
from animate_anyone.data.procedural.outfit import Outfit, Sleeves, draw_outfit
from animate_anyone.data.procedural.palette import Palette, draw_palette
from animate_anyone.data.procedural.proportions import Kind, Proportions, draw_proportions
from animate_anyone.data.procedural.scenery import BACKDROPS, Backdrop
from animate_anyone.data.procedural.seeds import generator
from animate_anyone.data.procedural.style import Style, draw_style


@dataclass(frozen=True, kw_only=True)
class Face:
    """Face measures in head radii: (0, 0) is the head's centre, (1, 1) the left and lower end of its box."""

    eye_x: float
    eye_y: float
    eye_width: float
    eye_height: float
    brow_y: float
    brow_slant: float
    nose_y: float
    mouth_y: float
    mouth_width: float
    smile: float


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How the camera sees the character: share of the frame filled, and where in the slack it stands (0 to 1)."""

    half_body: bool
    fill: float
    across: float
    down: float


@dataclass(frozen=True, kw_only=True)
class Character:
    """A character and what is behind it."""

    kind: Kind
    proportions: Proportions
    palette: Palette
    outfit: Outfit
    face: Face
    framing: Framing
    style: Style
    backdrop: Backdrop

    @property
    def coated(self) -> bool:
        """Whether what is worn over the shirt has sleeves."""
        return self.outfit.layer in ("hoodie", "jacket", "open coat", "closed coat")

    @property
    def sleeves(self) -> Sleeves:
        """How far the outermost sleeve reaches; a robot has none."""
        if self.kind == "robot":
            return "none"
        return "long" if self.coated else self.outfit.sleeves


def character_from_seed(seed: int) -> Character:
    """The character of a seed; the same seed always gives the same one.

    Raises:
        ValueError: The seed is negative.
    """
    rng = generator("character", seed)
    kind: Kind = pick(rng, {"human": 0.45, "cartoon": 0.35, "robot": 0.20})
    return Character(
        kind=kind,
        proportions=draw_proportions(rng, kind),
        palette=draw_palette(rng, kind),
        outfit=draw_outfit(rng, kind),
        face=_face(rng, kind),
        framing=Framing(
            half_body=bool(rng.uniform() < 0.28),
            fill=rng.uniform(0.88, 1.0),
            across=rng.uniform(0.3, 0.7),
            down=rng.uniform(0.2, 0.9),
        ),
        style=draw_style(rng, kind),
        backdrop=pick(rng, BACKDROPS),
    )


def _face(rng: np.random.Generator, kind: Kind) -> Face:
    u = rng.uniform
    if kind == "human":
        return Face(
            eye_x=u(0.36, 0.42), eye_y=u(0.02, 0.08), eye_width=u(0.17, 0.21), eye_height=u(0.10, 0.14),
            brow_y=u(-0.24, -0.18), brow_slant=u(-0.07, 0.02), nose_y=u(0.30, 0.36),
            mouth_y=u(0.57, 0.63), mouth_width=u(0.26, 0.36), smile=u(0.02, 0.12),
        )  # fmt: skip
    if kind == "cartoon":
        return Face(
            eye_x=u(0.36, 0.44), eye_y=u(0.14, 0.22), eye_width=u(0.19, 0.24), eye_height=u(0.24, 0.32),
            brow_y=u(-0.26, -0.18), brow_slant=u(-0.09, 0.02), nose_y=u(0.42, 0.48),
            mouth_y=u(0.62, 0.68), mouth_width=u(0.20, 0.32), smile=u(0.05, 0.14),
        )  # fmt: skip
    return Face(
        eye_x=u(0.34, 0.44), eye_y=u(-0.12, 0.0), eye_width=u(0.15, 0.2), eye_height=u(0.15, 0.2),
        brow_y=u(-0.42, -0.36), brow_slant=0.0, nose_y=u(0.22, 0.26),
        mouth_y=u(0.52, 0.6), mouth_width=u(0.3, 0.42), smile=u(0.0, 0.04),
    )  # fmt: skip
