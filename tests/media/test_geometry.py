"""Pictures, points and outputs agree about where things are."""

import itertools

import numpy as np
import pytest
from PIL import Image

from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size

SOURCES = [Size(1080, 1920), Size(1920, 1080), Size(64, 64), Size(463, 615), Size(17, 131), Size(577, 511)]
FITS = [{"area": 128 * 128}, {"area": 300_000}, {"short_side": 128}, {"short_side": 511}]
CASES = [(source, fit, multiple) for source, fit, multiple in itertools.product(SOURCES, FITS, [2, 8, 64])]


def dot_picture(size: Size, x: float, y: float, *, radius: float) -> Image.Image:
    """A soft white dot on black."""
    columns, rows = np.meshgrid(np.arange(size.width), np.arange(size.height))
    brightness = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
    return Image.fromarray((255 * brightness).astype(np.uint8)).convert("RGB")


def centre_of_light(pixels: np.ndarray) -> tuple[float, float]:
    light = pixels[..., 0].astype(float)
    columns, rows = np.meshgrid(np.arange(light.shape[1]), np.arange(light.shape[0]))
    return float((light * columns).sum() / light.sum()), float((light * rows).sum() / light.sum())


@pytest.mark.parametrize(("source", "fit", "multiple"), CASES)
def test_canvas_and_output_keep_their_promises(source: Size, fit: dict[str, int], multiple: int):
    geometry = Geometry.fit(source, multiple=multiple, **fit)
    canvas, output = geometry.canvas, geometry.output

    assert canvas.width % multiple == 0 and canvas.height % multiple == 0
    assert output.width % 2 == 0 and output.height % 2 == 0
    assert 0 <= canvas.width - output.width < multiple and 0 <= canvas.height - output.height < multiple
    # The same scale on both axes would give these sides; rounding to even numbers moves each by a pixel at most.
    scale = (
        np.sqrt(fit["area"] / source.area) if "area" in fit else fit["short_side"] / min(source.width, source.height)
    )
    assert abs(output.width - source.width * scale) <= 1
    assert abs(output.height - source.height * scale) <= 1


def test_area_fit_is_about_the_area_whatever_the_aspect():
    for source in SOURCES:
        output = Geometry.fit(source, area=128 * 128).output
        assert output.area == pytest.approx(128 * 128, rel=0.06), source


def test_square_source_fills_its_canvas():
    geometry = Geometry.fit(Size(700, 700), area=128 * 128)
    assert geometry.canvas == geometry.output == Size(128, 128)


@pytest.mark.parametrize("source", [Size(240, 180), Size(90, 160), Size(301, 207)])
@pytest.mark.parametrize("area", [64 * 64, 256 * 256])
def test_points_land_where_the_pixels_land(source: Size, area: int):
    geometry = Geometry.fit(source, area=area)
    point = np.array([[source.width * 0.6, source.height * 0.4]])
    picture = dot_picture(source, *point[0], radius=6.0)

    on_canvas = np.asarray(geometry.to_canvas(picture, fill="black"))

    assert centre_of_light(on_canvas) == pytest.approx(tuple(geometry.points_to_canvas(point)[0]), abs=0.1)


def test_corners_of_the_source_are_corners_of_the_output():
    geometry = Geometry.fit(Size(463, 615), area=128 * 128)
    corners = np.array([[-0.5, -0.5], [462.5, 614.5]], dtype=np.float32)
    mapped = geometry.points_to_canvas(corners)
    assert mapped.dtype == np.float32
    expected = [
        [geometry.left - 0.5, geometry.top - 0.5],
        [geometry.left + geometry.output.width - 0.5, geometry.top + geometry.output.height - 0.5],
    ]
    np.testing.assert_allclose(mapped, expected, atol=1e-4)


def test_points_of_any_leading_shape():
    geometry = Geometry.fit(Size(200, 100), area=64 * 64)
    points = np.random.default_rng(0).uniform(0, 100, (3, 5, 2))
    np.testing.assert_allclose(geometry.points_to_canvas(points)[1, 2], geometry.points_to_canvas(points[1, 2]))


def test_crop_undoes_the_padding():
    geometry = Geometry.fit(Size(90, 160), area=64 * 64, multiple=64)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 90, 3), dtype=np.uint8))
    canvas = np.asarray(geometry.to_canvas(picture))[None]

    cropped = geometry.crop(canvas)

    expected = picture.resize((geometry.output.width, geometry.output.height), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(cropped[0], np.asarray(expected))
    assert cropped.base is not None  # a view: nothing was copied


def test_fill_repeats_the_edge_or_is_black():
    geometry = Geometry.fit(Size(50, 100), short_side=40, multiple=64)
    picture = Image.new("RGB", (50, 100), (10, 200, 30))

    edge = np.asarray(geometry.to_canvas(picture))
    black = np.asarray(geometry.to_canvas(picture, fill="black"))

    assert (edge == (10, 200, 30)).all()
    assert (black[:, : geometry.left] == 0).all() and (black[:, geometry.left + 40 :] == 0).all()
    assert (black[geometry.top : geometry.top + 80, geometry.left : geometry.left + 40] == (10, 200, 30)).all()


@pytest.mark.parametrize("driving", SOURCES)
def test_another_picture_is_placed_whole_in_the_output(driving: Size):
    reference = Geometry.fit(Size(463, 615), area=128 * 128)
    placed = reference.placed(driving)

    assert placed.canvas == reference.canvas
    assert reference.left <= placed.left and reference.top <= placed.top
    assert placed.left + placed.output.width <= reference.left + reference.output.width
    assert placed.top + placed.output.height <= reference.top + reference.output.height
    scale = min(reference.output.width / driving.width, reference.output.height / driving.height)
    assert abs(placed.output.width - driving.width * scale) <= 1
    assert abs(placed.output.height - driving.height * scale) <= 1


def test_same_aspect_is_placed_on_the_same_pixels():
    reference = Geometry.fit(Size(540, 960), area=128 * 128)
    placed = reference.placed(Size(1080, 1920))
    assert (placed.left, placed.top, placed.output) == (reference.left, reference.top, reference.output)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"area": 100, "short_side": 10}, {"area": 0}, {"short_side": -3}, {"area": 100, "multiple": 7}],
)
def test_fit_refuses_contradictions(arguments: dict[str, int]):
    with pytest.raises(ValueError):
        Geometry.fit(Size(10, 10), **arguments)


def test_pictures_and_frames_of_another_size_are_refused():
    geometry = Geometry.fit(Size(100, 50), area=64 * 64)
    with pytest.raises(ValueError, match="for pictures of 100x50; got 50x100"):
        geometry.to_canvas(Image.new("RGB", (50, 100)))
    with pytest.raises(ValueError, match="crops frames of"):
        geometry.crop(np.zeros((1, 8, 8, 3), dtype=np.uint8))


def test_sizes_are_positive():
    with pytest.raises(ValueError, match="0x3"):
        Size(0, 3)
    assert str(Size(4, 3)) == "4x3" and Size(4, 3).area == 12
