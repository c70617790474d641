"""Still pictures in and out: whatever the file's mode, orientation and colour profile, 8-bit sRGB comes out."""

import io
import logging
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from animate_anyone.errors import MediaError
from animate_anyone.media.atomic import complete_file, reported
from animate_anyone.media.limits import MAX_IMAGE_PIXELS, check_file, check_size

logger = logging.getLogger(__name__)

BACKGROUND = (128, 128, 128)
"""Colour behind transparent pixels unless another is asked for: mid-grey, neither hiding dark nor light figures."""

READABLE_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
WRITABLE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")

DECODE_ERRORS = (
    OSError, RuntimeError, SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, EOFError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow's readers raise on damaged bytes. Catch them around nothing but calls of Pillow."""


def load_image(path: Path | str, *, background: tuple[int, int, int] = BACKGROUND) -> Image.Image:
    """Read a picture as 8-bit sRGB, upright, with nothing of the file's metadata.

    Of an animated file the first frame is taken. The format is decided by the content, never by the suffix.

    Args:
        path: A JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file.
        background: RGB colour that transparent pixels are laid on.

    Raises:
        MediaError: Not a picture, damaged, or beyond the limits of `media.limits`.
    """
    path = Path(path)
    check_file(path, expected="a picture")
    Image.init()
    formats = [name for name in READABLE_FORMATS if name in Image.OPEN]  # Pillow may be built without AVIF
    try:
        with Image.open(path, formats=formats) as image:
            check_size(path, *image.size, max_pixels=MAX_IMAGE_PIXELS)
            image.load()
            upright = ImageOps.exif_transpose(image)
    except Image.UnidentifiedImageError as error:
        raise MediaError(
            f"{path}: is not a picture that can be read. Expected one of {', '.join(formats)}; "
            "convert it to PNG or JPEG first."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaError(
            f"{path}: has more than {MAX_IMAGE_PIXELS / 1e6:.0f} million pixels ({error}). Scale it down first."
        ) from error
    except DECODE_ERRORS as error:
        raise MediaError(
            f"{path}: the picture is damaged or cut off ({error}). Download or export it again."
        ) from error
    return to_rgb(path, upright, background=background)


def to_rgb(path: Path, image: Image.Image, *, background: tuple[int, int, int]) -> Image.Image:
    """Turn a decoded picture of any mode into 8-bit sRGB; `path` is for messages only.

    Raises:
        MediaError: Values whose range is not defined, such as floating point.
    """
    if image.mode.startswith("I"):
        image = _eight_bit(path, image)
    if image.mode == "F":
        raise MediaError(f"{path}: holds floating-point values, whose range is not defined. Export it as 8 or 16 bit.")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", image.size, background)
        colours = _to_srgb(path, rgba.convert("RGB"), image.info.get("icc_profile"))
        ground.paste(colours, mask=rgba.getchannel("A"))
        return ground
    if image.mode not in ("RGB", "CMYK", "L", "LAB"):
        image = image.convert("RGB")
    return _to_srgb(path, image, image.info.get("icc_profile"))


def save_image(image: Image.Image, path: Path | str) -> None:
    """Write a picture as PNG, JPEG (quality 95) or WebP (quality 95) by suffix, under its name only when complete.

    Raises:
        MediaError: Another suffix, or the place cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITABLE_SUFFIXES:
        raise MediaError(
            f"{path}: pictures are written as {', '.join(WRITABLE_SUFFIXES)}; got '{path.suffix}'. Change the suffix."
        )
    with complete_file(path) as temporary, reported(path):
        # Quality is a setting of JPEG and WebP; PNG is lossless and has none.
        image.convert("RGB").save(temporary, quality=95)


def _eight_bit(path: Path, image: Image.Image) -> Image.Image:
    """Grey of 16 bits, which Pillow would clip instead of scale."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise MediaError(f"{path}: holds grey values from {values.min()} to {values.max()}. Export it as 8 or 16 bit.")
    return Image.fromarray((values.astype(np.uint32) * 255 // 65535).astype(np.uint8))


def _to_srgb(path: Path, image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the embedded colour profile; without one the values are taken for sRGB, as browsers do."""
    if profile is not None:
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError) as error:
            logger.warning("%s: colour profile ignored, since it cannot be applied (%s).", path, error)
        else:
            assert converted is not None  # None only when converting in place
            return _without_metadata(converted)
    return _without_metadata(image.convert("RGB"))


def _without_metadata(image: Image.Image) -> Image.Image:
    # Pillow writes what it finds here into files it saves: position, owner and time of the photograph.
    image.info.clear()
    return image
