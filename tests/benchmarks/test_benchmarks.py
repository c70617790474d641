"""The plain loop computes what the pipeline does, and pipeline and stream keep to their budgets of work."""

import json

import pytest

from animate_anyone.media.size import Size
from benchmarks.drift import Drift, drift_of_random_networks
from benchmarks.memory import RUNS, Memory
from benchmarks.report import Report, machine
from benchmarks.streaming import Growth, measure_growth
from benchmarks.timing import Timing, measure_time
from benchmarks.work import Work, count_work


def test_the_work_for_a_clip_keeps_to_its_budget():
    work = count_work()
    assert work.num_frames == 64 and work.num_steps == 20 and work.size == Size(512, 768)
    assert work.pipeline <= 5_600
    assert work.stream_steps == 4 and work.stream <= 530
    assert work.fast <= 2_300 and work.plain / work.fast >= 3.5
    # What published programs spend; the count of the plain loop is checked by it.
    assert work.plain == pytest.approx(8_841, rel=0.001)


@pytest.mark.parametrize("num_frames", [5, 30])
def test_the_pipeline_gives_what_the_plain_loop_does(num_frames):
    timing = measure_time(num_frames, num_steps=2, rounds=1)
    assert 0 < timing.difference <= 1e-4
    assert timing.plain_seconds > 0 and timing.own_windows_ratio > 0 and timing.stream_ratio > 0


def test_the_report_says_the_same_in_both_forms():
    report = Report(
        machine=machine(),
        timings=(
            Timing(
                num_frames=64,
                num_steps=20,
                rounds=5,
                plain_seconds=3.0,
                same_windows_seconds=2.4,
                own_windows_seconds=2.0,
                stream_seconds=0.25,
                fast_seconds=1.0,
                difference=2e-6,
            ),
        ),
        work=Work(
            num_frames=64,
            size=Size(512, 768),
            num_steps=20,
            plain=8841.0,
            pipeline=5566.0,
            fast=2266.0,
            stream_steps=4,
            stream=510.0,
        ),
        memory=Memory(
            pipeline={64: 2**29, 512: 2**29},
            fast={64: 2**29, 512: 2**29},
            plain={64: 2**29, 512: 2**30},
            stream={64: 2**28, 512: 2**28},
        ),
        growth=Growth(num_steps=4, rounds=5, seconds={120: 0.5, 480: 2.0}),
        drifts=(
            Drift(
                networks="tiny ones",
                num_frames=8,
                num_steps=20,
                guidance_scale=2.0,
                largest=0.7,
                rms=0.031,
                psnr=45.0,
            ),
        ),
    )
    figures = json.loads(json.dumps(report.to_json()))
    table = report.to_markdown()
    assert figures["timings"][0]["own_windows_ratio"] == 1.5
    assert all(f"1 / {ratio}" in table for ratio in ("1.25", "1.50", "3.00", "12.00"))
    assert figures["machine"]["threads"] in table
    assert "| Peak memory at 512 frames | 1024 (+100.0%) | 512 (+0.0%) | 512 (+0.0%) | 256 (+0.0%) |" in table
    assert "20 steps, guidance 2, tiny ones |  | 0 | 0.031 |  | standard deviations |" in table
    assert f"{figures['work']['pipeline']:,.0f}" in table and f"| {figures['work']['stream']:.0f} |" in table
    assert figures["growth"]["ratio"] == 4 and "| Time for 480 frames in that for 120 |  |  |  | 4.00 |" in table


@pytest.mark.parametrize("name", RUNS)
def test_what_memory_is_measured_of_runs(name):
    RUNS[name](2)


def test_the_growth_of_the_streams_time_is_measured():
    growth = measure_growth((1, 4), rounds=1)
    assert growth.rounds == 1 and growth.num_steps == 4 and list(growth.seconds) == [1, 4]
    assert growth.ratio > 0


def test_drift_is_measured_against_the_exact_clip():
    # With so few steps features are not reused, but the first is without guidance.
    drift = drift_of_random_networks(num_frames=1, num_steps=4)
    assert 0 < drift.rms < drift.largest < 1
    assert 20 < drift.psnr < 100
