"""Rates found from timestamps, and resampling by them."""

from fractions import Fraction

import numpy as np
import pytest

from animate_anyone.media.limits import MIN_FPS
from animate_anyone.media.timing import Timing, exact_rate, fit_timing, resample


def shown(times: list[float], timing: Timing) -> list[int]:
    return list(resample(zip(times, range(len(times)), strict=True), start=timing.start, fps=timing.fps,
                         num_frames=timing.num_frames))  # fmt: skip


@pytest.mark.parametrize("fps", [24000 / 1001, 24, 25, 30000 / 1001, 30, 60, 12, 7.3])
@pytest.mark.parametrize("resolution", [1e-5, 1e-3])
@pytest.mark.parametrize("begin", [0.0, 8.333])
def test_constant_rate_is_found_and_keeps_every_frame(fps: float, resolution: float, begin: float):
    times = [round((begin + i / fps) / resolution) * resolution for i in range(400)]
    timing = fit_timing(times, last_duration=1 / fps, resolution=resolution)
    assert timing.constant
    assert timing.fps == pytest.approx(fps, rel=1e-9 if fps != 7.3 else 1e-3)
    assert shown(times, timing) == list(range(400))


def test_declared_rate_is_preferred_when_it_agrees():
    times = [i / 24.5 for i in range(20)]
    assert fit_timing(times, last_duration=0, resolution=1e-3, declared_fps=24.5).fps == 24.5
    assert fit_timing(times, last_duration=0, resolution=1e-3, declared_fps=90000).fps == pytest.approx(24.5)


def test_jitter_below_half_a_frame_keeps_every_frame():
    rng = np.random.default_rng(0)
    times = sorted((np.arange(300) / 30 + rng.uniform(-0.45, 0.45, 300) / 30).tolist())
    timing = fit_timing(times, last_duration=1 / 30, resolution=1e-4)
    assert timing.constant and timing.num_frames == 300 and timing.fps == 30
    assert shown(times, timing) == list(range(300))


def test_variable_rate_is_resampled_by_times_within_half_a_frame():
    intervals = [1 / 30] * 100 + [1 / 10] * 99
    times = [0.0, *np.cumsum(intervals).tolist()]
    timing = fit_timing(times, last_duration=1 / 10, resolution=1e-4)
    assert not timing.constant
    assert timing.fps == 30
    assert timing.num_frames == 400  # 100 frames of a thirtieth and 100 of a tenth of a second
    for place, frame in enumerate(shown(times, timing)):
        due = place / timing.fps
        assert times[frame] <= due + 0.5 / 30 + 1e-9
        assert frame + 1 == len(times) or times[frame + 1] > due - 0.5 / 30


def test_dropped_frames_are_held_so_that_sound_stays_in_step():
    rng = np.random.default_rng(0)
    times = [i / 30 + rng.uniform(-0.002, 0.002) for i in range(300) if i % 97 != 40]
    timing = fit_timing(times, last_duration=1 / 30, resolution=1e-4)
    assert not timing.constant and timing.fps == 30 and timing.num_frames == 300
    frames = shown(times, timing)
    assert frames[39] == frames[40] and frames[41] == 40
    assert frames[-1] == len(times) - 1


def test_single_frame_and_standing_clock():
    assert fit_timing([2.0], last_duration=0.04, resolution=1e-3).fps == 25
    assert fit_timing([2.0], last_duration=0.0, resolution=1e-3, declared_fps=12.0).fps == 12
    assert fit_timing([2.0, 2.0], last_duration=0.0, resolution=1e-3).num_frames == 2


def test_resampling_to_other_rates():
    times = [i / 10 for i in range(10)]
    doubled = list(resample(zip(times, range(10), strict=True), start=0.0, fps=20, num_frames=20))
    halved = list(resample(zip(times, range(10), strict=True), start=0.0, fps=5, num_frames=5))
    assert len(doubled) == 20 and sorted(set(doubled)) == list(range(10))
    assert len(halved) == 5 and halved == sorted(halved)


def test_missing_end_is_held_and_surplus_is_not_read():
    assert list(resample([(0.0, "a")], start=0.0, fps=2, num_frames=3)) == ["a", "a", "a"]
    assert list(resample([], start=0.0, fps=2, num_frames=3)) == []
    many = ((i / 2, i) for i in range(10**9))
    assert list(resample(many, start=0.0, fps=2, num_frames=3)) == [0, 1, 2]


def test_the_lowest_rate_is_no_standstill():
    assert exact_rate(MIN_FPS) == Fraction(1, 1000)


def test_exact_rates():
    assert exact_rate(30000 / 1001).limit_denominator() == exact_rate(29.97002997)
    assert (exact_rate(30000 / 1001).numerator, exact_rate(30000 / 1001).denominator) == (30000, 1001)
    assert exact_rate(24) == 24 and exact_rate(12.5) * 2 == 25
