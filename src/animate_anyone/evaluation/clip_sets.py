"""Test sets: the true clips of a protocol, one by one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from typing import Protocol as Interface

import numpy as np
import numpy.typing as npt

from animate_anyone.data import procchar
from animate_anyone.data.manifest import load_manifest
from animate_anyone.data.prepared import PreparedClips
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.protocol import Protocol
from animate_anyone.metrics.frames import Frames
from animate_anyone.pose.skeleton import PoseSequence

Known = Literal["reference", "poses", "reference_pose"]
"""What may be known of a clip."""
ALL_KNOWN: frozenset[Known] = frozenset({"reference", "poses", "reference_pose"})

Picture = npt.NDArray[np.uint8]
"""RGB, (H, W, 3)."""


@dataclass(frozen=True, kw_only=True)
class TrueClip:
    """A true clip, and what a system is given to make it: the reference, its pose, and the poses of all frames.

    `reference`, `poses` and `reference_pose` are None where they are not known, which some measures need.
    """

    name: str
    frames: Frames
    fps: float
    reference: Picture | None = None
    poses: PoseSequence | None = None
    reference_pose: PoseSequence | None = None
    """Of one frame."""


class ClipSet(Interface):
    """A list of clips. Only the one that is asked for is in memory."""

    @property
    def names(self) -> Sequence[str]:
        """Of the clips, in order; fit for file names."""
        ...

    @property
    def known(self) -> frozenset[Known]:
        """What is known of all clips beside their frames."""
        ...

    def clip(self, index: int) -> TrueClip:
        """A clip by its place in `names`.

        Raises:
            AnimateAnyoneError: It cannot be had, or is not what the set should hold.
        """
        ...

    def hashes(self) -> dict[str, str]:
        """SHA-256 of the data, by what it is of."""
        ...


def true_clip(name: str, drawn: procchar.ProcCharClip) -> TrueClip:
    """A drawn clip as what a test set holds; its poses know its rate."""
    return TrueClip(
        name=name,
        frames=drawn.frames,
        fps=drawn.poses.fps,
        reference=drawn.reference,
        poses=drawn.poses,
        reference_pose=drawn.reference_pose,
    )


@dataclass(frozen=True)
class ProcCharSet:
    """The first clips of ProcChar-100, drawn anew and checked against the published hashes."""

    num_clips: int

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(procchar.clip_name(index) for index in range(self.num_clips))

    @property
    def known(self) -> frozenset[Known]:
        return ALL_KNOWN

    def clip(self, index: int) -> TrueClip:
        drawn = procchar.draw_clip(index)
        procchar.check_hashes([procchar.hashes_of(drawn)], first=index)
        return true_clip(procchar.clip_name(index), drawn)

    def hashes(self) -> dict[str, str]:
        text = procchar.manifest(procchar.published_hashes())
        return {f"manifest of {procchar.NAME}": hashlib.sha256(text.encode()).hexdigest()}


@dataclass(frozen=True)
class PreparedSet:
    """The test side of a folder that `animate-anyone data prepare` wrote, as a protocol wants its frames."""

    folder: Path
    protocol: Protocol
    num_clips: int | None = None

    @cached_property
    def _clips(self) -> PreparedClips:
        rule = self.protocol.frames
        entries = load_manifest(self.folder).kept("test")[: self.num_clips]
        if not entries:
            raise ConfigError(f"{self.folder} holds no clips to test on. Prepare it with a larger --test-share.")
        return PreparedClips(folder=self.folder, entries=entries, size=rule.size, fps=rule.fps)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.key for entry in self._clips.entries)

    @property
    def known(self) -> frozenset[Known]:
        return ALL_KNOWN

    def clip(self, index: int) -> TrueClip:
        length, wanted = self._clips.num_frames(index), self.protocol.frames.num_frames
        if wanted is not None and length < wanted:
            raise ConfigError(
                f"The clip {self.names[index]} has {length} frames, and the protocol {self.protocol.name} wants "
                f"{wanted}. Leave it out of the test list."
            )
        clip = self._clips.clip(index, range(wanted or length))
        frames = np.ascontiguousarray(clip.frames.permute(0, 2, 3, 1).numpy())
        return TrueClip(
            name=self.names[index],
            frames=frames,
            fps=clip.poses.fps,
            reference=frames[0],
            poses=clip.poses,
            reference_pose=clip.poses.frames([0]),
        )

    def hashes(self) -> dict[str, str]:
        lines = [f"{entry.key} {entry.sha256} {entry.poses_sha256}" for entry in self._clips.entries]
        return {"test clips and their poses": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def open_clip_set(protocol: Protocol, *, data: Path | None, num_clips: int | None) -> ClipSet:
    """The clips of a protocol.

    Args:
        protocol: Whose.
        data: Prepared folder, where the protocol needs one.
        num_clips: Only the first so many; all if None.

    Raises:
        ConfigError: `data` is missing, or given where it means nothing, or there are no such clips.
    """
    match protocol.source:
        case "procchar":
            if data is not None:
                raise ConfigError(f"The protocol {protocol.name} draws its clips; leave 'data' out.")
            return ProcCharSet(min(num_clips or procchar.NUM_CLIPS, procchar.NUM_CLIPS))
        case "prepared":
            if data is None:
                raise ConfigError(
                    f"The protocol {protocol.name} needs 'data': the folder that 'animate-anyone data prepare' wrote."
                )
            return PreparedSet(data, protocol, num_clips)
