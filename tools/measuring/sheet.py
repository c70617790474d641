"""The sheet of examples: reference, poses, truth and result of the best, the median and the worst clip."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from animate_anyone.data.procchar import SIDE, ProcCharClip
from animate_anyone.media.size import Size
from animate_anyone.metrics.frames import Frames
from animate_anyone.pose.draw import STYLES, draw_pose

TIMES = (4, 15, 27, 42)
"""Frames that are shown."""
GROUND, INK = (24, 24, 24), (225, 225, 225)
HEADING = 22


def strip(clip: ProcCharClip, result: Frames, *, style: str) -> Image.Image:
    """A row of poses, one of true frames and one of the result's, with the reference at the left."""
    sheet = Image.new("RGB", (SIDE * (1 + len(TIMES)), 3 * SIDE), GROUND)
    sheet.paste(Image.fromarray(clip.reference), (0, 0))
    for row, name in ((1, "truth"), (2, "result")):
        _write(sheet, name, (SIDE // 2, row * SIDE + SIDE // 2))
    for column, time in enumerate(TIMES, start=1):
        pose = draw_pose(clip.poses[time], size=Size(SIDE, SIDE), style=STYLES[style])
        for row, picture in enumerate((pose, clip.frames[time], result[time])):
            sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (column * SIDE, row * SIDE))
    return sheet


def stacked(strips: dict[str, Path]) -> Image.Image:
    """Saved strips below each other, each under its title."""
    pictures = {title: Image.open(path) for title, path in strips.items()}
    sizes = [picture.size for picture in pictures.values()]
    height = sum(size[1] + HEADING for size in sizes)
    sheet = Image.new("RGB", (max(size[0] for size in sizes), height), GROUND)
    top = 0
    for title, picture in pictures.items():
        _write(sheet, title, (sheet.width // 2, top + HEADING // 2))
        sheet.paste(picture, (0, top + HEADING))
        top += picture.height + HEADING
    return sheet


def _write(sheet: Image.Image, text: str, middle: tuple[int, int]) -> None:
    ImageDraw.Draw(sheet).text(middle, text, fill=INK, font=ImageFont.load_default(size=14), anchor="mm")
