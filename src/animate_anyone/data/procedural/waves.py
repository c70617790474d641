"""The channels of a motion and what fills them: waves that repeat, clipped to what a body can do.

Angles are degrees. "out" lifts a limb away from the body's midline, "forward" swings it towards where the chest
faces, "twist" turns the plane in which an elbow bends (0: forward, 90: upwards when the arm is level).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from animate_anyone.data.procedural.arrays import Array

Angles = Mapping[str, Array]
Kind = Literal[
    "wave", "walk", "run", "dance", "turn", "jump", "squat", "sit",
    "arm_raise", "side_step", "sway", "jacks", "boxing",
]  # fmt: skip

LIMITS: Mapping[str, tuple[float, float]] = {
    **{f"{side}_{name}": limit for side in ("left", "right") for name, limit in {
        "arm_out": (4.0, 172.0), "arm_forward": (-45.0, 110.0), "arm_twist": (-85.0, 90.0), "elbow": (4.0, 140.0),
        "leg_out": (0.0, 40.0), "leg_forward": (-25.0, 88.0), "knee": (2.0, 120.0), "ankle": (-30.0, 50.0),
    }.items()},
    "yaw": (-180.0, 180.0), "lean": (-18.0, 18.0), "bow": (-8.0, 25.0), "chest_turn": (-20.0, 20.0),
    "head_turn": (-45.0, 45.0), "head_tilt": (-18.0, 18.0), "head_nod": (-14.0, 16.0),
    "lift": (0.0, 0.14), "shift": (-0.16, 0.16), "plant": (0.0, 1.0), "blink": (0.0, 1.0), "mouth": (0.0, 1.0),
}  # fmt: skip
"""Every channel with its anatomical range.

`yaw` turns the whole body and goes around: 0 faces the viewer, 90 the image's right, 180 away. `lift` and `shift`
(of the whole body, up and to the image's right) are fractions of the standing height; `plant` 1 keeps the place of
the feet, 0 that of the hips; `blink` and `mouth` go from open to shut and from shut to open.
"""


@dataclass(frozen=True, kw_only=True)
class Wave:
    """`bias + sum of amplitude * sin(2 pi (cycles * t / period + phase))`, clipped to `low` and `high`.

    Terms are (amplitude, cycles, phase). `turns` adds that many full circles a period.
    """

    bias: float = 0.0
    terms: tuple[tuple[float, int, float], ...] = ()
    turns: int = 0
    low: float = -np.inf
    high: float = np.inf

    def at(self, turns: Array) -> Array:
        """Values at `turns`, the time in periods."""
        value = self.bias + 360.0 * self.turns * turns
        for amplitude, cycles, phase in self.terms:
            value = value + amplitude * np.sin(2 * np.pi * (cycles * turns + phase))
        return np.minimum(np.maximum(value, self.low), self.high)
