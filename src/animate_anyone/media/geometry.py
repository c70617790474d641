"""One value that maps a picture to the working canvas and back, for pixels, pose points and the output alike."""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from animate_anyone.media.size import Size

Fill = Literal["edge", "black"]


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """A picture of size `source`, scaled to `output`, lies at (`left`, `top`) of the `canvas`.

    Both sides of `output` are even, which the common video format (yuv420p) demands, and within one pixel of the
    source's aspect. The networks work on the canvas; what is shown to the user is the output.
    """

    source: Size
    canvas: Size
    output: Size
    left: int
    top: int

    def __post_init__(self):
        if self.output.width % 2 or self.output.height % 2:
            raise ValueError(f"The sides of the output must be even; got {self.output}.")
        inside_x = 0 <= self.left <= self.canvas.width - self.output.width
        inside_y = 0 <= self.top <= self.canvas.height - self.output.height
        if not (inside_x and inside_y):
            raise ValueError(
                f"A picture of {self.output} at ({self.left}, {self.top}) does not lie inside a canvas of "
                f"{self.canvas}."
            )

    @classmethod
    def fit(cls, source: Size, *, area: int | None = None, short_side: int | None = None, multiple: int = 8) -> Self:
        """The canvas for a picture, sized either by its area or by its short side.

        The picture keeps its aspect and lies in the middle of the smallest canvas that holds it.

        Args:
            source: Size of the picture as loaded.
            area: Wanted number of pixels of the scaled picture, whatever its aspect.
            short_side: Wanted short side of the scaled picture in pixels.
            multiple: Both sides of the canvas are multiples of this even number (the VAE's and UNet's total stride).

        Raises:
            ValueError: Not exactly one of `area` and `short_side` is given, or `multiple` is odd.
        """
        if multiple < 2 or multiple % 2:
            raise ValueError(f"The canvas needs sides that are multiples of an even number; got {multiple}.")
        match area, short_side:
            case int(), None:
                scale = math.sqrt(area / source.area)
            case None, int():
                scale = short_side / min(source.width, source.height)
            case _:
                raise ValueError(f"Give either an area or a short side; got area={area}, short_side={short_side}.")
        if scale <= 0:
            raise ValueError(f"A picture must be fitted to at least one pixel; got {area=}, {short_side=}.")
        output = Size(_even(source.width * scale), _even(source.height * scale))
        canvas = Size(_round_up(output.width, multiple), _round_up(output.height, multiple))
        return cls(
            source=source,
            canvas=canvas,
            output=output,
            left=(canvas.width - output.width) // 2,
            top=(canvas.height - output.height) // 2,
        )

    def placed(self, source: Size) -> Self:
        """The geometry of another picture, shown whole in the middle of this one's output, on the same canvas.

        A driving picture of the same aspect as the reference covers exactly the pixels that the reference covers.
        """
        scale = min(self.output.width / source.width, self.output.height / source.height)
        output = Size(
            min(_even(source.width * scale), self.output.width),
            min(_even(source.height * scale), self.output.height),
        )
        return type(self)(
            source=source,
            canvas=self.canvas,
            output=output,
            left=self.left + (self.output.width - output.width) // 2,
            top=self.top + (self.output.height - output.height) // 2,
        )

    def to_canvas(self, image: Image.Image, *, fill: Fill = "edge") -> Image.Image:
        """The picture scaled (Lanczos) onto the canvas, RGB.

        Args:
            image: A picture of size `source`.
            fill: What lies beside the picture: its outermost pixels repeated ("edge", for pictures) or "black"
                (for skeletons, whose ground is black).

        Raises:
            ValueError: The picture has another size.
        """
        if image.size != (self.source.width, self.source.height):
            raise ValueError(f"This geometry is for pictures of {self.source}; got {image.width}x{image.height}.")
        scaled = image.convert("RGB").resize((self.output.width, self.output.height), resample=Image.Resampling.LANCZOS)
        right = self.canvas.width - self.output.width - self.left
        bottom = self.canvas.height - self.output.height - self.top
        padding = ((self.top, bottom), (self.left, right), (0, 0))
        # numpy's "constant" pads with zeros, which is black.
        pixels = np.pad(np.asarray(scaled), padding, mode="edge" if fill == "edge" else "constant")
        return Image.fromarray(pixels)

    def points_to_canvas(self, xy: Float[np.ndarray, "*points 2"]) -> Float[np.ndarray, "*points 2"]:
        """Points of the source as points of the canvas; both in pixels with centres at integers."""
        scale = np.array(
            [self.output.width / self.source.width, self.output.height / self.source.height], dtype=xy.dtype
        )
        corner = np.array([self.left, self.top], dtype=xy.dtype)
        # A pixel covers half a unit on each side of its centre, and it is the covered areas that are scaled.
        return (xy + 0.5) * scale - 0.5 + corner

    def crop(
        self, frames: UInt8[np.ndarray, "frames height width 3"]
    ) -> UInt8[np.ndarray, "frames output_height output_width 3"]:
        """The picture's part of canvas frames, as a view of size `output`.

        Raises:
            ValueError: The frames are not of the canvas' size.
        """
        height, width = frames.shape[1:3]
        if (width, height) != (self.canvas.width, self.canvas.height):
            raise ValueError(f"This geometry crops frames of {self.canvas}; got {width}x{height}.")
        return frames[:, self.top : self.top + self.output.height, self.left : self.left + self.output.width]


def canvas_size(source: Size, width: int | None, height: int | None, *, area: int, multiple: int) -> Size:
    """The size of a video of a picture, of which sides may be left open.

    Args:
        source: Size of the picture.
        width: Of the video; if None, what keeps the aspect of the picture beside `height`, to the nearest multiple.
        height: As `width`; if both are None, the canvas that `Geometry.fit` gives for `area`.
        area: Wanted number of pixels where no side is given.
        multiple: Of which both sides are.

    Raises:
        ValueError: A side that is given is no positive multiple of `multiple`.
    """
    for name, side in (("width", width), ("height", height)):
        if side is not None and (side <= 0 or side % multiple):
            raise ValueError(f"The {name} must be a positive multiple of {multiple}; got {side}.")
    if width is not None:
        return Size(width, height if height is not None else _nearest(width / source.width * source.height, multiple))
    if height is not None:
        return Size(_nearest(height / source.height * source.width, multiple), height)
    return Geometry.fit(source, area=area, multiple=multiple).canvas


def _nearest(side: float, multiple: int) -> int:
    return max(1, round(side / multiple)) * multiple


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))


def _round_up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
