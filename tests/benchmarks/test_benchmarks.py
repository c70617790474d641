"""The plain loop computes what the pipeline does, work keeps to its budgets, and all parts run."""

import json
from pathlib import Path

import pytest
import torch

from animate_anyone.media.size import Size
from benchmarks.drift import Drift, drift_of_random_networks
from benchmarks.memory import RUNS, Memory
from benchmarks.networks import shapes_of_toys
from benchmarks.page import PLACE, filled
from benchmarks.report import Report, machine, read_report
from benchmarks.streaming import Growth, measure_growth
from benchmarks.timing import Timing, measure_time
from benchmarks.tracking import Tracking, measure_tracking
from benchmarks.training import Training, TrainingMemory, measure_training, take_a_step
from benchmarks.utilisation import Utilisation, measure_utilisation
from benchmarks.work import ClipTotals, Counted, Proportions, count_full_size, count_toys

PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"
SMALL = {
    "batch_size": 1,
    "data.size": 32,
    "data.num_frames": 2,
    "diffusion.targets_per_reference": 1,
    "models.unet.block_out_channels": [32, 32, 32],
    "models.pose_guider.block_out_channels": [4, 4, 8],
}


@pytest.fixture(scope="module")
def full_size() -> Counted:
    return count_full_size()


def test_the_work_for_a_clip_keeps_to_its_budget(full_size: Counted):
    work = full_size.totals(num_frames=64, num_steps=20)
    assert work.num_frames == 64 and work.num_steps == 20 and work.size == Size(512, 768)
    assert work.pipeline <= 5_600
    assert work.stream_steps == 4 and work.stream <= 530
    assert work.fast <= 2_300 and work.plain / work.fast >= 3.5
    # What published programs spend; the count of the plain loop is checked by it.
    assert work.plain == pytest.approx(8_841, rel=0.001)


def test_the_work_of_the_toys_is_divided_as_that_of_full_size(full_size: Counted):
    full, toys = full_size.proportions(), count_toys().proportions()
    for name in ("attention", "convolutions", "matrices", "last_layer", "left_out"):
        assert getattr(toys, name) == pytest.approx(getattr(full, name), abs=0.03), name
    # What a clip costs beside its steps: about a step with guidance, or little of one, for each frame.
    assert toys.decoding == pytest.approx(full.decoding, abs=0.3)
    assert toys.tiny_decoding < 0.15 and toys.guiding < 0.05


@pytest.mark.parametrize("num_frames", [5, 30])
def test_the_pipeline_gives_what_the_plain_loop_does(num_frames):
    timing = measure_time(num_frames, num_steps=2, rounds=1)
    assert 0 < timing.difference <= 1e-4
    assert timing.plain_seconds > 0 and timing.own_windows_ratio > 0 and timing.stream_ratio > 0


@pytest.fixture
def report() -> Report:
    return Report(
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
        proportions={
            "toys": Proportions(
                attention=0.31,
                convolutions=0.29,
                matrices=0.4,
                last_layer=0.11,
                left_out=0.16,
                decoding=0.79,
                tiny_decoding=0.1,
                guiding=0.03,
            )
        },
        work=ClipTotals(
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
        training=Training(
            batch_size=8,
            frames=32,
            rounds=5,
            uncached_seconds=4.2,
            cached_seconds=3.0,
            in_memory_seconds=2.5,
            checkpointing_seconds=3.5,
            loading_seconds=0.1,
        ),
        training_memory=TrainingMemory(plain=2**31, checkpointing=2**30),
        tracking=Tracking(
            num_frames=32, rounds=5, share=0.1, searching_seconds=6.0, following_seconds=1.0, difference=0.6
        ),
        utilisation=Utilisation(
            device="a GPU",
            torch="2.9",
            rounds=5,
            peak=600.0,
            window_work=60.0,
            window_seconds=0.25,
            training_work=30.0,
            training_seconds=0.1,
        ),
    )


def test_the_report_says_the_same_in_both_forms(report: Report):
    figures = json.loads(json.dumps(report.to_json()))
    table = report.to_markdown()
    assert figures["timings"][0]["own_windows_ratio"] == 1.5
    assert all(f"1 / {ratio}" in table for ratio in ("1.25", "1.50", "3.00", "12.00"))
    assert figures["machine"]["threads"] in table
    assert "| Peak memory at 512 frames | 1024 (+100.0%) | 512 (+0.0%) | 512 (+0.0%) | 256 (+0.0%) |" in table
    assert "20 steps, guidance 2, tiny ones |  | 0 | 0.031 |  | standard deviations |" in table
    assert f"{figures['work']['pipeline']:,.0f}" in table and f"| {figures['work']['stream']:.0f} |" in table
    assert figures["growth"]["ratio"] == 4 and "| Time for 480 frames in that for 120 |  |  |  | 4.00 |" in table
    assert "| Time, with clips in the cache | 1 | 1 / 1.40 | least of 5 |" in table
    assert "| Making its batch, of the step's own time | 0 | 4.0% | least of 5 |" in table
    assert "| Peak memory, with gradient checkpointing | 2048 | 1024 | MiB of the whole process |" in table
    assert "| 1 | 1 / 6.00 | least of 5 |" in table
    assert "| Work, counted | toys |" in table and "| attention, of a window of the plain loop | 0.31 |" in table
    assert "| Denoising a window of frames, float16 | 60.0 TFLOP | 0.250 s | 40% |" in table


def test_parts_that_were_not_run_are_left_out():
    table = Report(machine=machine()).to_markdown()
    assert "not run: no GPU" in table
    assert "Peak memory" not in table and "keypoints" not in table


def test_a_report_is_read_back_and_put_into_a_page(report: Report, tmp_path: Path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report.to_json()))
    assert read_report(path) == report
    page = "Before.\n\n<!-- figures: poses -->\nold\n<!-- end -->\n\n<!-- figures: machine -->\n<!-- end -->\nAfter.\n"
    text = filled(page, report)
    assert report.tables()["poses"] in text and report.machine_line() in text
    assert "old" not in text and text.startswith("Before.\n") and text.endswith("After.\n")
    assert filled(text, report) == text


def test_the_page_on_performance_has_the_figures_beside_it(report: Report):
    text = PERFORMANCE.read_text(encoding="utf-8")
    assert {match["name"] for match in PLACE.finditer(text)} == {"machine", *report.tables()}
    figures = PERFORMANCE.with_suffix(".json")
    if not figures.is_file():
        pytest.skip("docs/performance.json was not made yet: python -m benchmarks --json ... --page ...")
    assert filled(text, read_report(figures)) == text


def test_following_a_person_finds_what_searching_does():
    tracking = measure_tracking(5, rounds=1, share=0.001)
    assert tracking.difference <= 1
    assert tracking.searching_seconds > 0 and tracking.following_seconds > 0


def test_a_training_step_is_taken_in_every_way(tmp_path: Path):
    training = measure_training(rounds=1, overrides=SMALL)
    assert (training.batch_size, training.frames) == (1, 1)
    assert training.cache_ratio > 0 and training.loading_share > 0 and training.checkpointing_ratio > 0
    take_a_step("checkpointing", tmp_path, SMALL)


def test_the_use_of_a_device_is_measured():
    device = torch.device("cpu")
    found = measure_utilisation(device, rounds=1, size=Size(64, 64), frames=2, matrix_side=64, networks=shapes_of_toys)
    assert found.device == "cpu" and found.peak > 0
    assert found.window_work > 0 and found.training_work > found.window_work
    assert found.window_share > 0 and found.training_share > 0


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
