"""A sample depends on seed, step and its number alone."""

import pytest
import torch

from animate_anyone.train.batches import Batches, Sample, pick, seeded_generator


def draw(generator: torch.Generator) -> Sample:
    return {"x": torch.rand(2, generator=generator), "n": torch.tensor(pick(1000, generator))}


def flat(batches: Batches, step: int) -> list[tuple[float, ...]]:
    return [tuple(row.tolist()) for batch in batches[step] for row in batch["x"]]


def test_a_step_gives_the_same_batch_whenever_it_is_asked_for():
    batches = Batches(draw=draw, seed=3, batch_size=4)
    late = flat(batches, 7)
    assert [flat(batches, step) for step in range(8)][7] == late


def test_processes_and_accumulation_share_out_the_same_samples():
    whole = flat(Batches(draw=draw, seed=3, batch_size=8), 5)
    parts = [
        Batches(draw=draw, seed=3, batch_size=8, num_processes=2, process=process, accumulation=2)
        for process in range(2)
    ]
    assert sorted(row for part in parts for row in flat(part, 5)) == sorted(whole)
    assert [len(batch["x"]) for batch in parts[0][5]] == [2, 2]


def test_seeds_steps_and_samples_differ():
    rows = [
        row for seed in (1, 2) for step in (0, 1) for row in flat(Batches(draw=draw, seed=seed, batch_size=3), step)
    ]
    assert len(set(rows)) == len(rows) == 12


def test_the_batch_must_divide():
    with pytest.raises(ValueError, match="6 is no multiple of 2 processes x 2"):
        Batches(draw=draw, seed=0, batch_size=6, num_processes=2, accumulation=2)


def test_generators_follow_their_seeds():
    assert torch.equal(torch.rand(3, generator=seeded_generator(1, 2)), torch.rand(3, generator=seeded_generator(1, 2)))
    assert not torch.equal(
        torch.rand(3, generator=seeded_generator(1, 2)), torch.rand(3, generator=seeded_generator(2, 1))
    )
