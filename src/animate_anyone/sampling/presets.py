"""Presets: how much of the work of plain sampling is left out, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PresetName = Literal["exact", "fast"]
OfferedPreset = Literal["exact", "fast", "stream"]
"""What front ends offer: these, and the rolling window of `streaming` in their place."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What is approximated, and how much: shares of the way from noise (0) to the clip (1), and numbers of steps."""

    guided: tuple[float, float] = (0.0, 1.0)
    """The part of the way with guidance (Kynkäänniemi et al. 2024, arXiv 2404.07724); a step counts by its middle."""
    refresh_every: int = 1
    """Steps of which the first computes the deep features and the others take them (Ma et al. 2024, arXiv 2312.00858);
    1: every step computes its own."""
    fewest_refreshes: int = 6
    """Features are taken for fewer steps where a clip has so few that neighbouring ones have little in common."""

    def __post_init__(self):
        start, end = self.guided
        if not 0 <= start <= end <= 1:
            raise ValueError(f"The part with guidance must lie between 0 and 1; got {start} to {end}.")
        if self.refresh_every < 1 or self.fewest_refreshes < 1:
            raise ValueError(
                "Deep features are computed at every first step or at every n-th, and once at least; got "
                f"refresh_every = {self.refresh_every}, fewest_refreshes = {self.fewest_refreshes}."
            )

    def guides(self, step: int, num_steps: int) -> bool:
        """Whether this step has guidance, if the clip has."""
        start, end = self.guided
        return start <= (step + 0.5) / num_steps <= end

    def steps_together(self, num_steps: int) -> int:
        """How many steps share their deep features."""
        return min(self.refresh_every, max(1, num_steps // self.fewest_refreshes))

    def has_effect(self, num_steps: int, guidance_scale: float) -> bool:
        """Whether anything is left out."""
        always_guided = guidance_scale == 1 or all(self.guides(step, num_steps) for step in range(num_steps))
        return self.steps_together(num_steps) > 1 or not always_guided


EXACT = Preset()
"""What a plain loop computes."""

# Chosen by what they change of a clip of 20 steps for the work that they save: docs/performance.md.
PRESETS: Mapping[str, Preset] = MappingProxyType({
    "exact": EXACT,
    "fast": Preset(guided=(0.15, 1.0), refresh_every=3),
})  # fmt: skip


def preset_named(name: str) -> Preset:
    """The preset of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}; choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
