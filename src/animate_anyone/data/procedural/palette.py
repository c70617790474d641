"""The colours of a character and of what is behind it, picked so that neighbours stand apart."""

from dataclasses import dataclass

import numpy as np

from animate_anyone.data.procedural.colours import (
    DARK,
    FANTASY_SKINS,
    HAIR,
    HUMAN_SKINS,
    JOINTS,
    LEATHER,
    METALS,
    VIVID_HAIR,
    WHITE,
    Colour,
    apart,
    fabric,
    mix,
    muted,
    shade,
    vivid,
)
from animate_anyone.data.procedural.proportions import Kind


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of everything.

    `left_sleeve` is the shirt's colour or, on some characters, one of its own. `coat` is the colour of whatever is
    worn over the shirt, `accent` that of neckwear and other small things. A robot's `skin` is its casing, its
    `shirt` the chest plate, its `hair` the joints and hands, its `hat` the lights.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    shirt_detail: Colour
    left_sleeve: Colour
    coat: Colour
    lower: Colour
    lower_detail: Colour
    accent: Colour
    leather: Colour
    bag: Colour
    socks: Colour
    gloves: Colour
    shoes: Colour
    hat: Colour
    iris: Colour
    outline: Colour
    background: Colour
    background_detail: Colour


def draw_palette(rng: np.random.Generator, kind: Kind) -> Palette:
    """Colours for a character of a kind."""
    skins = {"human": HUMAN_SKINS, "cartoon": HUMAN_SKINS * 2 + FANTASY_SKINS, "robot": METALS}[kind]
    skin = skins[rng.integers(len(skins))]
    background = apart([muted(rng) for _ in range(4)], [skin])
    if rng.uniform() < 0.25:
        background = shade(background, 0.45)

    def clothing(*others: Colour) -> Colour:
        return apart([fabric(rng) for _ in range(14)], [skin, background, *others])

    shirt = clothing()
    lower = clothing(shirt)
    coat = clothing(shirt, lower)
    if kind == "robot":
        hairs: tuple[Colour, ...] = JOINTS
    else:
        hairs = HAIR if kind == "human" and rng.uniform() < 0.85 else HAIR + VIVID_HAIR
    hair = apart([hairs[rng.integers(len(hairs))] for _ in range(3)], [skin, background])
    leather = apart([LEATHER[rng.integers(len(LEATHER))] for _ in range(4)], [lower, shirt])
    outline = shade(DARK, rng.uniform(0.5, 1.15))
    if rng.uniform() < 0.3:
        # A contour in a deep shade of the clothes, as in coloured line art.
        outline = mix(shade(shirt, 0.35), DARK, 0.35)
    return Palette(
        skin=skin,
        hair=hair,
        shirt=shirt,
        shirt_detail=apart([WHITE, *(fabric(rng) for _ in range(3))], [shirt, lower]),
        left_sleeve=clothing(shirt, lower) if rng.uniform() < 0.12 else shirt,
        coat=coat,
        lower=lower,
        lower_detail=apart([fabric(rng), WHITE, shade(lower, 0.6), shade(lower, 1.6)], [lower]),
        accent=apart([vivid(rng) for _ in range(6)], [shirt, coat, skin]),
        leather=leather,
        bag=leather if rng.uniform() < 0.4 else clothing(shirt, coat),
        socks=apart([WHITE, fabric(rng), fabric(rng)], [skin, lower]),
        gloves=apart([fabric(rng), WHITE, shade(DARK, 1.6)], [skin, shirt, background]),
        shoes=apart([fabric(rng), leather, WHITE, shade(DARK, 1.4)], [lower, background, skin]),
        hat=vivid(rng) if kind == "robot" else clothing(hair),
        iris=apart([vivid(rng), vivid(rng), (0.25, 0.14, 0.08)], [WHITE, skin]),
        outline=outline,
        background=background,
        background_detail=shade(background, rng.uniform(0.78, 0.9) if rng.uniform() < 0.5 else rng.uniform(1.15, 1.5)),
    )
