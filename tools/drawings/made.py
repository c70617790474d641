"""Made of something: a paper puppet, a tin robot, a low-poly knight, a rag doll, an astronaut in a suit."""

from itertools import pairwise

import numpy as np
from PIL import Image

from animate_anyone.media.size import Size
from drawings.canvas import Canvas, Point, Shape, between, box, curve, disc, limb, limbs, moved
from drawings.drawing import Drawing, Joints, arm, beyond, leg

SIDES = ("right", "left")


def _sign(side: str) -> int:
    return -1 if side == "right" else 1


def _paint_paper(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground="#bfe3ea")
    canvas.paper(disc((310, 84), 40), colour="#ffe08a")
    canvas.paper(curve([(-40, 420), (80, 370), (200, 410), (320, 360), (440, 420), (440, 560), (-40, 560)]),
                 colour="#8cc37e")  # fmt: skip
    canvas.paper(curve([(-40, 470), (120, 440), (260, 470), (440, 430), (440, 580), (-40, 580)]), colour="#5fa45a")
    for side in SIDES:
        hip, knee, ankle = leg(at, side)
        canvas.paper(limb(ankle, moved(ankle, 24 * _sign(side), 8), 15, 12), colour="#7b3f2b")
        canvas.paper(limb(knee, ankle, 20, 17), colour="#35527f")
        canvas.paper(limb(hip, knee, 25, 21), colour="#3f6299")
        shoulder, elbow, wrist = arm(at, side)
        canvas.paper(disc(beyond(arm(at, side), 10), 17), colour="#f3c7a2")
        canvas.paper(limb(elbow, wrist, 17, 15), colour="#e2574c")
        canvas.paper(limb(shoulder, elbow, 22, 18), colour="#f0695d")
    canvas.paper(box(146, 184, 238, 318, radius=18), colour="#f0695d")
    for y in (214, 248, 282):
        canvas.paper(box(146, y, 238, y + 15), colour="#fff3df")
    canvas.paper(disc(moved(at["nose"], 0, -6), 54, 58), colour="#f3c7a2")
    canvas.paper(curve([(134, 104), (136, 62), (192, 40), (250, 62), (250, 104), (226, 80), (196, 92), (166, 78)]),
                 colour="#5a3420")  # fmt: skip
    canvas.paper([(132, 66), (252, 66), (238, 24), (148, 24)], colour="#2f7f79")
    canvas.paper(box(114, 62, 270, 78, radius=8), colour="#27655f")
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 7), colour="#2b2320")
        canvas.paper(disc(moved(at[f"{side}_eye"], 10 * _sign(side), 26), 9), colour="#ee9c8a")
        # Brass fasteners, as on a jumping jack.
        for joint in ("shoulder", "elbow", "hip", "knee"):
            canvas.fill(disc(at[f"{side}_{joint}"], 6), colour="#d9a52e", edge="#94691a", width=1.5)
    canvas.line(curve([(174, 150), (192, 160), (210, 150)], closed=False), colour="#a03a30", width=6)
    return canvas.finish()


def _paint_robot(at: Joints) -> Image.Image:
    canvas = Canvas(512, 512, ground=("#22304a", "#3d5578"))
    canvas.fill(box(-10, 452, 522, 522), colour="#1a2538")
    edge, tin, shade, brass = "#141b26", "#b9c6d3", "#8796a8", "#f0b429"
    for side in SIDES:
        sign = _sign(side)
        # Bellows for limbs, with boxes for hands and feet.
        for chain, radius in ((arm(at, side), 15), (leg(at, side), 18)):
            canvas.fill(*limbs(chain, [radius] * 3), colour=shade, edge=edge, width=4)
            for start, end in pairwise(chain):
                for share in np.linspace(0.2, 0.9, 5):
                    canvas.fill(disc(between(start, end, float(share)), radius + 3), colour=tin, edge=shade, width=2)
            canvas.fill(disc(chain[1], radius + 6), colour=brass, edge=edge, width=3)
        ankle = at[f"{side}_ankle"]
        canvas.fill(box(ankle[0] - 34, ankle[1] - 14, ankle[0] + 34, ankle[1] + 22, radius=8),
                    colour="#d8402f", edge=edge, width=4)  # fmt: skip
        grip = beyond(arm(at, side), 20)
        canvas.fill(disc(grip, 24), colour="#d8402f", edge=edge, width=4)
        canvas.fill(limb(grip, beyond(arm(at, side), 46), 9), colour="#22304a")
        canvas.fill(disc(at[f"{side}_shoulder"], 24), colour=brass, edge=edge, width=4)
        canvas.fill(box(256 + sign * 74 - 12, 90, 256 + sign * 74 + 12, 130, radius=5), colour=brass, edge=edge,
                    width=3)  # fmt: skip
    canvas.fill(box(178, 186, 334, 346, radius=14), colour=tin, edge=edge, width=5)
    canvas.fill(box(178, 316, 334, 346, radius=12), colour=shade)
    canvas.fill(box(204, 210, 308, 272, radius=8), colour="#26364f", edge=edge, width=3)
    for x, colour in ((226, "#ff5a4d"), (256, "#ffd23f"), (286, "#4dd68a")):
        canvas.fill(disc((x, 241), 11), colour=colour)
    for x in (194, 318):
        for y in (202, 300):
            canvas.fill(disc((x, y), 5), colour=shade)
    canvas.fill(box(236, 164, 276, 188), colour=shade, edge=edge, width=4)
    canvas.line([(256, 60), (256, 34)], colour=shade, width=9)
    canvas.fill(disc((256, 26), 13), colour="#ff5a4d", edge=edge, width=3)
    canvas.fill(box(182, 56, 330, 166, radius=16), colour=tin, edge=edge, width=5)
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 23), colour="#fff7c2", edge=edge, width=4)
        canvas.fill(disc(at[f"{side}_eye"], 10), colour="#d8402f")
    canvas.fill(box(222, 134, 290, 152, radius=4), colour="#26364f")
    for x in (236, 253, 270):
        canvas.fill(box(x, 136, x + 8, 150), colour=tin)
    return canvas.finish()


def _faceted(canvas: Canvas, outline: Shape, centre: Point, colours: tuple[str, ...]) -> None:
    """A convex shape as a fan of triangles around a raised point, each lit in its own way."""
    for index, start in enumerate(outline):
        end = outline[(index + 1) % len(outline)]
        canvas.fill([start, end, centre], colour=colours[index % len(colours)])


def _plate(canvas: Canvas, start: Point, end: Point, near: float, far: float, colours: tuple[str, str, str]) -> None:
    """A limb of armour: a ridge along the middle, lit from the left."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    nx, ny = -dy / length, dx / length
    if nx > 0:
        nx, ny = -nx, -ny
    lit = [moved(start, near * nx, near * ny), moved(end, far * nx, far * ny)]
    dark = [moved(start, -near * nx, -near * ny), moved(end, -far * nx, -far * ny)]
    canvas.fill([lit[0], lit[1], end, start], colour=colours[0])
    canvas.fill([start, end, dark[1]], colour=colours[1])
    canvas.fill([start, dark[1], dark[0]], colour=colours[2])


def _paint_knight(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#f7d9b0", "#c98b6b"))
    for outline, colour in (([(0, 300), (90, 200), (200, 330), (0, 360)], "#a97e86"),
                            ([(120, 330), (290, 180), (384, 290), (384, 380)], "#93717f"),
                            ([(290, 180), (384, 290), (320, 330)], "#7d6274")):  # fmt: skip
        canvas.fill(outline, colour=colour)
    canvas.fill([(0, 330), (384, 300), (384, 512), (0, 512)], colour="#6f8f58")
    canvas.fill([(0, 420), (220, 512), (0, 512)], colour="#62804d")
    canvas.fill([(384, 380), (384, 512), (180, 512)], colour="#7b9b62")
    steel = ("#dfe7ee", "#9aa9b8", "#71808f")
    gold = ("#ffd76a", "#e0a92f", "#b17f1d")
    for side in SIDES:
        hip, knee, ankle = leg(at, side)
        _plate(canvas, hip, knee, 30, 24, steel)
        _plate(canvas, knee, ankle, 24, 18, steel)
        _faceted(canvas, disc(knee, 25)[::12], moved(knee, -4, -5), gold)
        foot = [moved(ankle, -22, -6), moved(ankle, 20, -6), moved(ankle, 22 + 12 * _sign(side), 24),
                moved(ankle, -22 + 12 * _sign(side), 24)]  # fmt: skip
        _faceted(canvas, foot, moved(ankle, -3, 4), (*steel, "#5d6b79"))
        shoulder, elbow, wrist = arm(at, side)
        _plate(canvas, shoulder, elbow, 26, 20, steel)
        _plate(canvas, elbow, wrist, 21, 18, steel)
        _faceted(canvas, disc(beyond(arm(at, side), 14), 22)[::12], beyond(arm(at, side), 10), (*gold, gold[1]))
        _faceted(canvas, disc(elbow, 21)[::12], moved(elbow, -3, -4), gold)
    trunk = [(132, 186), (252, 186), (266, 240), (240, 322), (144, 322), (118, 240)]
    _faceted(canvas, trunk, (186, 236), ("#3f78c9", "#2d5aa3", "#234a8a", "#2a5296", "#386cb8", "#5590dd"))
    canvas.fill([(178, 214), (200, 214), (200, 240), (222, 240), (222, 260), (200, 260), (200, 296), (178, 296),
                 (178, 260), (156, 260), (156, 240), (178, 240)], colour="#ffd76a")  # fmt: skip
    _faceted(canvas, [(140, 312), (244, 312), (262, 352), (192, 368), (122, 352)], (188, 330),
             ("#2d5aa3", "#234a8a", "#2a5296", "#386cb8", "#3f78c9"))  # fmt: skip
    for side in SIDES:
        shoulder = moved(at[f"{side}_shoulder"], 6 * _sign(side), 0)
        _faceted(canvas, disc(shoulder, 36, 30)[::9], moved(shoulder, -6, -8), (*steel, "#c3cfda"))
    helmet = [(142, 92), (162, 56), (192, 44), (222, 56), (242, 92), (238, 150), (192, 182), (146, 150)]
    _faceted(canvas, helmet, (186, 108), ("#eef4f9", "#f7fbff", "#cdd8e2", "#aab8c6", "#8796a5", "#76858f", "#a5b3c0",
                                          "#dbe4ec"))  # fmt: skip
    canvas.fill([(154, 104), (232, 104), (226, 124), (194, 130), (160, 124)], colour="#20262e")
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 6, 5), colour="#ffe9a8")
    for y in (144, 158):
        canvas.line([(180, y), (206, y)], colour="#4a5662", width=4)
    _faceted(canvas, [(192, 50), (184, 20), (212, 4), (254, 20), (262, 54), (226, 38)], (220, 26),
             ("#e4572e", "#f06a3f", "#d1431f", "#b53616"))  # fmt: skip
    return canvas.finish()


def _paint_doll(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground="#d8c6a5")
    for x in range(0, 400, 48):
        canvas.fill(box(x, 0, x + 24, 520), colour="#d1bd98")
    canvas.fill(box(-4, 440, 390, 520), colour="#9c7a54")
    cloth, edge, yarn = "#f5e3c8", "#8a6a4a", "#c8452e"
    for side in SIDES:
        canvas.fill(*limbs(leg(at, side), [23, 21, 20]), colour=cloth, edge=edge, width=3)
        knee, ankle = leg(at, side)[1:]
        for share in (0.15, 0.45, 0.75):
            place = between(knee, ankle, share)
            canvas.line([moved(place, -18, 0), moved(place, 18, 0)], colour=yarn, width=9)
        canvas.fill(limb(ankle, moved(ankle, 12 * _sign(side), 10), 23, 21), colour="#3b3340", edge="#201b24", width=3)
        canvas.fill(*limbs([*arm(at, side), beyond(arm(at, side), 12)], [21, 20, 19, 20]), colour=cloth, edge=edge,
                    width=3)  # fmt: skip
        shoulder, elbow, _ = arm(at, side)
        canvas.fill(limb(shoulder, between(shoulder, elbow, 0.6), 27, 30), colour="#4f7fbf", edge="#2f5488", width=3)
    dress = curve([(154, 202), (192, 194), (230, 202), (244, 270), (278, 372), (192, 386), (106, 372), (140, 270)])
    canvas.fill(dress, colour="#4f7fbf", edge="#2f5488", width=3)
    apron = curve([(162, 236), (222, 236), (230, 290), (244, 352), (192, 362), (140, 352), (154, 290)])
    canvas.fill(apron, colour="#fff8ea", edge="#cdbb98", width=2)
    canvas.fill(disc((192, 300), 16, 15), colour=yarn)
    for x, y in ((140, 128), (136, 158), (142, 188), (244, 128), (248, 158), (242, 188), (150, 94), (234, 94),
                 (168, 70), (216, 70), (192, 60)):  # fmt: skip
        canvas.fill(disc((x, y), 24), colour=yarn, edge="#8f2a1a", width=3)
    canvas.fill(disc(moved(at["nose"], 0, -8), 57, 58), colour=cloth, edge=edge, width=3)
    for x in (150, 170, 192, 214, 234):
        canvas.line(curve([(x, 62), (x + (x - 192) * 0.05, 84), (x, 100)], closed=False), colour=yarn, width=15)
    for side in SIDES:
        eye = at[f"{side}_eye"]
        canvas.fill(disc(eye, 14), colour="#2b2a33", edge="#111118", width=1.5)
        for dx, dy in ((-4, -4), (4, 4), (-4, 4), (4, -4)):
            canvas.fill(disc(moved(eye, dx, dy), 2.2), colour="#f5e3c8")
        canvas.glow(disc(moved(eye, 12 * _sign(side), 30), 12), colour="#e8604f", blur=3, strength=0.7)
    canvas.fill([(192, 140), (183, 154), (201, 154)], colour="#e07a3f")
    smile = curve([(164, 164), (192, 180), (220, 164)], closed=False)
    canvas.line(smile, colour="#7a2a20", width=4)
    for x, y in smile[4::6]:
        canvas.line([(x, y - 5), (x, y + 5)], colour="#7a2a20", width=3)
    return canvas.finish()


def _paint_astronaut(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground=("#0b1030", "#2a2360"))
    rng = np.random.default_rng(3)
    for x, y, size in rng.uniform((0, 0, 0.8), (384, 400, 2.6), size=(90, 3)).tolist():
        canvas.fill(disc((x, y), size), colour="#e8ecff")
    canvas.fill(disc((318, 76), 38), colour="#e07a5f")
    canvas.fill(disc((318, 76), 62, 10, turn=-18), colour="#f2cc8f")
    canvas.fill([*disc((318, 76), 38)[36:72]], colour="#e07a5f")
    canvas.fill(disc((192, 640), 300, 190), colour="#8f93a8")
    for x, y, size in ((70, 486, 22), (300, 478, 28), (188, 500, 16)):
        canvas.fill(disc((x, y), size, size * 0.35), colour="#777b91")
    white, shade, orange = "#f3f5fb", "#bcc3d6", "#ff7f2a"
    canvas.fill(box(120, 190, 264, 316, radius=22), colour="#8b93ab")
    for side in SIDES:
        sign = _sign(side)
        ankle = at[f"{side}_ankle"]
        canvas.fill(*limbs(leg(at, side), [37, 33, 31]), colour=white, edge=shade, width=3)
        for share in (0.75, 0.95):
            place = between(*leg(at, side)[:2], share)
            canvas.line([moved(place, -30, 0), moved(place, 30, 0)], colour=shade, width=4)
        canvas.fill(limb(moved(ankle, 0, 8), moved(ankle, 12 * sign, 12), 30, 26), colour=orange, edge="#b3541a",
                    width=3)  # fmt: skip
        canvas.fill(disc(beyond(arm(at, side), 14), 27), colour=orange, edge="#b3541a", width=3)
        canvas.fill(*limbs(arm(at, side), [36, 32, 28]), colour=white, edge=shade, width=3)
        shoulder, elbow, wrist = arm(at, side)
        canvas.fill(limb(between(shoulder, elbow, 0.5), between(shoulder, elbow, 0.6), 33), colour=orange)
        canvas.fill(disc(between(elbow, wrist, 0.96), 28), colour=shade)
    canvas.fill(box(132, 188, 252, 330, radius=34), colour=white, edge=shade, width=3)
    canvas.fill(box(156, 230, 228, 284, radius=8), colour="#59617d")
    for x, colour in ((172, "#ff5a4d"), (192, "#ffd23f"), (212, "#4dd68a")):
        canvas.fill(disc((x, 247), 7), colour=colour)
    canvas.line([(168, 268), (216, 268)], colour="#9fb3ff", width=6)
    helmet = moved(at["nose"], 0, -4)
    canvas.fill(disc(helmet, 74, 72), colour=white, edge=shade, width=4)
    canvas.fill(disc(moved(helmet, 0, 4), 57, 48), colour="#1f2a52", edge="#ffb347", width=5)
    canvas.fill(disc(moved(helmet, 0, 10), 36, 37), colour="#c98a63")
    canvas.fill(disc(moved(helmet, 0, -16), 36, 16), colour="#2b1c18")
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 5, 6), colour="#1c1412")
    canvas.line(curve([(180, 142), (192, 149), (204, 142)], closed=False), colour="#7a2f25", width=5)
    canvas.glow(disc(moved(helmet, -32, -18), 8, 20, turn=35), colour="#ffffff", blur=3, strength=0.8)
    return canvas.finish()


PAPER_BOY = Drawing(
    name="paper puppet",
    size=Size(384, 512),
    joints={
        "nose": (192, 128), "neck": (192, 188), "right_shoulder": (156, 206), "left_shoulder": (228, 206),
        "right_elbow": (114, 258), "right_wrist": (82, 310), "left_elbow": (270, 258), "left_wrist": (302, 310),
        "right_hip": (170, 310), "right_knee": (158, 388), "right_ankle": (150, 464),
        "left_hip": (214, 310), "left_knee": (226, 388), "left_ankle": (234, 464),
        "right_eye": (170, 116), "left_eye": (214, 116), "right_ear": (140, 124), "left_ear": (244, 124),
    },
    paint=_paint_paper,
)  # fmt: skip

TIN_ROBOT = Drawing(
    name="tin robot",
    size=Size(512, 512),
    joints={
        "nose": (256, 122), "neck": (256, 188), "right_shoulder": (166, 214), "left_shoulder": (346, 214),
        "right_elbow": (124, 276), "right_wrist": (92, 336), "left_elbow": (388, 276), "left_wrist": (420, 336),
        "right_hip": (214, 348), "right_knee": (208, 402), "right_ankle": (204, 454),
        "left_hip": (298, 348), "left_knee": (304, 402), "left_ankle": (308, 454),
        "right_eye": (222, 98), "left_eye": (290, 98), "right_ear": (184, 110), "left_ear": (328, 110),
    },
    paint=_paint_robot,
)  # fmt: skip

KNIGHT = Drawing(
    name="low-poly knight",
    size=Size(384, 512),
    joints={
        "nose": (192, 134), "neck": (192, 186), "right_shoulder": (128, 208), "left_shoulder": (256, 208),
        "right_elbow": (92, 272), "right_wrist": (74, 336), "left_elbow": (292, 272), "left_wrist": (310, 336),
        "right_hip": (164, 336), "right_knee": (154, 404), "right_ankle": (148, 466),
        "left_hip": (220, 336), "left_knee": (230, 404), "left_ankle": (236, 466),
        "right_eye": (174, 114), "left_eye": (212, 114), "right_ear": (146, 120), "left_ear": (238, 120),
    },
    paint=_paint_knight,
)  # fmt: skip

RAG_DOLL = Drawing(
    name="rag doll",
    size=Size(384, 512),
    joints={
        "nose": (192, 148), "neck": (192, 204), "right_shoulder": (152, 222), "left_shoulder": (232, 222),
        "right_elbow": (112, 274), "right_wrist": (88, 330), "left_elbow": (272, 274), "left_wrist": (296, 330),
        "right_hip": (168, 352), "right_knee": (164, 408), "right_ankle": (162, 462),
        "left_hip": (216, 352), "left_knee": (220, 408), "left_ankle": (222, 462),
        "right_eye": (170, 130), "left_eye": (214, 130), "right_ear": (140, 146), "left_ear": (244, 146),
    },
    paint=_paint_doll,
)  # fmt: skip

ASTRONAUT = Drawing(
    name="astronaut",
    size=Size(384, 512),
    joints={
        "nose": (192, 122), "neck": (192, 192), "right_shoulder": (150, 222), "left_shoulder": (234, 222),
        "right_elbow": (92, 250), "right_wrist": (44, 288), "left_elbow": (290, 232), "left_wrist": (330, 176),
        "right_hip": (162, 326), "right_knee": (152, 392), "right_ankle": (146, 452),
        "left_hip": (222, 326), "left_knee": (232, 392), "left_ankle": (238, 452),
        "right_eye": (178, 118), "left_eye": (206, 118), "right_ear": (154, 124), "left_ear": (230, 124),
    },
    paint=_paint_astronaut,
)  # fmt: skip
