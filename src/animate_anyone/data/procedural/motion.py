"""How a character moves: a kind of motion, seen from the front, from a side or from behind, that repeats.

A motion repeats after `Motion.period` seconds, so it can be looped, and its extent can be measured exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from animate_anyone.data.procedural.arrays import Array
from animate_anyone.data.procedural.moves import MOVES, Waves, idle
from animate_anyone.data.procedural.seeds import generator
from animate_anyone.data.procedural.waves import LIMITS, Angles, Kind, Wave

View = Literal["front", "side", "back"]
Name = TypeVar("Name", bound=str)

WEIGHTS: Mapping[Kind, float] = {
    "wave": 0.08, "walk": 0.10, "run": 0.06, "dance": 0.25, "turn": 0.08, "jump": 0.05, "squat": 0.06, "sit": 0.05,
    "arm_raise": 0.10, "side_step": 0.06, "sway": 0.04, "jacks": 0.04, "boxing": 0.03,
}  # fmt: skip
"""How often each kind of motion occurs."""

VIEWS: Mapping[Kind, tuple[float, float, float]] = {"walk": (0.35, 0.5, 0.15), "run": (0.35, 0.5, 0.15)}
OTHER_VIEWS = (0.72, 0.22, 0.06)
"""How often a kind of motion is seen from the front, (partly) from a side, and for a time from behind. All in all
about 60, 25 and 15 of 100 motions are, with those that turn around."""

FACING = 38.0
"""How far the face may turn away from the viewer in a motion that shows the front, in degrees."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """A motion: a wave for each channel that is not at rest.

    `view` is the side of the body that it shows: "front" all the time, "side" or "back" at least for a while.
    `drift` is the phase of the slow camera movement, `zoom` its strength.
    """

    kind: Kind
    view: View
    period: float
    waves: Mapping[str, Wave]
    drift: float
    zoom: float = 0.0

    def angles(self, times: Array) -> Angles:
        """The value of every channel of `LIMITS` at times (F,) in seconds, each (F,)."""
        turns = times / self.period
        table = np.zeros((len(LIMITS), len(turns)))
        for row, name in zip(table, LIMITS, strict=True):
            if name in self.waves:
                row[:] = self.waves[name].at(turns)
        values = dict(zip(LIMITS, table, strict=True))
        values["yaw"][:] = (values["yaw"] + 180.0) % 360.0 - 180.0
        low, high = np.array(list(LIMITS.values())).T[..., None]
        np.clip(table, low, high, out=table)
        for side in ("left", "right"):
            # A hanging upper arm cannot turn its elbow outwards; a raised one can.
            values[f"{side}_arm_twist"] = np.minimum(values[f"{side}_arm_twist"], values[f"{side}_arm_out"])
        if self.view == "front":
            trunk = values["yaw"] + values["chest_turn"]
            values["head_turn"] = np.clip(trunk + values["head_turn"], -FACING, FACING) - trunk
        return values


def motion_from_seed(seed: int) -> Motion:
    """The motion of a seed; the same seed always gives the same one.

    Raises:
        ValueError: The seed is negative.
    """
    rng = generator("motion", seed)
    kind = _pick(rng, WEIGHTS)
    period = rng.uniform(4.0, 6.0)
    waves = idle(rng) | MOVES[kind](rng)
    if kind == "turn":
        view: View = "back"
    else:
        view = _pick(rng, dict(zip(("front", "side", "back"), VIEWS.get(kind, OTHER_VIEWS), strict=True)))
        waves |= _turned(rng, view, still=kind == "sit")
    return Motion(kind=kind, view=view, period=period, waves=waves, drift=rng.uniform(), zoom=rng.uniform(0.0, 0.04))


def _pick(rng: np.random.Generator, weights: Mapping[Name, float]) -> Name:
    edges = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(edges, rng.uniform() * edges[-1], side="right"))]


def _turned(rng: np.random.Generator, view: View, *, still: bool) -> Waves:
    """The turn of the body that shows a view; `still` if it cannot turn while it moves."""
    u = rng.uniform
    sign = 1 if rng.uniform() < 0.5 else -1
    if view == "front":
        return {"yaw": Wave(bias=u(-30, 30))} if still else {}
    if still:
        return {"yaw": Wave(bias=sign * (u(45, 100) if view == "side" else u(110, 180)))}
    if view == "side":
        # From one side all the time, or between the front and a side.
        steady = Wave(bias=sign * u(45, 95), terms=((u(0, 20), 1, u()),))
        moving = Wave(bias=sign * u(30, 45), terms=((u(30, 50), 1, u()),))
        return {"yaw": steady if rng.uniform() < 0.5 else moving}
    steady = Wave(bias=sign * u(125, 235), terms=((u(0, 30), 1, u()),))
    moving = Wave(bias=sign * u(80, 100), terms=((u(70, 95), 1, u()),))
    return {"yaw": steady if rng.uniform() < 0.4 else moving}
