"""The kinds of motion: for each, the waves of the channels it moves, on top of a body that stands and breathes."""

from collections.abc import Callable, Mapping

import numpy as np

from animate_anyone.data.procedural.waves import Kind, Wave

Waves = dict[str, Wave]


def idle(rng: np.random.Generator) -> Waves:
    """A standing body that breathes, looks around and blinks: what every motion adds to."""
    u = rng.uniform
    breath = int(rng.integers(1, 3))
    waves = {
        "yaw": Wave(bias=u(-12, 12), terms=((u(0, 10), 1, u()),)),
        "lean": Wave(terms=((u(0, 3), breath, u()),)),
        "head_turn": Wave(bias=u(-8, 8), terms=((u(2, 14), 1, u()),)),
        "head_tilt": Wave(terms=((u(1, 7), breath, u()),)),
        "head_nod": Wave(bias=u(-3, 4), terms=((u(0, 4), 2, u()),)),
        # A wave that is positive only briefly makes a blink once clipped.
        "blink": Wave(bias=-11.0, terms=((12.0, 2, u()),)),
        "mouth": Wave(bias=u(-0.8, 0.2), terms=((u(0.2, 0.9), int(rng.integers(1, 5)), u()),)),
    }
    for side in ("left", "right"):
        waves |= {
            f"{side}_arm_out": Wave(bias=u(8, 22), terms=((2.0, breath, u()),)),
            f"{side}_arm_twist": Wave(bias=u(-30, 0)),
            f"{side}_elbow": Wave(bias=u(8, 30), terms=((3.0, breath, u()),)),
            f"{side}_leg_out": Wave(bias=u(3, 9)),
            f"{side}_leg_forward": Wave(bias=2.0),
            f"{side}_knee": Wave(bias=4.0),
        }
    return waves


def _either(rng: np.random.Generator) -> tuple[str, str]:
    return ("left", "right") if rng.uniform() < 0.5 else ("right", "left")


def _hand_on_hip(rng: np.random.Generator, side: str) -> Waves:
    return {
        f"{side}_arm_out": Wave(bias=rng.uniform(42, 52)),
        f"{side}_arm_forward": Wave(bias=-8.0),
        f"{side}_arm_twist": Wave(bias=-75.0),
        f"{side}_elbow": Wave(bias=rng.uniform(88, 100)),
    }


def _wave(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    side, other = _either(rng)
    swings, phase = int(rng.integers(4, 8)), u()
    waves = {
        f"{side}_arm_out": Wave(bias=u(75, 135), terms=((u(2, 10), swings, phase + 0.1),)),
        f"{side}_arm_forward": Wave(bias=u(-5, 20)),
        f"{side}_arm_twist": Wave(bias=85.0),
        f"{side}_elbow": Wave(bias=u(45, 75), terms=((u(22, 38), swings, phase),)),
        "lean": Wave(bias=u(1, 5) * (1 if side == "left" else -1), terms=((1.5, swings, phase),)),
    }
    return waves | (_hand_on_hip(rng, other) if rng.uniform() < 0.35 else {})


def _walk(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    steps, stride = int(rng.integers(4, 7)), u(22, 32)
    waves = _steps(rng, steps, stride=stride, knee=(u(24, 28), u(26, 34)), swing=u(22, 40), elbow=u(20, 45))
    return waves | {
        "lift": Wave(bias=0.004, terms=((0.006, 2 * steps, 0.0),)),
        "yaw": Wave(bias=u(-38, 38)),
        "bow": Wave(bias=u(0, 6)),
    }


def _run(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    steps, stride = int(rng.integers(7, 10)), u(34, 44)
    waves = _steps(rng, steps, stride=stride, knee=(u(48, 56), u(42, 52)), swing=u(36, 46), elbow=u(82, 98))
    return waves | {
        # Both feet leave the ground twice in a stride.
        "lift": Wave(bias=0.012, terms=((u(0.018, 0.03), 2 * steps, 0.0),)),
        "yaw": Wave(bias=u(-36, 36)),
        "bow": Wave(bias=u(8, 16)),
    }


def _steps(
    rng: np.random.Generator,
    steps: int,
    *,
    stride: float,
    knee: tuple[float, float],
    swing: float,
    elbow: float,
) -> Waves:
    """Legs that swing in turn, and arms that swing against them; `knee` is bias and amplitude."""
    u = rng.uniform
    waves = {
        "chest_turn": Wave(terms=((u(4, 9), steps, 0.5),)),
        "lean": Wave(terms=((u(1, 3), steps, 0.25),)),
    }
    for side, phase in (("left", 0.0), ("right", 0.5)):
        waves |= {
            f"{side}_leg_forward": Wave(bias=10.0, terms=((stride, steps, phase),)),
            # The knee bends most while the leg swings forward, and is nearly straight when the heel lands.
            f"{side}_knee": Wave(bias=knee[0], terms=((knee[1], steps, phase + 0.31),)),
            f"{side}_ankle": Wave(bias=6.0, terms=((8.0, steps, phase),)),
            f"{side}_arm_forward": Wave(bias=4.0, terms=((swing, steps, phase + 0.5),)),
            f"{side}_elbow": Wave(bias=elbow, terms=((14.0, steps, phase + 0.5),)),
            f"{side}_arm_out": Wave(bias=u(9, 15)),
            f"{side}_leg_out": Wave(bias=3.0),
        }
    return waves


def _turn(rng: np.random.Generator) -> Waves:
    """A dance, steps or a wave, while the body turns around: right round, or to the back and forth."""
    u = rng.uniform
    build = (_dance, _walk, _arm_raise, _wave)[int(rng.integers(4))]
    sign, phase = 1 if rng.uniform() < 0.5 else -1, u()
    if rng.uniform() < 0.5:
        # The sine slows the turn down near the front.
        yaw = Wave(bias=-360.0 * phase, turns=1, terms=((u(10, 45), 1, 0.5 - phase),))
        yaw = Wave(bias=sign * yaw.bias, turns=sign, terms=tuple((sign * a, c, p) for a, c, p in yaw.terms))
        lead = Wave(bias=sign * u(5, 20))
    else:
        reach = u(100, 190)
        yaw = Wave(bias=u(-15, 15), terms=((sign * reach, 1, phase),))
        # The head turns first.
        lead = Wave(terms=((sign * u(10, 25), 1, phase + 0.2),))
    return build(rng) | {"yaw": yaw, "head_turn": lead}


def _dance(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    beat = int(rng.integers(3, 7))
    mirrored = rng.uniform() < 0.35
    phase = u()
    waves = {
        "lean": Wave(terms=((u(3, 10), beat, u()),)),
        "yaw": Wave(bias=u(-14, 14), terms=((u(5, 20), int(rng.integers(1, 3)), u()),)),
        "chest_turn": Wave(terms=((u(3, 12), beat, u()),)),
        "bow": Wave(bias=u(0, 8), terms=((u(0, 6), beat, u()),)),
        "head_tilt": Wave(terms=((u(4, 12), beat, u()),)),
        "shift": Wave(terms=((u(0, 0.08), int(rng.integers(1, 4)), u()),)),
        "lift": Wave(bias=-0.02, terms=((u(0.0, 0.05), beat, phase),)),
    }
    arms: list[tuple[Wave, Wave, Wave, Wave]] = []
    legs: list[tuple[Wave, Wave]] = []
    for _ in range(2):
        slow = int(rng.integers(1, 3))
        arms.append((
            Wave(bias=u(40, 110), terms=((u(20, 60), slow, u()), (u(8, 25), beat, u()))),
            Wave(bias=u(-5, 30), terms=((u(5, 35), beat, u()),)),
            Wave(bias=u(-20, 50), terms=((u(20, 60), slow, u()),)),
            Wave(bias=u(40, 80), terms=((u(15, 40), beat, u()), (u(5, 25), slow, u()))),
        ))  # fmt: skip
        legs.append((
            Wave(bias=u(6, 14), terms=((u(2, 10), beat, u()),)),
            Wave(bias=u(8, 20), terms=((u(6, 20), beat, u()),)),
        ))  # fmt: skip
    if mirrored:
        arms[1], legs[1] = arms[0], legs[0]
    for side, (out, forward, twist, elbow), (leg_out, leg_forward) in zip(("left", "right"), arms, legs, strict=True):
        # Knees follow the thighs at about twice the angle, so that the feet stay below the body.
        knee = Wave(
            bias=2 * leg_forward.bias,
            terms=tuple((1.9 * amplitude, cycles, phase) for amplitude, cycles, phase in leg_forward.terms),
        )
        waves |= {
            f"{side}_arm_out": out, f"{side}_arm_forward": forward, f"{side}_arm_twist": twist,
            f"{side}_elbow": elbow, f"{side}_leg_out": leg_out, f"{side}_leg_forward": leg_forward,
            f"{side}_knee": knee, f"{side}_ankle": leg_forward,
        }  # fmt: skip
    return waves


def _jump(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    jumps, height, reach = int(rng.integers(3, 6)), u(0.06, 0.12), u(40, 75)
    # The crouch is where the height's wave is negative, and the flight where it is positive.
    waves = {"lift": Wave(bias=-0.01, terms=((height, jumps, 0.0),))}
    for side in ("left", "right"):
        waves |= {
            f"{side}_leg_forward": Wave(bias=6.0, terms=((26.0, jumps, 0.5),)),
            f"{side}_knee": Wave(bias=12.0, terms=((52.0, jumps, 0.5),)),
            f"{side}_ankle": Wave(bias=4.0, terms=((24.0, jumps, 0.5),)),
            f"{side}_arm_out": Wave(bias=u(55, 80), terms=((reach, jumps, 0.05),)),
            f"{side}_arm_twist": Wave(bias=40.0),
            f"{side}_elbow": Wave(bias=28.0, terms=((16.0, jumps, 0.5),)),
        }
    return waves


def _squat(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    count, depth, phase = int(rng.integers(2, 5)), u(24, 38), u()
    arms_forward = rng.uniform() < 0.5
    waves = {"bow": Wave(bias=8.0, terms=((8.0, count, phase),))}
    for side in ("left", "right"):
        waves |= {
            f"{side}_leg_out": Wave(bias=16.0, terms=((8.0, count, phase),)),
            f"{side}_leg_forward": Wave(bias=depth + 3, terms=((depth, count, phase),)),
            f"{side}_knee": Wave(bias=1.6 * depth + 4, terms=((1.6 * depth, count, phase),)),
            f"{side}_ankle": Wave(bias=0.6 * depth, terms=((0.6 * depth, count, phase),)),
        }
        if arms_forward:
            waves[f"{side}_arm_forward"] = Wave(bias=45.0, terms=((45.0, count, phase),))
        else:
            waves[f"{side}_arm_out"] = Wave(bias=50.0, terms=((38.0, count, phase),))
    return waves


def _sit(rng: np.random.Generator) -> Waves:
    """Sits and gestures, or sits down and gets up again."""
    u = rng.uniform
    bend = u(80, 87)
    if rng.uniform() < 0.5:
        thigh = Wave(bias=bend)
    else:
        thigh = Wave(bias=52.0, terms=((u(60, 75), int(rng.integers(1, 3)), u()),), low=3.0, high=bend)
    waves = {"plant": Wave(bias=1.0), "bow": Wave(bias=u(2, 10), terms=((u(0, 5), 2, u()),))}
    arms = rng.uniform()
    for side in ("left", "right"):
        waves |= {
            f"{side}_leg_forward": thigh,
            f"{side}_knee": Wave(bias=thigh.bias + 4.0, terms=thigh.terms, low=thigh.low + 4.0, high=bend + 4.0),
            f"{side}_ankle": Wave(bias=3.0),
            f"{side}_leg_out": Wave(bias=u(5, 12)),
        }
        if arms < 0.4:
            # The hands lie on the knees.
            waves |= {
                f"{side}_arm_out": Wave(bias=u(10, 16)),
                f"{side}_arm_forward": Wave(bias=u(28, 36)),
                f"{side}_elbow": Wave(bias=u(34, 44)),
            }
    if arms >= 0.4:
        waves |= (_wave, _arm_raise)[int(rng.integers(2))](rng)
    return waves


def _arm_raise(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    count, offset = int(rng.integers(1, 4)), 0.5 if rng.uniform() < 0.5 else 0.0
    single = rng.uniform() < 0.25
    waves: Waves = {"lean": Wave(terms=((u(0, 6), count, u()),))}
    for side, phase in (("left", 0.0), ("right", offset)):
        if single and side == "right":
            continue
        waves |= {
            f"{side}_arm_out": Wave(bias=u(80, 92), terms=((u(60, 80), count, phase),)),
            f"{side}_arm_forward": Wave(bias=u(-5, 15)),
            f"{side}_arm_twist": Wave(bias=u(0, 60)),
            f"{side}_elbow": Wave(bias=u(8, 40), terms=((u(0, 20), 2 * count, u()),)),
        }
    return waves


def _side_step(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    count = int(rng.integers(2, 4))
    waves = {
        "shift": Wave(terms=((u(0.08, 0.15), count, 0.0),)),
        "lean": Wave(terms=((u(2, 7), count, 0.25),)),
    }
    for side, phase in (("left", 0.0), ("right", 0.5)):
        waves |= {
            f"{side}_leg_out": Wave(bias=9.0, terms=((14.0, 2 * count, phase),)),
            f"{side}_knee": Wave(bias=14.0, terms=((16.0, 2 * count, phase + 0.5),)),
            f"{side}_leg_forward": Wave(bias=7.0, terms=((8.0, 2 * count, phase + 0.5),)),
            f"{side}_arm_out": Wave(bias=u(35, 75), terms=((u(15, 32), count, phase + u(0, 0.2)),)),
            f"{side}_elbow": Wave(bias=u(30, 70), terms=((20.0, count, phase),)),
            f"{side}_arm_twist": Wave(bias=u(-20, 60)),
        }
    return waves


def _sway(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    waves = {
        "yaw": Wave(terms=((u(22, 38), 1, u()),)),
        "lean": Wave(terms=((u(6, 14), 1, u()),)),
        "head_turn": Wave(terms=((u(10, 30), 1, u()),)),
    }
    for side in ("left", "right"):
        waves |= _hand_on_hip(rng, side) if rng.uniform() < 0.5 else {}
    return waves


def _jacks(rng: np.random.Generator) -> Waves:
    count = int(rng.integers(3, 6))
    waves = {"lift": Wave(terms=((rng.uniform(0.02, 0.05), 2 * count, 0.0),))}
    for side in ("left", "right"):
        waves |= {
            f"{side}_arm_out": Wave(bias=88.0, terms=((72.0, count, 0.0),)),
            f"{side}_arm_twist": Wave(bias=40.0),
            f"{side}_elbow": Wave(bias=16.0),
            f"{side}_leg_out": Wave(bias=15.0, terms=((14.0, count, 0.0),)),
        }
    return waves


def _boxing(rng: np.random.Generator) -> Waves:
    u = rng.uniform
    count = int(rng.integers(3, 6))
    waves = {
        "yaw": Wave(bias=u(15, 34) * (1 if rng.uniform() < 0.5 else -1)),
        "chest_turn": Wave(terms=((14.0, count, 0.0),)),
    }
    for side, phase in (("left", 0.0), ("right", 0.5)):
        waves |= {
            f"{side}_arm_out": Wave(bias=28.0, terms=((14.0, count, phase),)),
            f"{side}_arm_forward": Wave(bias=48.0, terms=((38.0, count, phase),)),
            f"{side}_elbow": Wave(bias=80.0, terms=((56.0, count, phase + 0.5),)),
            f"{side}_arm_twist": Wave(bias=u(-25, 0)),
            f"{side}_knee": Wave(bias=16.0, terms=((8.0, count, phase),)),
            f"{side}_leg_forward": Wave(bias=8.0, terms=((4.0, count, phase),)),
        }
    return waves


MOVES: Mapping[Kind, Callable[[np.random.Generator], Waves]] = {
    "wave": _wave, "walk": _walk, "run": _run, "dance": _dance, "turn": _turn, "jump": _jump, "squat": _squat,
    "sit": _sit, "arm_raise": _arm_raise, "side_step": _side_step, "sway": _sway, "jacks": _jacks, "boxing": _boxing,
}  # fmt: skip
"""Builds the waves of a kind of motion, to be put over those of `idle`."""
