"""Pictures side by side under their names, to compare them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from animate_anyone.media.size import Size

GROUND = (24, 24, 24)
INK = (225, 225, 225)


def side_by_side(
    pictures: Mapping[str, UInt8[np.ndarray, "_ _ 3"]], *, size: Size
) -> UInt8[np.ndarray, "height width 3"]:
    """The pictures in a row, each scaled to `size` (Lanczos), with its name in a strip above it.

    Args:
        pictures: RGB pictures of any size by name, from left to right.
        size: what each is shown at; even sides give a picture of even sides.
    """
    strip = 2 * max(8, size.height // 24)
    font = ImageFont.load_default(size=0.6 * strip)
    sheet = Image.new("RGB", (size.width * len(pictures), size.height + strip), GROUND)
    draw = ImageDraw.Draw(sheet)
    for place, (name, picture) in enumerate(pictures.items()):
        left = place * size.width
        image = Image.fromarray(picture)
        if image.size != (size.width, size.height):
            image = image.resize((size.width, size.height), Image.Resampling.LANCZOS)
        sheet.paste(image, (left, strip))
        draw.text((left + size.width / 2, strip / 2), name, fill=INK, font=font, anchor="mm")
    return np.asarray(sheet)
