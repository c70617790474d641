"""What a measure is, and the probe that takes it.

A probe takes one or several measures of a clip at once. It says what it needs beside the two videos, and which
instrument (a network or a detector) it looks through; without that it is not run, and the report says why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from animate_anyone.evaluation.clip_sets import Known, Picture
from animate_anyone.evaluation.document import Level
from animate_anyone.metrics.frames import Frames, PerFrame
from animate_anyone.metrics.warping import TrueMotion
from animate_anyone.pose.skeleton import PoseSequence

Values = Mapping[str, float | PerFrame]
"""One value of a clip, or one for each frame."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A result and its truth, of equal size, length and rate, and what is known of the clip."""

    result: Frames
    truth: Frames
    fps: float
    reference: Picture | None = None
    poses: PoseSequence | None = None
    reference_pose: PoseSequence | None = None
    motion: TrueMotion | None = None
    """Of the truth, shared by all results of a clip."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How a measure is shown, and what exactly it is."""

    title: str
    higher_is_better: bool
    definition: str
    level: Level = "clip"
    digits: int = 2


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Takes measures of a clip.

    Attributes:
        measures: What it takes, by name.
        take: From a clip and the instrument (None if it needs none) to the values, by name.
        needs: What of the clip must be known.
        instrument: Which instrument it looks through, if any.
        package: The module that it needs beside what is always installed, if any.
    """

    measures: Mapping[str, Measure]
    take: Callable[[Scored, Any], Values]
    needs: tuple[Known, ...] = ()
    instrument: str | None = None
    package: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetDistance:
    """A Fréchet distance of features of all clips' results from those of all true clips."""

    measure: Measure
    instrument: str
    whole_clips: bool
    """Whether the network looks at stretches of video, and so has a rule on which."""
