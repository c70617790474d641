"""The walk along a clip visits everything once, in an order that is possible, and leaves little waiting."""

import pytest

from animate_anyone.sampling.walk import goes_along, walk
from animate_anyone.sampling.windows import ClosedLoopWindows, OverlappingWindows


def single(plan):
    return [[window] for window in plan]


@pytest.mark.parametrize("plan", [OverlappingWindows(8, 3), OverlappingWindows(8, 5), ClosedLoopWindows(8, 2)])
@pytest.mark.parametrize("num_frames", [5, 21, 100])
@pytest.mark.parametrize("num_steps", [1, 2, 4])
def test_every_window_is_visited_once_a_step_after_all_that_it_needs(plan, num_frames, num_steps):
    batches = single(plan(num_frames, 0))
    visits = list(walk(batches, num_steps))
    assert sorted(visits) == [(step, batch) for step in range(num_steps) for batch in range(len(batches))]
    for position, (step, batch) in enumerate(visits):
        frames = set(batches[batch][0].frames)
        neighbours = {i for i, [other] in enumerate(batches) if frames & set(other.frames)}
        assert step == 0 or {(step - 1, i) for i in neighbours} <= set(visits[:position])


def test_a_single_step_goes_from_start_to_end():
    assert list(walk(single(OverlappingWindows(8, 3)(30, 0)), 1)) == [(0, batch) for batch in range(6)]


def test_a_later_step_comes_first():
    batches = single(OverlappingWindows(8, 3, moving=False)(18, 0))
    assert list(walk(batches, 2)) == [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (1, 2)]


@pytest.mark.parametrize("num_frames", [100, 1000])
def test_few_windows_wait_however_long_the_clip(num_frames):
    waiting, most = set(), 0
    for step, batch in walk(single(OverlappingWindows(8, 3)(num_frames, 0)), 3):
        waiting.add(batch)
        most = max(most, len(waiting))
        if step == 2:
            waiting.remove(batch)
    # As many as there are steps, and one more at the end, where the last window can overlap two before it.
    assert most == 4


def test_only_plans_that_wrap_around_or_start_again_do_not_go_along():
    assert goes_along(OverlappingWindows(8, 3)(100, 1)) and goes_along(ClosedLoopWindows(8, 3)(8, 0))
    assert not goes_along(ClosedLoopWindows(8, 3)(100, 0))
    assert not goes_along(ClosedLoopWindows(8, 0, stride=2)(16, 0))
