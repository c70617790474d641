"""Pictures of every mode come out as upright 8-bit sRGB; bad ones give one clear error."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from animate_anyone.errors import MediaError
from animate_anyone.media import limits
from animate_anyone.media.image import load_image, save_image

WIDTH, HEIGHT = 48, 32


@pytest.fixture
def picture() -> Image.Image:
    """Four flat quarters, so that the order of sides shows and lossy formats stay close."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[:16, :24], pixels[:16, 24:] = (200, 60, 40), (40, 180, 60)
    pixels[16:, :24], pixels[16:, 24:] = (50, 70, 200), (230, 220, 90)
    return Image.fromarray(pixels)


def assert_close(image: Image.Image, expected: Image.Image, *, atol: int) -> None:
    assert image.mode == "RGB" and image.size == expected.size
    # Quarter centres: block edges of lossy formats lie elsewhere.
    for x, y in [(12, 8), (36, 8), (12, 24), (36, 24)]:
        np.testing.assert_allclose(image.getpixel((x, y)), expected.getpixel((x, y)), atol=atol)


@pytest.mark.parametrize(
    ("kind", "atol"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("GIF", 0), ("JPEG", 4), ("WEBP", 6), ("AVIF", 8)]
)
def test_formats_are_told_by_content(kind: str, atol: int, picture: Image.Image, tmp_path: Path):
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"This Pillow is built without {kind}.")
    path = tmp_path / "picture.dat"
    picture.save(path, kind)
    assert_close(load_image(path), picture, atol=atol)


@pytest.mark.parametrize(
    ("orientation", "operation"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_orientation_is_applied(orientation: int, operation, picture: Image.Image, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture if operation is None else picture.transpose(operation)
    stored.save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "photo.png"), picture)


def test_metadata_is_dropped(picture: Image.Image, tmp_path: Path):
    exif = Image.Exif()
    exif[0x010E] = "canary"
    picture.save(tmp_path / "in.jpg", exif=exif, comment=b"canary")
    save_image(load_image(tmp_path / "in.jpg"), tmp_path / "out.jpg")
    assert b"canary" in (tmp_path / "in.jpg").read_bytes()
    assert b"canary" not in (tmp_path / "out.jpg").read_bytes()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_the_background(mode: str, tmp_path: Path):
    path = tmp_path / ("a.tiff" if mode == "PA" else "a.png")
    image = Image.new("RGBA", (WIDTH, HEIGHT), (200, 200, 200, 255))
    image.paste((200, 200, 200, 0), (0, 0, 24, HEIGHT))
    image.paste((200, 200, 200, 128), (0, 0, 12, 16))
    image.convert(mode).save(path)

    loaded, on_red = load_image(path), load_image(path, background=(255, 0, 0))

    assert loaded.getpixel((40, 8)) == (200, 200, 200)
    assert loaded.getpixel((20, 24)) == (128, 128, 128)
    np.testing.assert_allclose(loaded.getpixel((4, 4)), (164, 164, 164), atol=1)
    assert on_red.getpixel((20, 24)) == (255, 0, 0)


def test_palette_with_a_transparent_entry(tmp_path: Path):
    image = Image.new("P", (WIDTH, HEIGHT), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(1, (24, 0, WIDTH, HEIGHT))
    image.save(tmp_path / "p.png", transparency=0)
    loaded = load_image(tmp_path / "p.png")
    assert loaded.getpixel((4, 4)) == (128, 128, 128) and loaded.getpixel((40, 4)) == (200, 100, 50)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_modes(mode: str, tmp_path: Path):
    image = Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255)).convert(mode)
    image.save(tmp_path / "a.tiff")
    assert load_image(tmp_path / "a.tiff").getpixel((5, 5)) == (255, 255, 255)


def test_cmyk_jpeg(picture: Image.Image, tmp_path: Path):
    picture.convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert_close(load_image(tmp_path / "a.jpg"), picture, atol=4)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_are_scaled_not_clipped(suffix: str, tmp_path: Path):
    values = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / f"deep{suffix}")
    loaded = np.asarray(load_image(tmp_path / f"deep{suffix}"))
    np.testing.assert_allclose(loaded[..., 0], values / 257, atol=1)
    np.testing.assert_array_equal(loaded[..., 0], loaded[..., 2])


def test_floating_point_is_refused(tmp_path: Path):
    Image.fromarray(np.zeros((HEIGHT, WIDTH), dtype=np.float32)).save(tmp_path / "f.tiff")
    with pytest.raises(MediaError, match="floating-point"):
        load_image(tmp_path / "f.tiff")


def test_colour_profile_is_applied(picture: Image.Image, tmp_path: Path):
    # Linear light in the profile: mid values must come out brighter in sRGB.
    xyz = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(tmp_path / "srgb.png", icc_profile=xyz)
    assert_close(load_image(tmp_path / "srgb.png"), picture, atol=1)


def test_broken_colour_profile_is_ignored_aloud(picture: Image.Image, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    picture.save(tmp_path / "a.png", icc_profile=b"nonsense")
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), picture)
    assert "colour profile ignored" in caplog.text


def test_first_frame_of_an_animation(picture: Image.Image, tmp_path: Path):
    picture.save(tmp_path / "a.webp", save_all=True, append_images=[Image.new("RGB", picture.size)], lossless=True)
    np.testing.assert_array_equal(load_image(tmp_path / "a.webp"), picture)


def test_what_is_no_picture(tmp_path: Path):
    (tmp_path / "text.png").write_text("<svg/>" * 50)
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    for name, said in [
        ("text.png", "not a picture that can be read"),
        ("empty.png", "is empty"),
        ("missing.png", "no such file"),
        ("pipe.png", "device or pipe"),
        (".", "is a folder"),
    ]:
        with pytest.raises(MediaError, match=said) as caught:
            load_image(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    with pytest.raises(MediaError, match="no such file"):
        load_image("null\0character.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_cut_off_pictures(kind: str, tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole", kind)
    data = (tmp_path / "whole").read_bytes()
    for cut in range(1, 20):
        (tmp_path / "cut").write_bytes(data[: len(data) * cut // 21])
        with pytest.raises(MediaError, match="cut: "):
            load_image(tmp_path / "cut")


@pytest.mark.parametrize(
    ("size", "said"),
    [((8, 400), "each side needs at least"), ((20, 400), "times the short one"), ((9000, 9000), "at most 64 million")],
)
def test_absurd_sizes_are_refused(size: tuple[int, int], said: str, tmp_path: Path):
    Image.new("1", size).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match=said):
        load_image(tmp_path / "a.png")


def test_decompression_bombs_are_refused_from_the_header(tmp_path: Path):
    for side in (12_000, 50_000):  # Pillow warns of the first and refuses the second by itself
        header = bytearray(_png_header(side, side))
        (tmp_path / "bomb.png").write_bytes(header)
        with pytest.raises(MediaError, match="million"):
            load_image(tmp_path / "bomb.png")


def _png_header(width: int, height: int) -> bytes:
    import struct
    import zlib

    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ihdr = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + ihdr + struct.pack(">I", 4) + b"IDATabcd" + bytes(4)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_saving(suffix: str, picture: Image.Image, tmp_path: Path):
    path = tmp_path / "new" / f"a{suffix}"
    save_image(picture, path)
    assert_close(load_image(path), picture, atol=0 if suffix == ".png" else 6)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_saving_refuses_other_suffixes_and_bad_places(picture: Image.Image, tmp_path: Path):
    with pytest.raises(MediaError, match=r"got '\.exe'"):
        save_image(picture, tmp_path / "a.exe")
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="cannot be written"):
        save_image(picture, tmp_path / "file" / "a.png")


def test_limits_are_consistent():
    assert limits.MAX_FRAME_PIXELS <= limits.MAX_IMAGE_PIXELS
    assert limits.MAX_FRAMES / limits.MAX_SECONDS >= 30
