"""What a character wears and carries, from a generator."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from animate_anyone.data.procedural.choices import pick
from animate_anyone.data.procedural.emblems import EMBLEMS, Emblem
from animate_anyone.data.procedural.lettering import ALPHABET
from animate_anyone.data.procedural.patterns import PatternKind
from animate_anyone.data.procedural.proportions import Kind

Sleeves = Literal["none", "short", "rolled", "long"]
Collar = Literal["none", "round", "polo", "turtleneck"]
Layer = Literal["none", "vest", "hoodie", "jacket", "open coat", "closed coat"]
Lower = Literal["trousers", "wide trousers", "shorts", "skirt", "dress"]
LegTrim = Literal["none", "side stripe", "knee patches", "turn-ups"]
Neckwear = Literal["none", "scarf", "tie", "bow tie", "necklace"]
Footwear = Literal["shoes", "sneakers", "boots", "heels", "bare"]
Bag = Literal["none", "shoulder", "backpack", "handbag"]
HairStyle = Literal["short", "bob", "long", "spiky", "bun", "ponytail", "afro", "bald"]
Hat = Literal["none", "cap", "beanie", "top_hat", "party"]
Plate = Literal["panel", "core", "ribs", "bolts", "stripe"]
Casing = Literal["box", "round", "dome", "wedge"]


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """What is worn.

    `layer` is worn over the shirt. `skirt_length` and `coat_length` say how far down the legs the hem is: 1 is the
    knee, 2 the ankle. `pattern` is the shirt's; emblem and `text` are on the chest, `pattern_period` in units. `plate`
    and `casing` are a robot's chest and head.
    """

    sleeves: Sleeves
    cuffs: bool
    collar: Collar
    layer: Layer
    coat_length: float
    lower: Lower
    skirt_length: float
    pleats: bool
    leg_trim: LegTrim
    pattern: PatternKind
    pattern_period: float
    lower_pattern: PatternKind
    emblem: Emblem
    text: str
    neckwear: Neckwear
    belt: bool
    buttons: bool
    pockets: bool
    footwear: Footwear
    socks: bool
    gloves: bool
    bag: Bag
    hair: HairStyle
    hat: Hat
    plate: Plate
    casing: Casing


def draw_outfit(rng: np.random.Generator, kind: Kind) -> Outfit:
    """An outfit for a character of a kind."""

    def chance(share: float) -> bool:
        return bool(rng.uniform() < share)

    layer: Layer = pick(
        rng,
        {"none": 0.48, "vest": 0.1, "hoodie": 0.12, "jacket": 0.12, "open coat": 0.09, "closed coat": 0.09},
    )  # fmt: skip
    pattern = _pattern(rng, plain=0.42)
    emblem, text = _mark(rng)
    if kind == "robot":
        layer = "none"
        pattern = "plain" if chance(0.7) else pattern
    marked = kind == "robot" or (pattern in ("plain", "halves", "gradient") and layer in ("none", "hoodie"))
    if not marked:
        emblem, text = "none", ""
    lower: Lower = pick(
        rng, {"trousers": 0.34, "wide trousers": 0.14, "shorts": 0.2, "skirt": 0.2, "dress": 0.12}
    )  # fmt: skip
    if lower == "dress" and layer in ("hoodie", "closed coat"):
        lower = "skirt"
    hat: Hat = pick(rng, {"none": 0.68, "cap": 0.11, "beanie": 0.11, "top_hat": 0.05, "party": 0.05})
    hair: HairStyle = pick(
        rng,
        {"short": 0.24, "bob": 0.16, "long": 0.16, "spiky": 0.13,
         "bun": 0.08, "ponytail": 0.1, "afro": 0.07, "bald": 0.06},
    )  # fmt: skip
    neckwear: Neckwear = pick(rng, {"none": 0.62, "scarf": 0.14, "tie": 0.1, "bow tie": 0.08, "necklace": 0.06})
    if neckwear == "tie" and (layer in ("hoodie", "closed coat") or (marked and (emblem != "none" or text))):
        neckwear = "bow tie"
    footwear: Footwear = pick(rng, {"shoes": 0.28, "sneakers": 0.28, "boots": 0.24, "heels": 0.08, "bare": 0.12})
    return Outfit(
        sleeves=pick(rng, {"none": 0.14, "short": 0.3, "rolled": 0.14, "long": 0.42}),
        cuffs=chance(0.35),
        collar=pick(rng, {"none": 0.35, "round": 0.25, "polo": 0.25, "turtleneck": 0.15}),
        layer=layer,
        coat_length=rng.uniform(0.45, 1.15),
        lower=lower,
        skirt_length=rng.uniform(0.55, 1.0) if chance(0.7) else rng.uniform(1.2, 1.65),
        pleats=chance(0.35),
        leg_trim=pick(rng, {"none": 0.5, "side stripe": 0.2, "knee patches": 0.15, "turn-ups": 0.15}),
        pattern=pattern,
        pattern_period=rng.uniform(0.055, 0.085),
        lower_pattern=_pattern(rng, plain=0.72),
        emblem=emblem,
        text=text,
        neckwear=neckwear if kind != "robot" or chance(0.3) else "none",
        belt=chance(0.3),
        buttons=chance(0.4),
        pockets=chance(0.3),
        footwear=footwear,
        socks=chance(0.5),
        gloves=chance(0.13),
        bag=pick(rng, {"none": 0.66, "shoulder": 0.12, "backpack": 0.13, "handbag": 0.09}),
        hair="short" if hat != "none" and hair in ("spiky", "bun", "afro") else hair,
        hat="none" if kind == "robot" else hat,
        plate=pick(rng, {"panel": 0.4, "core": 0.2, "ribs": 0.15, "bolts": 0.15, "stripe": 0.1}),
        casing=pick(rng, {"box": 0.35, "round": 0.25, "dome": 0.2, "wedge": 0.2}),
    )


def _pattern(rng: np.random.Generator, *, plain: float) -> PatternKind:
    return pick(
        rng,
        {"plain": plain / (1 - plain), "stripes": 0.24, "columns": 0.1, "dots": 0.14, "checks": 0.1, "plaid": 0.12,
         "chevrons": 0.08, "diamonds": 0.08, "gradient": 0.07, "halves": 0.07},
    )  # fmt: skip


def _mark(rng: np.random.Generator) -> tuple[Emblem, str]:
    """An emblem, a number or a word of up to three letters for the chest, or none of them."""
    mark = pick(rng, {"none": 0.3, "emblem": 0.42, "number": 0.18, "word": 0.1})
    if mark == "emblem":
        return EMBLEMS[rng.integers(len(EMBLEMS))], ""
    if mark == "number":
        return "none", str(rng.integers(1, 100))
    letters = [ALPHABET[rng.integers(len(ALPHABET))] for _ in range(int(rng.integers(1, 4)))]
    return "none", "".join(letters) if mark == "word" else ""
