"""Who is in front of whom: the order in which parts are painted, from far to near, in every frame."""

from collections.abc import Iterator

import numpy as np

from animate_anyone.data.procedural.arrays import Array, Indices, Mask
from animate_anyone.data.procedural.puppet import Puppet

PARTS = (
    "hair behind", "stool", "left leg", "right leg", "left arm", "right arm", "trunk", "head",
)  # fmt: skip
"""Those at the same depth are painted in this order."""

BEHIND = -0.07
"""An arm further back than this, in units, is behind the trunk."""

STEP = 0.05
"""Depths nearer to each other than this, in units, are mostly the same, so that the order changes seldom."""


def arm_behind(puppet: Puppet, side: str) -> Mask:
    """Whether (F,) an arm is behind the trunk."""
    return puppet.arm_depth(side) < BEHIND


def depth_order(puppet: Puppet) -> Indices:
    """The parts, as indices of `PARTS`, from far to near in each frame (F, P).

    Layers are whole numbers, and within them limbs are ordered by their depth.
    """
    frames = len(puppet.unit)
    away = np.cos(puppet.chest_yaw) < -0.2
    depths = {
        "hair behind": np.full(frames, -9.0),
        # Somebody who turns the back to the viewer has the legs before the stool, that is, behind it.
        "stool": np.where(away, -1.0, -5.0),
        "trunk": np.zeros(frames),
        "head": np.full(frames, 4.0),
    }
    chin = puppet.joint("neck")[:, 1]
    thigh = puppet.character.proportions.thigh
    outfit = puppet.character.outfit
    skirt = np.array(outfit.lower in ("skirt", "dress") or outfit.layer == "closed coat")
    for side in ("left", "right"):
        hip, knee, ankle = (puppet.depth(f"{side}_{name}") for name in ("hip", "knee", "ankle"))
        # The shirt hangs over the legs, unless a thigh points at the viewer; skirts and closed coats do even then.
        layer = np.where((knee - hip > 0.5 * thigh) & ~skirt, 1.0, -3.0)
        depths[f"{side} leg"] = layer + _rounded(0.5 * (knee + ankle))
        # An arm is behind all of the body or in front of it, and before the head once raised.
        depth = puppet.arm_depth(side)
        raised = puppet.joint(f"{side}_wrist")[:, 1] < chin
        layer = np.where(raised, np.where(depth > BEHIND, 6.0, 3.0), 2.0)
        depths[f"{side} arm"] = np.where(depth < BEHIND, np.where(raised, -1.5, -7.0), layer) + _rounded(depth)
    return np.argsort(np.stack([depths[name] for name in PARTS], axis=1), axis=1, kind="stable")


def _rounded(depth: Array) -> Array:
    return np.clip(np.round(depth / STEP) * STEP, -0.9, 0.9)


def painting_passes(order: Indices) -> Iterator[tuple[str, Indices]]:
    """Parts one after the other, each with the frames it is painted in, such that every frame keeps its order.

    Most frames agree on most of the order, so the part that is due in most of them comes next.
    """
    frames = np.arange(len(order))
    done = np.zeros(len(order), dtype=np.int64)
    while np.any(done < order.shape[1]):
        due = np.where(done < order.shape[1], order[frames, np.minimum(done, order.shape[1] - 1)], len(PARTS))
        part = int(np.argmax(np.bincount(due, minlength=len(PARTS))[: len(PARTS)]))
        members = np.flatnonzero(due == part)
        done[members] += 1
        yield PARTS[part], members
