"""Shapes as lists of points, and a canvas that fills them in several techniques: flat, crayon, cut paper."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Shape = Sequence[Point]
"""The corners of a closed outline, in pixels of the picture."""

SUPERSAMPLING = 4


def disc(centre: Point, across: float, down: float | None = None, *, turn: float = 0.0) -> list[Point]:
    """An ellipse of half widths `across` and `down` (a circle without), turned clockwise by degrees."""
    down = across if down is None else down
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    circle = [(across * math.cos(a), down * math.sin(a)) for a in np.linspace(0, 2 * math.pi, 72, endpoint=False)]
    return [(centre[0] + x * cos - y * sin, centre[1] + x * sin + y * cos) for x, y in circle]


def box(left: float, top: float, right: float, bottom: float, *, radius: float = 0.0) -> Shape:
    """A rectangle with rounded corners."""
    corners = [(right, bottom, 0), (left, bottom, 90), (left, top, 180), (right, top, 270)]
    outline: list[Point] = []
    for x, y, start in corners:
        centre = (left + radius if x == left else right - radius, top + radius if y == top else bottom - radius)
        outline += _arc(centre, radius, start, start + 90)
    return outline


def curve(points: Sequence[Point], *, closed: bool = True) -> list[Point]:
    """A smooth line through the points (Catmull-Rom)."""
    count = len(points)
    line: list[Point] = []
    for index in range(count if closed else count - 1):
        near = [points[(index + k) % count if closed else min(max(index + k, 0), count - 1)] for k in (-1, 0, 1, 2)]
        before, start, end, after = (np.array(point) for point in near)
        for t in np.linspace(0, 1, 12, endpoint=False):
            place = start + 0.5 * t * (
                end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
            )
            line.append((float(place[0]), float(place[1])))
    return line if closed else [*line, points[-1]]


def limb(start: Point, end: Point, start_radius: float, end_radius: float | None = None) -> Shape:
    """A rounded limb from one joint to the next, as thick at each as its radius says."""
    end_radius = start_radius if end_radius is None else end_radius
    direction = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
    return [
        *_arc(start, start_radius, direction + 90, direction + 270),
        *_arc(end, end_radius, direction - 90, direction + 90),
    ]


def limbs(points: Sequence[Point], radii: Sequence[float]) -> list[Shape]:
    """A chain of limbs through the joints."""
    joints = list(zip(points, radii, strict=True))
    return [limb(start, end, a, b) for (start, a), (end, b) in pairwise(joints)]


def between(start: Point, end: Point, share: float = 0.5) -> Point:
    """The point at a share of the way."""
    return (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))


def moved(point: Point, right: float, down: float) -> Point:
    """The point beside a point."""
    return (point[0] + right, point[1] + down)


def star(centre: Point, outer: float, inner: float, *, points: int = 5) -> Shape:
    """A star with a point upwards."""
    turns = [math.pi * (k / points - 0.5) for k in range(2 * points)]
    radii = [outer, inner] * points
    return [(centre[0] + r * math.cos(a), centre[1] + r * math.sin(a)) for r, a in zip(radii, turns, strict=True)]


def _arc(centre: Point, radius: float, start: float, end: float) -> list[Point]:
    return [
        (centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a))
        for a in np.radians(np.linspace(start, end, 18))
    ]


class Canvas:
    """A picture of `width` x `height` pixels, painted larger and made smaller by `finish`.

    Args:
        width: of the picture.
        height: of the picture.
        ground: colour that it begins with, or two for a gradient from top to bottom.
    """

    def __init__(self, width: int, height: int, *, ground: str | tuple[str, str]):
        self.width, self.height = width, height
        self._size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        top, bottom = (ground, ground) if isinstance(ground, str) else ground
        ramp = Image.linear_gradient("L").resize(self._size)
        self._image = Image.composite(Image.new("RGB", self._size, bottom), Image.new("RGB", self._size, top), ramp)
        self._draw = ImageDraw.Draw(self._image)
        # The grain of crayon and paper is part of the drawing, the same every time.
        self._rng = np.random.default_rng(7)

    def finish(self) -> Image.Image:
        """The picture."""
        return self._image.resize((self.width, self.height), Image.Resampling.BOX)

    def fill(self, *shapes: Shape, colour: str, edge: str | None = None, width: float = 0.0) -> None:
        """Fills shapes as one: with an `edge`, a contour of that `width` runs around all of them together."""
        if edge is not None:
            for shape in shapes:
                self.line([*shape, shape[0]], colour=edge, width=2 * width)
        for shape in shapes:
            self._draw.polygon(_scaled(shape), fill=colour)

    def line(self, points: Sequence[Point], *, colour: str, width: float) -> None:
        """A line with round ends and corners."""
        scaled = _scaled(points)
        self._draw.line(scaled, fill=colour, width=round(width * SUPERSAMPLING), joint="curve")
        radius = width * SUPERSAMPLING / 2
        for x, y in (scaled[0], scaled[-1]):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def glow(self, shape: Shape, *, colour: str, blur: float, strength: float) -> None:
        """A soft-edged shape: light, shade or blush."""
        mask, place = self._mask([shape], margin=3 * blur)
        mask = mask.filter(ImageFilter.GaussianBlur(blur * SUPERSAMPLING))
        self._image.paste(colour, place, mask.point(_faded(strength)))

    def paper(self, *shapes: Shape, colour: str) -> None:
        """A piece of cut paper: grainy, with a lit edge, throwing a shadow on what is below."""
        mask, (left, top) = self._mask(shapes, margin=12)
        shadow = mask.filter(ImageFilter.BoxBlur(3 * SUPERSAMPLING)).point(_faded(0.45))
        self._image.paste("#1b2430", (left + 2 * SUPERSAMPLING, top + 4 * SUPERSAMPLING), shadow)
        self._image.paste(colour, (left, top), mask)
        lit = ImageChops.subtract(mask, ImageChops.offset(mask, SUPERSAMPLING))
        self._image.paste("white", (left, top), lit.point(_faded(0.45)))
        self._image.paste("black", (left, top), ImageChops.multiply(mask, self._grain(mask, 0.0, 0.12)))

    def crayon(self, *shapes: Shape, colour: str, angle: float = 60.0) -> None:
        """Shapes scribbled over in strokes of wax that leave the paper's grain open."""
        mask, place = self._mask(shapes)
        strokes = Image.new("L", mask.size)
        draw = ImageDraw.Draw(strokes)
        reach = math.hypot(*mask.size)
        along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))]) * reach
        across = np.array([-along[1], along[0]]) / reach
        middle = np.array(mask.size) / 2
        for distance in np.arange(-reach, reach, 5.0 * SUPERSAMPLING):
            start, end = distance + self._rng.normal(0, 1.4 * SUPERSAMPLING, size=2)
            line = [*(middle + across * start - along).tolist(), *(middle + across * end + along).tolist()]
            draw.line(line, fill=255, width=round(self._rng.uniform(4.0, 6.5) * SUPERSAMPLING))
        self._wax(ImageChops.multiply(strokes, mask), place, colour)

    def crayon_line(self, points: Sequence[Point], *, colour: str, width: float) -> None:
        """A line of wax."""
        dots = [
            disc((x + self._rng.normal(0, 0.5), y + self._rng.normal(0, 0.5)), width / 2)
            for start, end in pairwise(points)
            for x, y in (between(start, end, float(share)) for share in np.linspace(0, 1, round(math.dist(start, end))))
        ]
        mask, place = self._mask(dots)
        self._wax(mask, place, colour)

    def _wax(self, mask: Image.Image, place: tuple[int, int], colour: str) -> None:
        self._image.paste(colour, place, ImageChops.multiply(mask, self._grain(mask, 0.55, 1.0)))

    def _grain(self, mask: Image.Image, low: float, high: float) -> Image.Image:
        """Noise between two shares of full, as large as the mask, in grains of two pixels of the picture."""
        shape = (mask.height // (2 * SUPERSAMPLING) + 1, mask.width // (2 * SUPERSAMPLING) + 1)
        noise = (255 * self._rng.uniform(low, high, size=shape)).astype(np.uint8)
        return Image.fromarray(noise).resize(mask.size, Image.Resampling.BICUBIC)

    def _mask(self, shapes: Sequence[Shape], *, margin: float = 0.0) -> tuple[Image.Image, tuple[int, int]]:
        """The shapes in white on black, no larger than they need and a margin, and where that lies."""
        corners = np.array([point for shape in shapes for point in _scaled(shape)])
        start = np.floor(corners.min(axis=0) - margin * SUPERSAMPLING).astype(int)
        size = np.ceil(corners.max(axis=0) + margin * SUPERSAMPLING).astype(int) - start + 1
        mask = Image.new("L", (int(size[0]), int(size[1])))
        draw = ImageDraw.Draw(mask)
        for shape in shapes:
            draw.polygon([(x - start[0], y - start[1]) for x, y in _scaled(shape)], fill=255)
        return mask, (int(start[0]), int(start[1]))


def _faded(strength: float) -> list[int]:
    """A table that leaves a share of a mask's values."""
    return [round(strength * value) for value in range(256)]


def _scaled(points: Sequence[Point]) -> list[Point]:
    return [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in points]
