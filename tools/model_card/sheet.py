"""The sheet of examples: reference, poses, truth and result of the best, the median and the worst clip."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from animate_anyone.data.procchar import SIDE
from animate_anyone.evaluation.clip_sets import TrueClip
from animate_anyone.evaluation.evaluate import Evaluated
from animate_anyone.evaluation.systems import MODEL
from animate_anyone.media.size import Size
from animate_anyone.metrics.frames import Frames
from animate_anyone.pose.draw import STYLES, draw_pose

TIMES = (4, 15, 27, 42)
"""Frames that are shown."""
GROUND, INK = (24, 24, 24), (225, 225, 225)
HEADING = 22
BY = "psnr"


def strip(clip: TrueClip, result: Frames, *, style: str) -> Image.Image:
    """A row of poses, one of true frames and one of the result's, with the reference at the left."""
    sheet = Image.new("RGB", (SIDE * (1 + len(TIMES)), 3 * SIDE), GROUND)
    assert clip.reference is not None and clip.poses is not None
    sheet.paste(Image.fromarray(clip.reference), (0, 0))
    for row, name in ((1, "truth"), (2, "result")):
        _write(sheet, name, (SIDE // 2, row * SIDE + SIDE // 2))
    for column, time in enumerate(TIMES, start=1):
        pose = draw_pose(clip.poses[time], size=Size(SIDE, SIDE), style=STYLES[style])
        for row, picture in enumerate((pose, clip.frames[time], result[time])):
            sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (column * SIDE, row * SIDE))
    return sheet


def examples(measured: Evaluated) -> Image.Image:
    """The best, the median and the worst clip by PSNR, below each other under their titles."""
    evaluation = measured.evaluation
    scores = {clip: values[BY] or 0.0 for clip, values in evaluation.rows[MODEL].per_clip.items()}
    order = sorted(scores, key=lambda name: scores[name], reverse=True)
    chosen = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    strips: dict[str, Image.Image] = {}
    for title, name in chosen.items():
        clip = measured.test_set.clip(evaluation.clips.index(name))
        result = measured.videos.video(MODEL, clip)
        heading = f"{title}: {name}, PSNR {scores[name]:.1f} dB"
        strips[heading] = strip(clip, result, style=evaluation.settings["pose_style"])
    return stacked(strips)


def stacked(strips: Mapping[str, Image.Image]) -> Image.Image:
    """Strips below each other, each under its title."""
    height = sum(picture.height + HEADING for picture in strips.values())
    sheet = Image.new("RGB", (max(picture.width for picture in strips.values()), height), GROUND)
    top = 0
    for title, picture in strips.items():
        _write(sheet, title, (sheet.width // 2, top + HEADING // 2))
        sheet.paste(picture, (0, top + HEADING))
        top += picture.height + HEADING
    return sheet


def _write(sheet: Image.Image, text: str, middle: tuple[int, int]) -> None:
    ImageDraw.Draw(sheet).text(middle, text, fill=INK, font=ImageFont.load_default(size=14), anchor="mm")
