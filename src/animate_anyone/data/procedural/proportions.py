"""Bodies: lengths and radii of people, cartoon figures and robots of many builds, from a generator."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from animate_anyone.data.procedural.choices import pick

Kind = Literal["human", "cartoon", "robot"]
Build = Literal[
    "average", "child", "tall", "stout", "broad", "muscular", "curvy",
    "two heads", "three heads", "five heads",
    "boxy", "android", "heavy", "small",
]  # fmt: skip
Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """Lengths and radii as fractions of the standing height; `head` is a full height, `head_width` a full width.

    `shoulder`, `waist` and `hip` are half-widths, of the joints at shoulder and hip. `muscle` thickens the upper
    arms and thighs by that share.
    """

    build: Build
    head: float
    head_width: float
    neck: float
    torso: float
    shoulder: float
    hip: float
    waist: float
    upper_arm: float
    forearm: float
    hand: float
    thigh: float
    shin: float
    foot: float
    foot_radius: float
    arm_radius: float
    leg_radius: float
    neck_radius: float
    muscle: float


@dataclass(frozen=True, kw_only=True)
class _Ranges:
    """What a build's measures are drawn from.

    `roundness` is the head's width by its height, `legs` their share of the body below the neck, `waist` its half-width
    by the mean of shoulder's and hip's.
    """

    head: Span
    roundness: Span = (0.74, 0.84)
    neck: Span = (0.025, 0.035)
    legs: Span = (0.58, 0.62)
    shoulder: Span = (0.105, 0.135)
    hip: Span = (0.055, 0.070)
    waist: Span = (0.92, 1.08)
    arm: Span = (0.32, 0.35)
    arm_radius: Span = (0.026, 0.034)
    leg_radius: Span = (0.042, 0.052)
    hand: Span = (0.075, 0.09)
    foot: Span = (0.11, 0.13)
    muscle: Span = (0.0, 0.08)


def draw_proportions(rng: np.random.Generator, kind: Kind) -> Proportions:
    """A body of a kind, of any of its builds."""
    build = pick(rng, _WEIGHTS[kind])
    ranges = _BUILDS[build]

    def u(span: Span) -> float:
        return float(rng.uniform(*span))

    head, neck, leg_share, arm = u(ranges.head), u(ranges.neck), u(ranges.legs), u(ranges.arm)
    shoulder, hip = u(ranges.shoulder), u(ranges.hip)
    trunk = 1 - head - neck
    leg, torso = trunk * leg_share, trunk * (1 - leg_share)
    hand, foot = u(ranges.hand), u(ranges.foot)
    if kind == "cartoon":
        hand *= u((1.25, 1.5)) if rng.uniform() < 0.25 else 1.0
        foot *= u((1.2, 1.45)) if rng.uniform() < 0.25 else 1.0
    foot_height = 0.035
    arm_radius = u(ranges.arm_radius)
    return Proportions(
        build=build,
        head=head,
        head_width=head * u(ranges.roundness),
        neck=neck,
        torso=torso,
        shoulder=shoulder,
        hip=hip,
        waist=(shoulder + hip) / 2 * u(ranges.waist),
        upper_arm=arm * 0.52,
        forearm=arm * 0.48,
        hand=hand,
        thigh=(leg - foot_height) * 0.51,
        shin=(leg - foot_height) * 0.49,
        foot=foot,
        foot_radius=0.24 * foot,
        arm_radius=arm_radius,
        leg_radius=u(ranges.leg_radius),
        neck_radius=0.036 if kind == "cartoon" else 0.012 + 0.68 * arm_radius,
        muscle=u(ranges.muscle),
    )


_BUILDS: dict[Build, _Ranges] = {
    "average": _Ranges(head=(0.15, 0.185)),
    "child": _Ranges(
        head=(0.21, 0.25), roundness=(0.82, 0.92), neck=(0.015, 0.022), legs=(0.54, 0.58), shoulder=(0.095, 0.115),
        hip=(0.055, 0.065), waist=(1.0, 1.15), arm=(0.27, 0.30), arm_radius=(0.027, 0.033), hand=(0.07, 0.082),
    ),
    "tall": _Ranges(
        head=(0.125, 0.145), neck=(0.03, 0.042), legs=(0.61, 0.65), shoulder=(0.085, 0.10), hip=(0.044, 0.052),
        waist=(0.85, 1.0), arm=(0.34, 0.37), arm_radius=(0.021, 0.026), leg_radius=(0.033, 0.039), hand=(0.07, 0.08),
    ),
    "stout": _Ranges(
        head=(0.16, 0.19), roundness=(0.84, 0.95), neck=(0.012, 0.02), legs=(0.53, 0.57), shoulder=(0.125, 0.15),
        hip=(0.08, 0.095), waist=(1.28, 1.48), arm_radius=(0.036, 0.043), leg_radius=(0.055, 0.065),
    ),
    "broad": _Ranges(
        head=(0.14, 0.165), neck=(0.022, 0.03), legs=(0.56, 0.6), shoulder=(0.145, 0.165), hip=(0.055, 0.065),
        waist=(0.92, 1.05), arm=(0.34, 0.37), arm_radius=(0.031, 0.037), hand=(0.085, 0.1),
    ),
    "muscular": _Ranges(
        head=(0.135, 0.155), neck=(0.018, 0.026), legs=(0.57, 0.6), shoulder=(0.145, 0.165), hip=(0.055, 0.065),
        waist=(0.88, 1.0), arm=(0.33, 0.36), arm_radius=(0.034, 0.039), leg_radius=(0.048, 0.055),
        hand=(0.085, 0.1), muscle=(0.3, 0.5),
    ),
    "curvy": _Ranges(
        head=(0.15, 0.18), shoulder=(0.095, 0.112), hip=(0.068, 0.08), waist=(0.78, 0.9),
        arm_radius=(0.024, 0.03), leg_radius=(0.05, 0.058), muscle=(0.05, 0.2),
    ),
    "two heads": _Ranges(
        head=(0.42, 0.48), roundness=(0.95, 1.15), neck=(0.004, 0.008), legs=(0.42, 0.48), shoulder=(0.095, 0.115),
        hip=(0.05, 0.062), waist=(1.1, 1.3), arm=(0.21, 0.25), arm_radius=(0.034, 0.042),
        leg_radius=(0.046, 0.056), hand=(0.07, 0.085), foot=(0.11, 0.14),
    ),
    "three heads": _Ranges(
        head=(0.30, 0.40), roundness=(0.92, 1.12), neck=(0.005, 0.012), legs=(0.48, 0.54), shoulder=(0.095, 0.125),
        hip=(0.05, 0.065), waist=(0.95, 1.15), arm=(0.26, 0.30), arm_radius=(0.032, 0.042),
        leg_radius=(0.045, 0.055), hand=(0.075, 0.095), foot=(0.11, 0.14),
    ),
    "five heads": _Ranges(
        head=(0.20, 0.27), roundness=(0.86, 1.02), neck=(0.012, 0.02), legs=(0.54, 0.6), shoulder=(0.09, 0.12),
        hip=(0.05, 0.062), waist=(0.85, 1.1), arm=(0.30, 0.34), arm_radius=(0.025, 0.034),
        leg_radius=(0.04, 0.05), hand=(0.08, 0.095), foot=(0.12, 0.145),
    ),
    "boxy": _Ranges(
        head=(0.15, 0.21), roundness=(0.95, 1.25), neck=(0.02, 0.03), legs=(0.52, 0.58), shoulder=(0.13, 0.155),
        hip=(0.06, 0.075), arm=(0.31, 0.34), arm_radius=(0.03, 0.04), leg_radius=(0.04, 0.052), hand=(0.075, 0.095),
    ),
    "android": _Ranges(
        head=(0.14, 0.165), roundness=(0.82, 0.95), neck=(0.03, 0.04), legs=(0.58, 0.62), shoulder=(0.105, 0.12),
        hip=(0.05, 0.058), arm=(0.33, 0.36), arm_radius=(0.023, 0.028), leg_radius=(0.034, 0.04),
    ),
    "heavy": _Ranges(
        head=(0.125, 0.15), roundness=(1.05, 1.35), neck=(0.008, 0.015), legs=(0.48, 0.53), shoulder=(0.16, 0.18),
        hip=(0.07, 0.085), arm=(0.35, 0.39), arm_radius=(0.04, 0.048), leg_radius=(0.052, 0.062), hand=(0.1, 0.12),
        foot=(0.14, 0.17),
    ),
    "small": _Ranges(
        head=(0.30, 0.38), roundness=(0.98, 1.2), neck=(0.01, 0.02), legs=(0.44, 0.5), shoulder=(0.105, 0.125),
        hip=(0.05, 0.06), arm=(0.25, 0.29), arm_radius=(0.03, 0.038), leg_radius=(0.04, 0.05), foot=(0.12, 0.15),
    ),
}  # fmt: skip
_WEIGHTS: dict[Kind, dict[Build, float]] = {
    "human": {
        "average": 0.28, "child": 0.14, "tall": 0.14, "stout": 0.12, "broad": 0.1, "muscular": 0.1, "curvy": 0.12,
    },
    "cartoon": {"two heads": 0.25, "three heads": 0.45, "five heads": 0.3},
    "robot": {"boxy": 0.35, "android": 0.25, "heavy": 0.2, "small": 0.2},
}  # fmt: skip
