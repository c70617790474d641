"""What can be chosen about sampling, as one value."""

from dataclasses import dataclass

from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.windows import WindowPlan


@dataclass(frozen=True, kw_only=True)
class SamplingSettings:
    """Choices of the caller; None is what suits the checkpoint."""

    num_inference_steps: int | None = None
    """Denoising steps."""
    guidance_scale: float | None = None
    """1 for no guidance."""
    windows: WindowPlan | None = None
    """How a clip longer than the temporal attention is cut; see `sampling.windows`."""
    windows_at_once: int = 1
    """Windows denoised together on each device; more than one needs more memory and can be faster on a device that one
    window does not keep busy."""
    preset: Preset = EXACT
    """What is left out of the work."""


USUAL = SamplingSettings()
"""All as it suits the checkpoint, and exact."""
