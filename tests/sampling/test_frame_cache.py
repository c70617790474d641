"""Frames are made once as long as they can be kept, and are the same whether kept or not."""

import pytest
import torch

from animate_anyone.sampling.frame_cache import FrameCache

BYTES_OF_ONE = 2 * 3 * 3 * 4


class Numbered:
    """Makes frames that hold their own number, and remembers which it made."""

    def __init__(self):
        self.made: list[int] = []

    def __call__(self, frames):
        self.made += frames
        return torch.tensor(frames).float()[None, None, :, None, None].expand(1, 2, len(frames), 3, 3)


@pytest.mark.parametrize(("kept", "made"), [(9, [2, 0, 1, 3]), (2, [2, 0, 1, 1, 3, 3]), (0, [2, 0, 1, 2, 0, 1, 3, 3])])
def test_frames_are_kept_as_far_as_there_is_memory(kept, made):
    frames = Numbered()
    cache = FrameCache(frames, max_bytes=kept * BYTES_OF_ONE)
    for wanted in ((2, 0, 1), (2, 0, 1, 3), (3, 2)) if kept != 0 else ((2, 0, 1), (2, 0, 1, 3), (3,)):
        got = cache(wanted)
        assert got.shape == (1, 2, len(wanted), 3, 3)
        assert got[0, 1, :, 2, 2].tolist() == list(wanted)
    assert frames.made == made


def test_a_frame_that_comes_twice_is_made_once():
    frames = Numbered()
    assert FrameCache(frames, max_bytes=0)((4, 4, 1))[0, 0, :, 0, 0].tolist() == [4, 4, 1]
    assert frames.made == [4, 1]


def test_what_is_kept_does_not_hold_on_to_what_is_not():
    cache = FrameCache(Numbered(), max_bytes=BYTES_OF_ONE)
    cache(range(50))
    assert sum(frame.untyped_storage().nbytes() for frame in cache.kept.values()) == BYTES_OF_ONE
