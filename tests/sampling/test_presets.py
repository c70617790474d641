"""Presets: which steps are guided and which share their deep features, for any number of steps."""

import pytest

from animate_anyone.sampling.presets import EXACT, PRESETS, Preset, preset_named


@pytest.mark.parametrize(("num_steps", "together"), [(1, 1), (11, 1), (12, 2), (17, 2), (18, 3), (20, 3), (50, 3)])
def test_few_steps_share_little(num_steps, together):
    assert PRESETS["fast"].steps_together(num_steps) == together
    assert EXACT.steps_together(num_steps) == 1


def test_guidance_is_left_out_where_noise_is_strongest():
    fast = PRESETS["fast"]
    assert [step for step in range(20) if not fast.guides(step, 20)] == [0, 1, 2]
    assert [step for step in range(40) if not fast.guides(step, 40)] == [0, 1, 2, 3, 4, 5]
    assert fast.guides(0, 1) and all(EXACT.guides(step, 20) for step in range(20))
    middle = Preset(guided=(0.25, 0.75))
    assert [step for step in range(8) if middle.guides(step, 8)] == [2, 3, 4, 5]


def test_whether_anything_is_left_out_is_known():
    fast = PRESETS["fast"]
    assert not fast.has_effect(1, 3.5) and not fast.has_effect(4, 1.0)
    assert fast.has_effect(4, 3.5) and fast.has_effect(20, 1.0)
    assert not EXACT.has_effect(20, 3.5)


def test_presets_have_names():
    assert preset_named("exact") == EXACT and preset_named("fast") == PRESETS["fast"]
    with pytest.raises(ValueError, match="no preset 'slow'; choose one of exact, fast"):
        preset_named("slow")


@pytest.mark.parametrize("wrong", [{"guided": (0.5, 0.4)}, {"guided": (0.0, 1.1)}, {"refresh_every": 0},
                                   {"fewest_refreshes": 0}])  # fmt: skip
def test_impossible_presets_are_refused(wrong):
    with pytest.raises(ValueError, match="got"):
        Preset(**wrong)
