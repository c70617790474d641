"""Simple techniques: a child's crayon drawing, a stick figure, pixel art."""

from PIL import Image, ImageDraw

from animate_anyone.media.size import Size
from drawings.canvas import Canvas, between, curve, disc, limb, limbs, moved
from drawings.drawing import Drawing, Joints, arm, beyond, leg

SIDES = ("right", "left")


def _paint_crayon(at: Joints) -> Image.Image:
    canvas = Canvas(384, 512, ground="#fbf7ea")
    canvas.crayon(disc((40, 40), 62), colour="#ffc933", angle=20)
    for end in ((150, 40), (140, 92), (98, 140), (42, 152)):
        canvas.crayon_line([between((40, 40), end, 0.68), end], colour="#ffb300", width=8)
    canvas.crayon([(0, 455), (384, 455), (384, 512), (0, 512)], colour="#6fbf4a", angle=80)
    for side in SIDES:
        canvas.crayon_line(leg(at, side), colour="#e8a06f", width=19)
        outwards = -14 if side == "right" else 14
        canvas.crayon(disc(moved(at[f"{side}_ankle"], outwards, 10), 28, 13), colour="#4a3fb5", angle=0)
        canvas.crayon_line([*arm(at, side), beyond(arm(at, side), 10)], colour="#e8a06f", width=19)
        for spread in (-12, 0, 12):
            tip = beyond(arm(at, side), 26)
            canvas.crayon_line([beyond(arm(at, side), 8), moved(tip, 0, spread)], colour="#e8a06f", width=8)
    dress = [(172, 205), (212, 205), (268, 388), (116, 388)]
    canvas.crayon(dress, colour="#e8365d", angle=65)
    canvas.crayon_line([*dress, dress[0]], colour="#b01040", width=6)
    for x, y in ((160, 352), (192, 300), (224, 352), (192, 250)):
        canvas.crayon(disc((x, y), 11), colour="#ffd23f", angle=10)
    head = moved(at["nose"], 0, -8)
    canvas.crayon(disc(moved(head, -62, 30), 24, 58, turn=14), colour="#8a4b1f", angle=85)
    canvas.crayon(disc(moved(head, 62, 30), 24, 58, turn=-14), colour="#8a4b1f", angle=85)
    canvas.crayon(disc(head, 68), colour="#f6c39a", angle=35)
    canvas.crayon(
        curve([(124, 120), (132, 78), (192, 56), (252, 78), (260, 120), (222, 98), (192, 94), (160, 98)]),
        colour="#8a4b1f",
        angle=15,
    )
    for side in SIDES:
        canvas.crayon(disc(at[f"{side}_eye"], 9), colour="#22314f", angle=0)
        cheek = moved(at[f"{side}_eye"], -8 if side == "right" else 8, 28)
        canvas.crayon(disc(cheek, 13), colour="#f28a8a", angle=20)
    canvas.crayon_line(curve([(166, 162), (192, 178), (218, 162)], closed=False), colour="#c0203f", width=7)
    return canvas.finish()


def _paint_stick(at: Joints) -> Image.Image:
    canvas = Canvas(512, 512, ground="#f4efe3")
    ink = "#23272e"
    canvas.line([(30, 478), (482, 478)], colour="#b8ad98", width=7)
    hips = between(at["right_hip"], at["left_hip"])
    canvas.line([at["neck"], hips], colour=ink, width=24)
    for side in SIDES:
        sign = -1 if side == "right" else 1
        canvas.line([at["neck"], *arm(at, side)], colour=ink, width=21)
        canvas.fill(disc(beyond(arm(at, side), 10), 17), colour=ink)
        canvas.line([hips, *leg(at, side)], colour=ink, width=23)
        canvas.line([at[f"{side}_ankle"], moved(at[f"{side}_ankle"], 30 * sign, 3)], colour=ink, width=22)
    canvas.fill(disc(moved(at["nose"], 0, -6), 58), colour="#ffffff", edge=ink, width=13)
    for side in SIDES:
        canvas.fill(disc(at[f"{side}_eye"], 7, 9), colour=ink)
    canvas.line(curve([(232, 128), (256, 143), (280, 128)], closed=False), colour=ink, width=7)
    # A red scarf.
    canvas.fill(disc(moved(at["neck"], 0, 4), 36, 14), colour="#e4322b")
    canvas.fill(limb(moved(at["neck"], 24, 8), moved(at["neck"], 54, 62), 11, 13), colour="#e4322b")
    return canvas.finish()


def _paint_pixels(at: Joints) -> Image.Image:
    grid = 8
    image = Image.new("RGB", (384 // grid, 512 // grid), "#6ec6ff")
    draw = ImageDraw.Draw(image)

    def block(x: int, y: int, width: int, height: int, colour: str) -> None:
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)

    # Clouds, hills and ground.
    for x, y, width in ((3, 7, 9), (5, 5, 5), (34, 13, 10), (37, 11, 5)):
        block(x, y, width, 3, "#e9f7ff")
    for x, y, width in ((0, 46, 12), (2, 43, 7), (36, 44, 12), (39, 41, 8)):
        block(x, y, width, 64 - y, "#57b36a")
    block(0, 57, 48, 7, "#8a5a33")
    block(0, 57, 48, 2, "#3f9a4a")
    for x in range(2, 48, 7):
        block(x, 61, 2, 1, "#6b4325")
    for side in SIDES:
        shoulder, elbow, wrist = [(round(x / grid), round(y / grid)) for x, y in arm(at, side)]
        hip, knee, ankle = [(round(x / grid), round(y / grid)) for x, y in leg(at, side)]
        # Legs: blue trousers, brown boots.
        block(hip[0] - 2, hip[1] - 1, 5, knee[1] - hip[1] + 1, "#2b4fa8")
        block(knee[0] - 2, knee[1], 5, ankle[1] - knee[1] - 2, "#23418c")
        block(ankle[0] - 3, ankle[1] - 3, 6, 6, "#6b3b1c")
        block(ankle[0] - 3, ankle[1] - 3, 6, 1, "#9a6132")
        # Arms: green sleeves, gloves.
        left, right = min(shoulder[0], wrist[0]), max(shoulder[0], wrist[0])
        block(left - 1, shoulder[1] - 2, right - left + 2, 4, "#2f9e44")
        block(left - 1, shoulder[1] + 1, right - left + 2, 1, "#237a34")
        block(wrist[0] - 2, wrist[1] - 2, 5, 5, "#ffd9a8")
        block(elbow[0], elbow[1] - 2, 1, 4, "#237a34")
    # Tunic with a belt.
    block(17, 28, 14, 15, "#2f9e44")
    block(27, 28, 4, 15, "#268a3a")
    block(17, 38, 14, 2, "#7a4a22")
    block(22, 37, 4, 4, "#ffd43b")
    block(16, 41, 16, 2, "#237a34")
    # Head, hair and a pointed cap.
    block(16, 13, 16, 14, "#ffd9a8")
    block(14, 17, 2, 6, "#ffd9a8")
    block(32, 17, 2, 6, "#ffd9a8")
    block(16, 11, 16, 4, "#c8641e")
    block(15, 13, 3, 5, "#c8641e")
    block(30, 13, 3, 5, "#c8641e")
    block(14, 8, 20, 4, "#2f9e44")
    block(18, 5, 17, 3, "#2f9e44")
    block(24, 3, 13, 2, "#268a3a")
    for x in (20, 27):
        block(x, 17, 2, 4, "#20304f")
        block(x, 17, 1, 1, "#ffffff")
    block(23, 21, 2, 1, "#e0a070")
    block(21, 24, 6, 1, "#b0412f")
    return image.resize((384, 512), Image.Resampling.NEAREST)


def _paint_gingerbread(at: Joints) -> Image.Image:
    canvas = Canvas(512, 512, ground=("#cfe8e0", "#a8d3cb"))
    for x in range(-16, 560, 64):
        for y in range(0, 560, 64):
            canvas.fill(disc((x + (y // 64 % 2) * 32, y), 7), colour="#e4f4ee")
    dough, icing = "#b5702f", "#fff6e6"
    body = [disc(moved(at["nose"], 0, -8), 72)]
    body += [limb(at["neck"], between(at["right_hip"], at["left_hip"]), 42, 56)]
    for side in SIDES:
        body += limbs([moved(at["neck"], 0, 22), *arm(at, side)], [36, 35, 33, 36])
        body += limbs(leg(at, side), [44, 40, 42])
    canvas.fill(*[[moved(point, 5, 8) for point in shape] for shape in body], colour="#7fb0a8")
    canvas.fill(*body, colour=dough, edge="#8a4f1c", width=5)
    for side in SIDES:
        (elbow, wrist), (knee, ankle) = arm(at, side)[1:], leg(at, side)[1:]
        for near, far, half in ((elbow, wrist, 24), (knee, ankle, 32)):
            # Icing in a zigzag across the limb.
            (x, y), dx, dy = between(near, far, 0.85), far[0] - near[0], far[1] - near[1]
            length = (dx * dx + dy * dy) ** 0.5
            along, across = (dx / length, dy / length), (-dy / length, dx / length)
            zigzag = [
                (
                    x + across[0] * half * (step / 3 - 1) + along[0] * (7 if step % 2 else -7),
                    y + across[1] * half * (step / 3 - 1) + along[1] * (7 if step % 2 else -7),
                )
                for step in range(7)
            ]
            canvas.line(zigzag, colour=icing, width=7)
        canvas.fill(disc(at[f"{side}_eye"], 10), colour=icing)
        canvas.fill(disc(at[f"{side}_eye"], 5), colour="#3d2210")
        canvas.fill(disc(moved(at[f"{side}_eye"], -18 if side == "right" else 18, 28), 11), colour="#e58a6a")
    mouth = curve([(224, 134), (256, 156), (288, 134)], closed=False)
    canvas.line(mouth, colour=icing, width=8)
    for y, colour in ((236, "#d8303a"), (280, "#2f9e44"), (324, "#d8303a")):
        canvas.fill(disc((256, y), 14), colour=colour, edge=icing, width=3)
    bow = [(256, 190), (216, 172), (216, 210), (256, 192), (296, 172), (296, 210)]
    canvas.fill(bow, colour="#2f7fd8", edge="#1d5ca8", width=3)
    return canvas.finish()


CRAYON_GIRL = Drawing(
    name="crayon girl",
    size=Size(384, 512),
    joints={
        "nose": (192, 140), "neck": (192, 212), "right_shoulder": (170, 228), "left_shoulder": (214, 228),
        "right_elbow": (116, 228), "right_wrist": (66, 208), "left_elbow": (268, 228), "left_wrist": (318, 208),
        "right_hip": (168, 366), "right_knee": (164, 418), "right_ankle": (162, 468),
        "left_hip": (216, 366), "left_knee": (220, 418), "left_ankle": (222, 468),
        "right_eye": (168, 126), "left_eye": (216, 126), "right_ear": (128, 138), "left_ear": (256, 138),
    },
    paint=_paint_crayon,
)  # fmt: skip

STICK_FIGURE = Drawing(
    name="stick figure",
    size=Size(512, 512),
    joints={
        "nose": (256, 112), "neck": (256, 180), "right_shoulder": (240, 190), "left_shoulder": (272, 190),
        "right_elbow": (196, 242), "right_wrist": (150, 292), "left_elbow": (316, 242), "left_wrist": (362, 292),
        "right_hip": (246, 318), "right_knee": (214, 394), "right_ankle": (188, 466),
        "left_hip": (266, 318), "left_knee": (298, 394), "left_ankle": (324, 466),
        "right_eye": (236, 98), "left_eye": (276, 98), "right_ear": (200, 108), "left_ear": (312, 108),
    },
    paint=_paint_stick,
)  # fmt: skip

PIXEL_HERO = Drawing(
    name="pixel hero",
    size=Size(384, 512),
    joints={
        "nose": (192, 172), "neck": (192, 226), "right_shoulder": (136, 244), "left_shoulder": (248, 244),
        "right_elbow": (88, 244), "right_wrist": (44, 244), "left_elbow": (296, 244), "left_wrist": (340, 244),
        "right_hip": (164, 344), "right_knee": (164, 396), "right_ankle": (158, 448),
        "left_hip": (216, 344), "left_knee": (216, 396), "left_ankle": (226, 448),
        "right_eye": (168, 152), "left_eye": (224, 152), "right_ear": (120, 160), "left_ear": (264, 160),
    },
    paint=_paint_pixels,
)  # fmt: skip

GINGERBREAD_MAN = Drawing(
    name="gingerbread man",
    size=Size(512, 512),
    joints={
        "nose": (256, 118), "neck": (256, 194), "right_shoulder": (206, 222), "left_shoulder": (306, 222),
        "right_elbow": (144, 216), "right_wrist": (88, 196), "left_elbow": (368, 216), "left_wrist": (424, 196),
        "right_hip": (222, 336), "right_knee": (198, 394), "right_ankle": (176, 446),
        "left_hip": (290, 336), "left_knee": (314, 394), "left_ankle": (336, 446),
        "right_eye": (232, 96), "left_eye": (280, 96), "right_ear": (196, 110), "left_ear": (316, 110),
    },
    paint=_paint_gingerbread,
)  # fmt: skip
