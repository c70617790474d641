"""What a character looks like: proportions, colours, clothes, face, background and framing, all from one seed.

Lengths are fractions of the standing height.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from animate_anyone.data.procedural.colours import (
    DARK,
    FANTASY_SKINS,
    HAIR,
    HUMAN_SKINS,
    JOINTS,
    METALS,
    VIVID_HAIR,
    WHITE,
    Colour,
    apart,
    muted,
    shade,
    vivid,
)
from animate_anyone.data.procedural.seeds import generator

Kind = Literal["human", "cartoon", "robot"]
Sleeves = Literal["long", "short"]
Lower = Literal["trousers", "shorts", "skirt"]
PatternKind = Literal["plain", "stripes", "dots", "checks"]
Emblem = Literal["none", "disc", "star", "heart", "diamond"]
HairStyle = Literal["short", "bob", "long", "spiky", "bun", "ponytail", "afro", "bald"]
Hat = Literal["none", "cap", "beanie", "top_hat", "party"]
Backdrop = Literal["plain", "gradient", "stripes", "spots", "floor"]
Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """Lengths and radii as fractions of the standing height; `head` is a full height, `head_width` a full width."""

    head: float
    head_width: float
    neck: float
    torso: float
    shoulder: float
    hip: float
    waist: float
    upper_arm: float
    forearm: float
    hand: float
    thigh: float
    shin: float
    foot: float
    arm_radius: float
    leg_radius: float


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of everything.

    `left_sleeve` is the shirt's colour or, on some characters, one of its own. A robot's `skin` is its casing, its
    `shirt` the chest plate, its `hair` the joints and hands, its `hat` the lights.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    shirt_detail: Colour
    left_sleeve: Colour
    lower: Colour
    shoes: Colour
    hat: Colour
    iris: Colour
    outline: Colour
    background: Colour
    background_detail: Colour


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """What is worn. Pattern and emblem are on the shirt."""

    sleeves: Sleeves
    lower: Lower
    pattern: PatternKind
    pattern_period: float
    emblem: Emblem
    hair: HairStyle
    hat: Hat


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
    """A character. `outline` is the width of the dark contour (0: none), `shading` the strength of soft edges."""

    kind: Kind
    proportions: Proportions
    palette: Palette
    outfit: Outfit
    face: Face
    framing: Framing
    backdrop: Backdrop
    outline: float
    shading: float

    @property
    def covered_forearms(self) -> bool:
        """Whether the forearm shows sleeve rather than skin (a robot's shows its casing)."""
        return self.kind != "robot" and self.outfit.sleeves == "long"


def character_from_seed(seed: int) -> Character:
    """The character of a seed; the same seed always gives the same one.

    Raises:
        ValueError: The seed is negative.
    """
    rng = generator("character", seed)
    kind: Kind = _pick(rng, {"human": 0.45, "cartoon": 0.35, "robot": 0.20})
    outlined = rng.uniform() < (0.8 if kind == "cartoon" else 0.5)
    return Character(
        kind=kind,
        proportions=_proportions(rng, kind),
        palette=_palette(rng, kind),
        outfit=_outfit(rng, kind),
        face=_face(rng, kind),
        framing=Framing(
            half_body=bool(rng.uniform() < 0.28),
            fill=rng.uniform(0.88, 1.0),
            across=rng.uniform(0.3, 0.7),
            down=rng.uniform(0.2, 0.9),
        ),
        backdrop=_pick(rng, {"plain": 0.3, "gradient": 0.25, "stripes": 0.1, "spots": 0.1, "floor": 0.25}),
        outline=rng.uniform(0.007, 0.011) if outlined else 0.0,
        shading=rng.uniform(0.12, 0.28) if rng.uniform() < 0.6 else 0.0,
    )


def _pick(rng: np.random.Generator, weights: dict[Choice, float]) -> Choice:
    edges = np.cumsum(list(weights.values()))
    index = int(np.searchsorted(edges, rng.uniform() * edges[-1], side="right"))
    return list(weights)[index]


def _proportions(rng: np.random.Generator, kind: Kind) -> Proportions:
    u = rng.uniform
    if kind == "human":
        head, neck, leg_share = u(0.155, 0.185), u(0.025, 0.035), u(0.58, 0.62)
        head_width, shoulder, hip = head * u(0.74, 0.84), u(0.105, 0.135), u(0.055, 0.070)
        arm, arm_radius, leg_radius = u(0.32, 0.35), u(0.026, 0.034), u(0.042, 0.052)
    elif kind == "cartoon":
        head, neck, leg_share = u(0.30, 0.40), u(0.005, 0.012), u(0.48, 0.54)
        head_width, shoulder, hip = head * u(0.92, 1.12), u(0.095, 0.125), u(0.050, 0.065)
        arm, arm_radius, leg_radius = u(0.26, 0.30), u(0.032, 0.042), u(0.045, 0.055)
    else:
        head, neck, leg_share = u(0.15, 0.21), u(0.02, 0.03), u(0.52, 0.58)
        head_width, shoulder, hip = head * u(0.95, 1.25), u(0.130, 0.155), u(0.060, 0.075)
        arm, arm_radius, leg_radius = u(0.31, 0.34), u(0.030, 0.040), u(0.040, 0.052)
    trunk = 1 - head - neck
    leg, torso = trunk * leg_share, trunk * (1 - leg_share)
    foot_height = 0.035
    return Proportions(
        head=head,
        head_width=head_width,
        neck=neck,
        torso=torso,
        shoulder=shoulder,
        hip=hip,
        waist=(shoulder + hip) * u(0.46, 0.54),
        upper_arm=arm * 0.52,
        forearm=arm * 0.48,
        hand=u(0.075, 0.09) if kind == "human" else u(0.075, 0.095),
        thigh=(leg - foot_height) * 0.51,
        shin=(leg - foot_height) * 0.49,
        foot=u(0.11, 0.13),
        arm_radius=arm_radius,
        leg_radius=leg_radius,
    )


def _palette(rng: np.random.Generator, kind: Kind) -> Palette:
    skins = {"human": HUMAN_SKINS, "cartoon": HUMAN_SKINS * 2 + FANTASY_SKINS, "robot": METALS}[kind]
    skin = skins[rng.integers(len(skins))]
    background = apart([muted(rng) for _ in range(4)], [skin])
    if rng.uniform() < 0.25:
        background = shade(background, 0.45)

    def clothing(*others: Colour) -> Colour:
        return apart([vivid(rng) for _ in range(12)], [skin, background, *others])

    shirt = clothing() if rng.uniform() < 0.9 else apart([WHITE, shade(DARK, 1.3)], [skin, background])
    lower = clothing(shirt)
    if kind == "robot":
        hairs: tuple[Colour, ...] = JOINTS
    else:
        hairs = HAIR if kind == "human" and rng.uniform() < 0.85 else HAIR + VIVID_HAIR
    hair = apart([hairs[rng.integers(len(hairs))] for _ in range(3)], [skin, background])
    return Palette(
        skin=skin,
        hair=hair,
        shirt=shirt,
        shirt_detail=apart([WHITE, *(vivid(rng) for _ in range(3))], [shirt, lower]),
        left_sleeve=clothing(shirt, lower) if rng.uniform() < 0.15 else shirt,
        lower=lower,
        shoes=apart([vivid(rng), vivid(rng), WHITE, shade(DARK, 1.4)], [lower, background, skin]),
        hat=clothing(hair),
        iris=apart([vivid(rng), vivid(rng), (0.25, 0.14, 0.08)], [WHITE, skin]),
        outline=shade(DARK, rng.uniform(0.5, 1.15)),
        background=background,
        background_detail=shade(background, rng.uniform(0.78, 0.9) if rng.uniform() < 0.5 else rng.uniform(1.15, 1.5)),
    )


def _outfit(rng: np.random.Generator, kind: Kind) -> Outfit:
    hat: Hat = _pick(rng, {"none": 0.68, "cap": 0.11, "beanie": 0.11, "top_hat": 0.05, "party": 0.05})
    hair: HairStyle = _pick(
        rng,
        {"short": 0.24, "bob": 0.16, "long": 0.16, "spiky": 0.13,
         "bun": 0.08, "ponytail": 0.1, "afro": 0.07, "bald": 0.06},
    )  # fmt: skip
    pattern: PatternKind = _pick(rng, {"plain": 0.5, "stripes": 0.26, "dots": 0.12, "checks": 0.12})
    emblem: Emblem = _pick(rng, {"none": 0.4, "disc": 0.15, "star": 0.17, "heart": 0.15, "diamond": 0.13})
    return Outfit(
        sleeves=_pick(rng, {"long": 0.55, "short": 0.45}),
        lower=_pick(rng, {"trousers": 0.5, "shorts": 0.27, "skirt": 0.23}),
        pattern=pattern,
        pattern_period=rng.uniform(0.055, 0.085),
        emblem=emblem if pattern == "plain" or kind == "robot" else "none",
        hair="short" if hat != "none" and hair in ("spiky", "bun", "afro") else hair,
        hat="none" if kind == "robot" else hat,
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
