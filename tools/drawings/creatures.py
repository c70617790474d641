"""Not people: a cat in dungarees and a snowman, both upright."""

import numpy as np
from PIL import Image

from animate_anyone.media.size import Size
from drawings.canvas import Canvas, between, box, curve, disc, limb, limbs, moved
from drawings.drawing import Drawing, Joints, arm, beyond, leg

SIDES = ("right", "left")


def _sign(side: str) -> int:
    return -1 if side == "right" else 1


def _paint_cat(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#fbe7c6", "#f5d6a1"))
    canvas.fill(box(-4, 420, 390, 520), colour="#b4e0c6")
    for x, height in ((30, 90), (340, 120)):
        canvas.fill(limb((x, 430), (x, 430 - height), 5), colour="#4c9f70")
        for turn in range(0, 360, 72):
            angle = np.radians(turn)
            petal = (x + 20 * float(np.cos(angle)), 430 - height + 20 * float(np.sin(angle)))
            canvas.fill(disc(petal, 14), colour="#ff8fa3")
        canvas.fill(disc((x, 430 - height), 11), colour="#ffd166")
    fur, stripe, edge, denim = "#f39c4a", "#c96f22", "#5a2f12", "#3f6fb5"
    tail = curve([(236, 352), (300, 366), (334, 318), (318, 262)], closed=False)
    canvas.line(tail, colour=edge, width=32)
    canvas.line(tail, colour=fur, width=25)
    canvas.line(tail[-8:], colour="#fff3e0", width=25)
    for side in SIDES:
        ankle = at[f"{side}_ankle"]
        canvas.fill(disc(moved(ankle, 7 * _sign(side), 14), 29, 17), colour="#fff3e0", edge=edge, width=3.5)
        canvas.fill(*limbs(leg(at, side), [32, 27, 24]), colour=denim, edge="#223f6b", width=3.5)
        canvas.line([moved(ankle, -22, 0), moved(ankle, 22, 0)], colour="#8fb3e6", width=8)
        canvas.fill(*limbs(arm(at, side), [24, 21, 20]), colour=fur, edge=edge, width=3.5)
        elbow, wrist = arm(at, side)[1:]
        for share in (0.1, 0.5):
            place, tip = between(elbow, wrist, share), between(elbow, wrist, share + 0.1)
            across = (wrist[1] - elbow[1], elbow[0] - wrist[0])
            length = (across[0] ** 2 + across[1] ** 2) ** 0.5
            ends = [moved(place, k * across[0] / length, k * across[1] / length) for k in (-17, 17)]
            canvas.line([ends[0], tip, ends[1]], colour=stripe, width=7)
        canvas.fill(disc(beyond(arm(at, side), 12), 22), colour="#fff3e0", edge=edge, width=3.5)
    canvas.fill(curve([(148, 204), (192, 196), (236, 204), (248, 270), (242, 334), (142, 334), (136, 270)]),
                colour=fur, edge=edge, width=3.5)  # fmt: skip
    canvas.fill(curve([(158, 226), (226, 226), (246, 280), (246, 346), (138, 346), (138, 280)]), colour=denim,
                edge="#223f6b", width=3.5)  # fmt: skip
    canvas.fill(box(166, 262, 218, 302, radius=8), colour="#5a8bd0", edge="#223f6b", width=2)
    for side in SIDES:
        strap = [moved(at["neck"], 34 * _sign(side), 10), moved(at["neck"], 27 * _sign(side), 40)]
        canvas.line(strap, colour=denim, width=15)
        canvas.fill(disc(strap[1], 7), colour="#ffd166")
        x, y = at[f"{side}_ear"]
        ear = [(x - 34 * _sign(side), y + 6), (x + 8 * _sign(side), y - 40), (x + 24 * _sign(side), y + 36)]
        canvas.fill(ear, colour=fur, edge=edge, width=3.5)
        inner = between(between(ear[0], ear[1]), ear[2], 0.33)
        canvas.fill([between(corner, inner, 0.45) for corner in ear], colour="#ffb3a7")
    canvas.fill(disc((192, 128), 84, 70), colour=fur, edge=edge, width=3.5)
    for x in (168, 192, 216):
        canvas.line([(x, 62 if x == 192 else 66), (192 + (x - 192) * 0.8, 88)], colour=stripe, width=9)
    canvas.fill(disc((192, 162), 42, 28), colour="#fff3e0")
    for side in SIDES:
        eye = at[f"{side}_eye"]
        canvas.fill(disc(eye, 15, 18), colour="#d8f2a0", edge=edge, width=3)
        canvas.fill(disc(eye, 6, 15), colour="#1e1a16")
        for y in (-8, 4):
            canvas.line([(192 + 46 * _sign(side), 162 + y), (192 + 92 * _sign(side), 158 + 2 * y)], colour=edge,
                        width=3)  # fmt: skip
    canvas.fill([(182, 148), (202, 148), (192, 160)], colour="#e5626a", edge=edge, width=2)
    canvas.line(curve([(172, 166), (182, 174), (192, 162), (202, 174), (212, 166)], closed=False), colour=edge, width=4)
    return canvas.finish()


def _paint_snowman(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#1d3a66", "#5c86b8"))
    for x, size in ((54, 1.0), (336, 1.2), (120, 0.6)):
        for level in range(3):
            top, half = 410 - size * (150 - 46 * level), size * (26 + 16 * level)
            canvas.fill([(x, top), (x + half, top + size * 70), (x - half, top + size * 70)], colour="#2f6b5a")
    canvas.fill(curve([(-60, 430), (100, 400), (260, 420), (440, 395), (440, 560), (-60, 560)]), colour="#e4eef8")
    snow, shade = "#ffffff", "#b3c6dd"
    wood = "#6b4226"
    for side in SIDES:
        sign = _sign(side)
        canvas.fill(*limbs(leg(at, side), [33, 30, 28]), colour="#f2f7fc", edge=shade, width=3)
        ankle = at[f"{side}_ankle"]
        canvas.fill(limb(moved(ankle, 0, -14), moved(ankle, 0, 8), 29), limb(moved(ankle, 0, 14),
                    moved(ankle, 20 * sign, 16), 17), colour="#222b3a")  # fmt: skip
        canvas.fill(limb(moved(ankle, -25, -28), moved(ankle, 25, -28), 7), colour="#d8303a")
        canvas.line([*arm(at, side), beyond(arm(at, side), 12)], colour=wood, width=15)
        mitten = beyond(arm(at, side), 16)
        canvas.fill(disc(mitten, 22), disc(moved(mitten, -17 * sign, -12), 10), colour="#d8303a", edge="#8f1b26",
                    width=3)  # fmt: skip
    canvas.fill(disc((192, 300), 82, 80), colour=snow, edge=shade, width=3)
    canvas.fill(disc((192, 222), 64, 58), colour=snow, edge=shade, width=3)
    canvas.glow(disc((218, 318), 44, 50), colour="#c2d3e8", blur=12, strength=0.6)
    for side in SIDES:
        canvas.line([at[f"{side}_shoulder"], at[f"{side}_elbow"]], colour=wood, width=15)
    for y in (244, 288, 332):
        canvas.fill(disc((192, y), 10), colour="#222b3a")
    canvas.fill(disc(moved(at["nose"], 0, -6), 56, 54), colour=snow, edge=shade, width=3)
    canvas.fill(limb((150, 178), (234, 178), 14), colour="#2f9e6a")
    canvas.fill(limb((224, 182), (240, 250), 13, 15), colour="#2f9e6a")
    for y in (204, 228):
        canvas.line([(214, y + 2), (250, y - 4)], colour="#ffe08a", width=6)
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 8, 9), colour="#222b3a")
    canvas.fill([(188, 118), (188, 136), (238, 134)], colour="#f2852b")
    for x, y in ((164, 144), (178, 152), (194, 155), (210, 151), (222, 143)):
        canvas.fill(disc((x, y), 4), colour="#222b3a")
    canvas.fill(box(148, 16, 236, 82, radius=6), colour="#222b3a")
    canvas.fill(box(148, 58, 236, 76), colour="#d8303a")
    canvas.fill(limb((126, 84), (258, 84), 9), colour="#222b3a")
    rng = np.random.default_rng(5)
    for x, y, size in rng.uniform((0, 0, 2), (384, 400, 4.5), size=(40, 3)).tolist():
        if abs(x - 192) > 150 or y < 12:
            canvas.fill(disc((x, y), size), colour="#ffffff")
    return canvas.finish()


CAT = Drawing(
    name="cat in dungarees",
    size=Size(384, 512),
    joints={
        "nose": (192, 152), "neck": (192, 202), "right_shoulder": (158, 220), "left_shoulder": (226, 220),
        "right_elbow": (112, 262), "right_wrist": (74, 306), "left_elbow": (272, 262), "left_wrist": (310, 306),
        "right_hip": (166, 338), "right_knee": (160, 396), "right_ankle": (156, 456),
        "left_hip": (218, 338), "left_knee": (224, 396), "left_ankle": (228, 456),
        "right_eye": (158, 122), "left_eye": (226, 122), "right_ear": (130, 74), "left_ear": (254, 74),
    },
    paint=_paint_cat,
)  # fmt: skip

SNOWMAN = Drawing(
    name="snowman",
    size=Size(384, 512),
    joints={
        "nose": (192, 128), "neck": (192, 178), "right_shoulder": (138, 212), "left_shoulder": (246, 212),
        "right_elbow": (88, 240), "right_wrist": (44, 206), "left_elbow": (296, 240), "left_wrist": (340, 206),
        "right_hip": (160, 364), "right_knee": (154, 412), "right_ankle": (150, 456),
        "left_hip": (224, 364), "left_knee": (230, 412), "left_ankle": (234, 456),
        "right_eye": (172, 112), "left_eye": (212, 112), "right_ear": (140, 122), "left_ear": (244, 122),
    },
    paint=_paint_snowman,
)  # fmt: skip
