import numpy as np

from animate_anyone.media.panels import GROUND, side_by_side
from animate_anyone.media.size import Size


def test_pictures_stand_in_order_under_a_strip():
    red = np.full((10, 20, 3), (200, 0, 0), dtype=np.uint8)
    blue = np.full((40, 80, 3), (0, 0, 200), dtype=np.uint8)
    sheet = side_by_side({"a": red, "b": blue}, size=Size(80, 40))
    assert sheet.shape == (16 + 40, 160, 3)
    np.testing.assert_array_equal(sheet[16:, :80], np.broadcast_to(red[0, 0], (40, 80, 3)))
    np.testing.assert_array_equal(sheet[16:, 80:], np.broadcast_to(blue[0, 0], (40, 80, 3)))
    for left in (0, 80):
        strip = sheet[:16, left : left + 80]
        np.testing.assert_array_equal(strip[0, 0], GROUND)
        assert (strip != GROUND).any(), "no name is written"
