"""Cards side by side as a frame of a video: each a large picture under a row of small ones with their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from animate_anyone.media.panels import GROUND, INK

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is shown of one thing; RGB pictures of any size, all of one aspect ratio."""

    large: Picture
    small: Mapping[str, Picture]
    """By name, from left to right."""


def lay_out(cards: Sequence[Card], *, width: int) -> UInt8[np.ndarray, "height width 3"]:
    """The cards from left to right on a dark ground, with equal margins and gaps.

    Args:
        cards: at least one, all with the same aspect ratio and number of small pictures.
        width: of the whole, an even number of pixels; the height follows, and is even as well.
    """
    gap = max(2, width // 80)
    column = (width - gap * (len(cards) + 1)) // len(cards)
    count = max(len(card.small) for card in cards)
    across = (column - gap * (count - 1)) // count
    height, breadth = cards[0].large.shape[:2]
    down, tall = round(across * height / breadth), round(column * height / breadth)
    strip = 2 * max(5, width // 96)

    total = gap + strip + down + gap + tall + gap
    sheet = Image.new("RGB", (width, total + total % 2), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=0.75 * strip)
    # What the division leaves over goes to both sides.
    start = (width - gap * (len(cards) - 1) - column * len(cards)) // 2
    for place, card in enumerate(cards):
        left = start + place * (column + gap)
        for index, (name, picture) in enumerate(card.small.items()):
            x = left + index * (across + gap)
            draw.text((x + across / 2, gap + strip / 2 - 1), name, fill=INK, font=font, anchor="mm")
            sheet.paste(_scaled(picture, across, down), (x, gap + strip))
        sheet.paste(_scaled(card.large, column, tall), (left, gap + strip + down + gap))
    return np.asarray(sheet)


def _scaled(picture: Picture, width: int, height: int) -> Image.Image:
    return Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
