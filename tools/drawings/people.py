"""People: an anime girl, a flat illustration, a ballet dancer, and, to the hips, a superhero and a business man."""

from PIL import Image

from animate_anyone.media.size import Size
from drawings.canvas import Canvas, between, box, curve, disc, limb, limbs, moved, star
from drawings.drawing import Drawing, Joints, arm, beyond, leg

SIDES = ("right", "left")


def _sign(side: str) -> int:
    return -1 if side == "right" else 1


def _paint_chibi(at: Joints) -> Image.Image:
    canvas = Canvas(512, 512, ground=("#fff0f6", "#ffd6e7"))
    for x, y, size in ((70, 80, 26), (446, 60, 20), (60, 330, 18), (452, 300, 28)):
        canvas.fill(star((x, y), size, size * 0.45), colour="#ffffff")
    ink, skin, hair, navy = "#4a2b3a", "#ffe3d0", "#8f6bff", "#2d3f8f"
    line = 3.5
    for side in SIDES:
        sign = _sign(side)
        tail = curve([(256 + sign * 96, 92), (256 + sign * 176, 130), (256 + sign * 184, 250), (256 + sign * 146, 318),
                      (256 + sign * 142, 220), (256 + sign * 110, 150)])  # fmt: skip
        canvas.fill(tail, colour=hair, edge=ink, width=line)
        canvas.fill(*limbs(leg(at, side), [24, 21, 18]), colour=skin, edge=ink, width=line)
        knee, ankle = leg(at, side)[1:]
        canvas.fill(limb(between(knee, ankle, 0.35), ankle, 20, 18), colour="#ffffff", edge=ink, width=line)
        shoe = disc(moved(ankle, 4 * sign, 12), 28, 17)
        canvas.fill(shoe, colour="#b03a5b", edge=ink, width=line)
        canvas.fill(disc(beyond(arm(at, side), 12), 17), colour=skin, edge=ink, width=line)
        canvas.fill(*limbs(arm(at, side), [20, 20, 19]), colour="#ffffff", edge=ink, width=line)
        canvas.fill(limb(between(*arm(at, side)[1:], 0.85), at[f"{side}_wrist"], 20), colour=navy)
    canvas.fill(
        curve([(216, 280), (296, 280), (308, 330), (314, 372), (198, 372), (204, 330)]),
        colour="#ffffff", edge=ink, width=line,
    )  # fmt: skip
    skirt = [(206, 346), (306, 346), (346, 410), (300, 418), (256, 412), (212, 418), (166, 410)]
    canvas.fill(skirt, colour=navy, edge=ink, width=line)
    for x in (210, 256, 302):
        canvas.line([(256 + (x - 256) * 0.6, 352), (x, 408)], colour="#1d2c6b", width=4)
    canvas.fill([(212, 276), (300, 276), (282, 318), (256, 304), (230, 318)], colour=navy, edge=ink, width=line)
    canvas.fill([(256, 306), (226, 326), (232, 348), (256, 318), (280, 348), (286, 326)], colour="#ff4f7b",
                edge=ink, width=2.5)  # fmt: skip
    # Head.
    canvas.fill(disc((256, 166), 124, 112), colour=hair, edge=ink, width=line)
    canvas.fill(curve([(150, 170), (160, 226), (214, 272), (256, 280), (298, 272), (352, 226), (362, 170), (256, 96)]),
                colour=skin, edge=ink, width=line)  # fmt: skip
    fringe = [(134, 214), (140, 116), (206, 68), (256, 62), (306, 68), (372, 116), (378, 214), (356, 206), (344, 138),
              (312, 156), (284, 118), (256, 152), (228, 118), (200, 156), (168, 138), (156, 206)]  # fmt: skip
    canvas.fill(fringe, colour=hair, edge=ink, width=2.5)
    canvas.fill(curve([(176, 104), (256, 78), (336, 104), (256, 94)]), colour="#c0aaff")
    for side in SIDES:
        sign, (x, y) = _sign(side), at[f"{side}_eye"]
        canvas.fill(disc((x, y), 22, 28), colour="#ffffff", edge=ink, width=2)
        canvas.fill(disc((x, y + 2), 18, 25), colour="#2f8f7f")
        canvas.fill(disc((x, y + 4), 9, 14), colour="#123b3b")
        canvas.fill(disc((x - 6, y - 9), 7), colour="#ffffff")
        canvas.line(disc((x, y + 2), 25, 31)[39:70], colour=ink, width=6)
        canvas.glow(disc((x + 12 * sign, y + 40), 20, 11), colour="#ff8aa0", blur=4, strength=0.8)
        canvas.fill(disc((256 + sign * 108, 100), 16), colour="#ff4f7b", edge=ink, width=2.5)
    canvas.line(curve([(242, 256), (256, 263), (270, 256)], closed=False), colour="#b0415a", width=5)
    return canvas.finish()


def _paint_flat(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground="#eef1fb")
    canvas.fill(disc((204, 270), 176, 190), colour="#d9e0fa")
    canvas.fill(disc((192, 484), 150, 13), colour="#b9c4ee")
    for x, y, turn in ((58, 400, -20), (40, 430, -60), (76, 430, 20)):
        canvas.fill(disc((x, y), 15, 50, turn=turn), colour="#2fae8f")
    canvas.fill(box(34, 446, 84, 486, radius=6), colour="#e07a5f")
    skin, dark = "#8d4f3a", "#20264d"
    canvas.fill(*limbs(leg(at, "left"), [34, 30, 17]), colour="#3b4cca")
    canvas.fill(*limbs(leg(at, "right"), [34, 30, 17]), colour="#4a5be0")
    for side in SIDES:
        ankle, sign = at[f"{side}_ankle"], _sign(side)
        canvas.fill(limb(moved(ankle, 0, 6), moved(ankle, 34 * sign, 12), 11, 9), colour="#ffffff")
        canvas.fill(limb(moved(ankle, 0, 15), moved(ankle, 36 * sign, 18), 5), colour=dark)
    canvas.fill(limb(beyond(arm(at, "left"), -6), beyond(arm(at, "left"), 20), 13, 15), colour=skin)
    canvas.fill(limb(beyond(arm(at, "right"), -6), beyond(arm(at, "right"), 10), 13, 15), colour=skin)
    canvas.fill(*limbs(arm(at, "left"), [29, 24, 17]), colour="#ee8a1d")
    canvas.fill(curve([(146, 158), (192, 142), (240, 158), (248, 220), (240, 296), (144, 296), (138, 220)]),
                colour="#ff9f2e")  # fmt: skip
    canvas.fill(*limbs(arm(at, "right"), [29, 24, 17]), colour="#ffb04f")
    canvas.fill(limb(moved(at["neck"], 0, -34), moved(at["neck"], 0, 6), 15, 19), colour="#7a4230")
    canvas.fill(disc(moved(at["nose"], -2, -2), 32, 37), colour=skin)
    hair = [(160, 88), (160, 52), (186, 36), (222, 42), (236, 66), (250, 122), (228, 130), (224, 82), (196, 64)]
    canvas.fill(curve(hair), colour=dark)
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 3.5), colour=dark)
    canvas.line(curve([(182, 104), (193, 110), (204, 104)], closed=False), colour="#ffffff", width=4)
    return canvas.finish()


def _paint_dancer(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#3a2a5c", "#6b4a86"))
    canvas.glow([(150, 0), (234, 0), (352, 480), (32, 480)], colour="#ffe9f2", blur=16, strength=0.35)
    canvas.fill(disc((192, 476), 170, 26), colour="#8f6aa8")
    skin, pink, shade = "#f7cdb0", "#ffb3cf", "#ff8fb7"
    for side in SIDES:
        canvas.fill(*limbs(leg(at, side), [23, 17, 12]), colour="#ffe4ee")
        canvas.fill(limb(at[f"{side}_ankle"], beyond(leg(at, side), 28), 12, 6), colour=shade)
        canvas.line([between(*leg(at, side)[1:], 0.72), at[f"{side}_ankle"]], colour=shade, width=4)
        canvas.fill(*limbs(arm(at, side), [14, 12, 9]), colour=skin)
        canvas.fill(limb(at[f"{side}_wrist"], beyond(arm(at, side), 20), 9, 6), colour=skin)
    canvas.fill(limb(moved(at["neck"], 0, -30), at["neck"], 12, 15), colour="#e8b596")
    canvas.fill(curve([(160, 164), (192, 178), (224, 164), (226, 200), (214, 252), (170, 252), (158, 200)]),
                colour=shade)  # fmt: skip
    tutu = [(172, 240), (212, 240), (268, 262), (312, 296), (272, 300), (232, 312), (192, 304), (152, 312), (112, 300),
            (72, 296), (116, 262)]  # fmt: skip
    canvas.fill(curve(tutu), colour=pink)
    canvas.fill(curve([(176, 242), (208, 242), (250, 266), (276, 284), (192, 290), (108, 284), (134, 266)]),
                colour="#ffd3e3")  # fmt: skip
    for x in (128, 160, 192, 224, 256):
        canvas.line([(192 + (x - 192) * 0.3, 246), (x, 286)], colour=pink, width=3)
    canvas.fill(disc(moved(at["nose"], 0, -60), 18), colour="#3b2020")
    canvas.fill(disc(moved(at["nose"], 0, -10), 36, 40), colour="#3b2020")
    canvas.fill(disc(moved(at["nose"], 0, 0), 29, 34), colour=skin)
    canvas.fill(curve([(160, 100), (168, 74), (192, 66), (216, 74), (224, 100), (192, 82)]), colour="#3b2020")
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 4, 4.5), colour="#3b2020")
        canvas.glow(disc(moved(at[f"{side}_eye"], 4 * _sign(side), 15), 7), colour="#ff7f9f", blur=2, strength=0.7)
    canvas.line(curve([(184, 126), (192, 130), (200, 126)], closed=False), colour="#c0304f", width=4)
    canvas.fill(star(moved(at["nose"], 0, -42), 10, 4), colour="#ffe27a")
    return canvas.finish()


def _paint_superhero(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground="#ffe14d")
    for row, y in enumerate(range(0, 530, 22)):
        for x in range(0, 400, 22):
            canvas.fill(disc((x + 11 * (row % 2), y), 1.5 + 7 * y / 512), colour="#ffb02e")
    ink, red, blue, gold, skin = "#141414", "#d7263d", "#1b4fd1", "#ffd23f", "#f2b98c"
    line = 6
    cape = [(116, 178), (268, 178), (330, 300), (372, 520), (12, 520), (54, 300)]
    canvas.fill(curve(cape), colour=red, edge=ink, width=line)
    for x in (70, 120, 264, 314):
        canvas.line([(192 + (x - 192) * 0.8, 300), (x, 520)], colour="#9e1529", width=7)
    for side in SIDES:
        hip, below = at[f"{side}_hip"], moved(at[f"{side}_hip"], 8 * _sign(side), 120)
        canvas.fill(limb(hip, below, 50, 46), colour=blue, edge=ink, width=line)
    trunk = [(108, 186), (192, 172), (276, 186), (270, 260), (244, 330), (250, 400), (134, 400), (140, 330), (114, 260)]
    canvas.fill(curve(trunk), colour=blue, edge=ink, width=line)
    canvas.fill(curve([(136, 396), (248, 396), (246, 436), (192, 476), (138, 436)]), colour=red, edge=ink, width=line)
    canvas.fill(box(134, 384, 250, 408, radius=6), colour=gold, edge=ink, width=4)
    for side in SIDES:
        canvas.fill(*limbs(arm(at, side), [42, 33, 27]), colour=blue, edge=ink, width=line)
        canvas.fill(limb(between(*arm(at, side)[1:], 0.5), at[f"{side}_wrist"], 33, 28), colour=gold, edge=ink, width=4)
        canvas.fill(disc(beyond(arm(at, side), 14), 29), colour=gold, edge=ink, width=line)
    canvas.fill(disc((192, 258), 45), colour=gold, edge=ink, width=4)
    canvas.fill(star((192, 262), 38, 16), colour=red)
    canvas.fill(limb((192, 140), (192, 170), 30, 36), colour=skin, edge=ink, width=line)
    head = [(138, 80), (192, 36), (246, 80), (242, 130), (218, 162), (192, 170), (166, 162), (142, 130)]
    canvas.fill(curve(head), colour=skin, edge=ink, width=line)
    canvas.fill(curve([(134, 92), (138, 46), (192, 24), (246, 46), (250, 92), (230, 70), (192, 76), (166, 66)]),
                colour="#2b1a12", edge=ink, width=3)  # fmt: skip
    canvas.fill(curve([(140, 90), (192, 96), (244, 90), (242, 116), (214, 120), (192, 108), (170, 120), (142, 116)]),
                colour=ink)  # fmt: skip
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 12, 7, turn=12 * _sign(side) * -1), colour="#ffffff")
    canvas.line(curve([(172, 144), (196, 150), (214, 140)], closed=False), colour="#8f2f25", width=6)
    return canvas.finish()


def _paint_business_man(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#f2c48d", "#e58f6b"))
    # A skyline at dusk.
    for left, top, right in ((-4, 250, 60), (52, 190, 100), (96, 280, 150), (240, 230, 296), (290, 170, 340),
                             (334, 260, 390)):  # fmt: skip
        canvas.fill(box(left, top, right, 520), colour="#cf6f5c")
    suit, dark, skin = "#23355c", "#1a2746", "#f5d3b0"
    for side in SIDES:
        canvas.fill(limb(beyond(arm(at, side), 0), beyond(arm(at, side), 18), 20, 22), colour=skin)
        canvas.fill(limb(beyond(arm(at, side), -18), beyond(arm(at, side), -2), 25, 24), colour="#ffffff")
        canvas.fill(limb(at[f"{side}_hip"], moved(at[f"{side}_hip"], 0, 120), 58), colour=dark)
    trunk = [(96, 218), (150, 192), (192, 186), (234, 192), (288, 218), (278, 320), (270, 452), (114, 452), (106, 320)]
    canvas.fill(curve(trunk), colour=suit)
    for side in SIDES:
        canvas.fill(*limbs([*arm(at, side)[:2], between(*arm(at, side)[1:], 0.86)], [42, 34, 28]), colour=dark)
    canvas.fill([(158, 188), (226, 188), (192, 320)], colour="#ffffff")
    canvas.fill([(182, 200), (202, 200), (210, 290), (192, 318), (174, 290)], colour="#d8402f")
    canvas.fill([(158, 184), (140, 236), (190, 330)], colour=dark)
    canvas.fill([(226, 184), (244, 236), (194, 330)], colour=dark)
    for y in (348, 386):
        canvas.fill(disc((192, y), 6), colour="#d9b25f")
    canvas.fill(limb((192, 150), (192, 188), 26, 32), colour="#e0b48c")
    canvas.fill(curve([(140, 100), (146, 62), (192, 42), (238, 62), (244, 100), (232, 150), (192, 176), (152, 150)]),
                colour=skin)  # fmt: skip
    canvas.fill(curve([(136, 106), (132, 62), (170, 30), (226, 30), (254, 66), (248, 106), (238, 84), (190, 82),
                       (156, 74), (146, 88)]), colour="#3a2418")  # fmt: skip
    return canvas.finish()


CHIBI_GIRL = Drawing(
    name="chibi girl",
    size=Size(512, 512),
    joints={
        "nose": (256, 234), "neck": (256, 284), "right_shoulder": (218, 302), "left_shoulder": (294, 302),
        "right_elbow": (186, 336), "right_wrist": (154, 368), "left_elbow": (326, 336), "left_wrist": (358, 368),
        "right_hip": (230, 380), "right_knee": (226, 424), "right_ankle": (222, 470),
        "left_hip": (282, 380), "left_knee": (286, 424), "left_ankle": (290, 470),
        "right_eye": (206, 206), "left_eye": (306, 206), "right_ear": (150, 210), "left_ear": (362, 210),
    },
    paint=_paint_chibi,
)  # fmt: skip

FLAT_WOMAN = Drawing(
    name="flat illustration",
    size=Size(384, 512),
    joints={
        "nose": (192, 86), "neck": (192, 152), "right_shoulder": (158, 176), "left_shoulder": (226, 176),
        "right_elbow": (108, 228), "right_wrist": (140, 280), "left_elbow": (286, 156), "left_wrist": (302, 88),
        "right_hip": (168, 296), "right_knee": (152, 384), "right_ankle": (142, 462),
        "left_hip": (218, 296), "left_knee": (240, 384), "left_ankle": (250, 462),
        "right_eye": (181, 82), "left_eye": (205, 82), "right_ear": (162, 88), "left_ear": (222, 88),
    },
    paint=_paint_flat,
)  # fmt: skip

BALLET_DANCER = Drawing(
    name="ballet dancer",
    size=Size(384, 512),
    joints={
        "nose": (192, 112), "neck": (192, 168), "right_shoulder": (164, 176), "left_shoulder": (220, 176),
        "right_elbow": (116, 146), "right_wrist": (70, 112), "left_elbow": (268, 146), "left_wrist": (314, 112),
        "right_hip": (178, 274), "right_knee": (174, 362), "right_ankle": (172, 444),
        "left_hip": (206, 274), "left_knee": (246, 352), "left_ankle": (286, 424),
        "right_eye": (180, 105), "left_eye": (204, 105), "right_ear": (163, 112), "left_ear": (221, 112),
    },
    paint=_paint_dancer,
)  # fmt: skip

SUPERHERO = Drawing(
    name="superhero",
    size=Size(384, 512),
    joints={
        "nose": (192, 120), "neck": (192, 178), "right_shoulder": (120, 210), "left_shoulder": (264, 210),
        "right_elbow": (60, 300), "right_wrist": (114, 376), "left_elbow": (324, 300), "left_wrist": (270, 376),
        "right_hip": (156, 422), "left_hip": (228, 422),
        "right_eye": (166, 104), "left_eye": (218, 104), "right_ear": (140, 112), "left_ear": (244, 112),
    },
    paint=_paint_superhero,
)  # fmt: skip

BUSINESS_MAN = Drawing(
    name="business man",
    size=Size(384, 512),
    joints={
        "nose": (192, 122), "neck": (192, 194), "right_shoulder": (118, 230), "left_shoulder": (266, 230),
        "right_elbow": (84, 326), "right_wrist": (76, 424), "left_elbow": (300, 326), "left_wrist": (308, 424),
        "right_hip": (150, 442), "left_hip": (234, 442),
        "right_eye": (172, 104), "left_eye": (212, 104), "right_ear": (142, 112), "left_ear": (242, 112),
    },
    paint=_paint_business_man,
)  # fmt: skip
