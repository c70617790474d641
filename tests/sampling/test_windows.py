"""Window plans cover every frame; ours does not wrap and moves its seams, the published one wraps."""

from itertools import pairwise

import pytest

from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows


@pytest.mark.parametrize("num_frames", [1, 7, 8, 9, 20, 63, 100])
@pytest.mark.parametrize("step", [0, 1, 2, 13])
def test_windows_cover_every_frame_without_wrapping(num_frames, step):
    windows = OverlappingWindows(8, 3)(num_frames, step)
    assert {frame for window in windows for frame in window.frames} == set(range(num_frames))
    for window in windows:
        assert window.frames == tuple(range(window.frames[0], window.frames[0] + min(8, num_frames)))
        assert len(window.weights) == len(window.frames) and (window.weights > 0).all()


def test_neighbours_overlap_by_at_least_what_was_asked():
    for step in range(10):
        windows = OverlappingWindows(8, 3)(50, step)
        for one, other in pairwise(windows):
            assert len(set(one.frames) & set(other.frames)) >= 3


def test_seams_move_from_step_to_step_unless_told_not_to():
    starts = {tuple(w.frames[0] for w in OverlappingWindows(8, 3)(49, step)) for step in range(5)}
    assert len(starts) == 5
    still = {tuple(w.frames[0] for w in OverlappingWindows(8, 3, moving=False)(49, step)) for step in range(5)}
    assert len(still) == 1


@pytest.mark.parametrize(("num_frames", "expected"), [(24, 1), (25, 2), (44, 2), (45, 3), (64, 3), (65, 4), (480, 24)])
def test_no_window_is_added_for_the_sake_of_moving_seams(num_frames, expected):
    for step in range(10):
        assert len(OverlappingWindows(24, 4)(num_frames, step)) == expected


def test_the_weight_in_a_plain_seam_adds_up_to_one():
    windows = OverlappingWindows(8, 3, moving=False)(13, 0)
    total = [0.0] * 13
    for window in windows:
        for frame, weight in zip(window.frames, window.weights.tolist(), strict=True):
            total[frame] += weight
    assert total[3:10] == pytest.approx([1.0] * 7)


def test_the_closed_loop_wraps_to_the_first_frames():
    windows = [window.frames for window in ClosedLoopWindows(8, 2)(20, 5)]
    assert windows[-1] == (18, 19, 0, 1, 2, 3, 4, 5)
    assert len(windows) == 4


@pytest.mark.parametrize("overlap", [-1, 8])
def test_an_impossible_overlap_is_refused(overlap):
    with pytest.raises(ValueError, match="overlap"):
        OverlappingWindows(8, overlap)
