import numpy as np
import pytest

from animate_anyone.media.cards import Card, lay_out
from animate_anyone.media.panels import GROUND


def plain(colour: tuple[int, int, int], height: int = 24, width: int = 16) -> np.ndarray:
    return np.full((height, width, 3), colour, dtype=np.uint8)


RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


@pytest.mark.parametrize("width", [240, 642])
@pytest.mark.parametrize("count", [1, 3])
def test_cards_have_equal_margins_and_whole_pictures(count, width):
    card = Card(large=plain(RED), small={"a": plain(GREEN), "b": plain(BLUE)})
    sheet = lay_out([card] * count, width=width)
    assert sheet.shape[1] == width and sheet.shape[0] % 2 == 0
    for colour, share in ((RED, 1), (GREEN, 2), (BLUE, 2)):
        rows, columns = np.nonzero((sheet == colour).all(axis=2))
        tall, across = np.ptp(rows) + 1, len(set(columns)) / count
        assert tall / across == pytest.approx(24 / 16, rel=0.05)
        assert across == pytest.approx(width / count / share, rel=0.1)
    columns = np.flatnonzero((sheet == RED).all(axis=2).any(axis=0))
    assert abs(columns[0] - (width - 1 - columns[-1])) <= 1, "the same margin left and right"
    assert len(np.flatnonzero(np.diff(columns) > 1)) == count - 1
    np.testing.assert_array_equal(sheet[:, 0], np.broadcast_to(GROUND, sheet[:, 0].shape))


def test_small_pictures_have_their_names_above_them():
    with_names, without = (
        lay_out([Card(large=plain(RED), small={name: plain(GREEN)})], width=320) for name in ("reference", " ")
    )
    rows = np.flatnonzero((with_names != without).any(axis=(1, 2)))
    first_picture = np.flatnonzero((with_names == GREEN).all(axis=2).any(axis=1))[0]
    assert len(rows) and rows[-1] < first_picture
