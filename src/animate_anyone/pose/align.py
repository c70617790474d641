"""Gives a driving motion the proportions, size and place of the reference character.

Every limb of the driving skeleton is scaled to the reference's length and hung on the one before it, from the
hips outwards. Lengths in a picture shrink when a limb points at the camera, so a driving limb counts with a
high percentile of its lengths over the clip, not with those of one frame. Ratios are limited, and a limb
that cannot be measured keeps the general scale: nothing is invented.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from animate_anyone.errors import PoseError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.size import Size
from animate_anyone.pose.limbs import HIP_CENTRE, LIMBS, NECK, NOSE, bones_from, lengths, point
from animate_anyone.pose.skeleton import BODY, BODY_NAMES, VISIBLE_SCORE, Pose, PoseSequence

MAX_RATIO = 2.0
"""Limbs become at most this much longer, or shorter, than the general scale alone would make them."""
LENGTH_PERCENTILE = 90
NEARLY_BEST = 0.95
"""The anchor is the first frame that is at least this well visible, relative to the best one."""

_ROOTS = {"hips": HIP_CENTRE, "neck": NECK, "nose": NOSE}


@dataclass(frozen=True, kw_only=True)
class LimbRatio:
    """How a limb was scaled, relative to the general scale.

    `measured`: seen in both the reference and the clip; if not, `ratio` is 1. `clamped`: the measured ratio was
    beyond the limit.
    """

    name: str
    ratio: float
    measured: bool
    clamped: bool


@dataclass(frozen=True, kw_only=True)
class AlignmentReport:
    """What an alignment did.

    `scale` is the general scale from driving to reference pixels, `anchor_frame` the driving frame that stands
    where the reference stands, by its `root` ("hips", "neck" or "nose").
    """

    scale: float
    anchor_frame: int
    root: str
    limbs: tuple[LimbRatio, ...]

    def describe(self) -> str:
        """The report for people, one line for each fact."""
        lines = [
            f"scale {self.scale:.3f}; frame {self.anchor_frame} of the motion stands on the reference's {self.root}",
        ]
        for limb in self.limbs:
            note = "" if limb.measured else "  (not seen in both: general scale)"
            note = "  (limited)" if limb.clamped else note
            lines.append(f"{limb.name:<11} x{limb.ratio:.2f}{note}")
        return "\n".join(lines)


def align_poses(driving: PoseSequence, reference: Pose, *, size: Size) -> tuple[PoseSequence, AlignmentReport]:
    """Fits a motion to the reference character.

    The root (hips, else neck, else nose) of the anchor frame comes to lie on the reference's; from there it moves
    as in the clip, scaled by the legs, so that standing feet stay where they are. A keypoint whose parent is not
    seen hangs on the nearest ancestor that is.

    Args:
        driving: The motion, in pixels of its own canvas.
        reference: The reference character's pose in pixels of the canvas of `size`.
        size: The reference's canvas, which becomes that of the result.

    Returns:
        The motion in pixels of `size`, with the same scores, and the report.

    Raises:
        PoseError: The reference and the clip have no root in common to be laid on each other.
    """
    root, reference_root = _common_root(driving, reference)
    scale, limbs = _ratios(driving, reference)
    ratios = {limb.name: limb.ratio for limb in limbs}
    anchor = _anchor_frame(driving, root)

    tracks = _root_track(driving, root)
    # While the feet stand, the hips move as far as the legs let them.
    stride = (ratios["upper legs"] + ratios["lower legs"]) / 2 if root == "hips" else 1.0
    root_places = reference_root + scale * stride * (tracks - tracks[anchor])
    keypoints = _hang(driving, root, tracks, root_places, {name: scale * ratio for name, ratio in ratios.items()})
    aligned = replace(driving, keypoints=keypoints, width=size.width, height=size.height)
    return aligned, AlignmentReport(scale=scale, anchor_frame=anchor, root=root, limbs=limbs)


def place_poses(driving: PoseSequence, geometry: Geometry) -> PoseSequence:
    """The motion as it is, its canvas shown whole in the middle of the geometry's canvas."""
    placed = geometry.placed(Size(driving.width, driving.height))
    return replace(
        driving,
        keypoints=placed.points_to_canvas(driving.keypoints),
        width=geometry.canvas.width,
        height=geometry.canvas.height,
    )


def _as_clip(pose: Pose) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return pose.keypoints[None], pose.scores[None]


def _common_root(driving: PoseSequence, reference: Pose) -> tuple[str, npt.NDArray[np.float64]]:
    for name, index in _ROOTS.items():
        places, seen = point(*_as_clip(reference), index)
        # A root seen for moments only would leave most of the motion to guesswork.
        if seen[0] and point(driving.keypoints, driving.scores, index)[1].mean() >= 0.5:
            return name, places[0].astype(np.float64)
    visible = [name for name, seen in zip(BODY_NAMES, reference.visible[BODY], strict=True) if seen]
    raise PoseError(
        "The motion cannot be fitted to the reference character: neither hips, neck nor nose are seen in both. "
        f"Seen in the reference: {', '.join(visible) or 'nothing'}. Use another picture or motion, give the "
        "reference's pose in a pose file, or switch the alignment off."
    )


def _ratios(driving: PoseSequence, reference: Pose) -> tuple[float, tuple[LimbRatio, ...]]:
    """The general scale, and each limb's ratio relative to it."""
    absolute: dict[str, float] = {}
    weights: dict[str, float] = {}
    for limb in LIMBS:
        for pairs in filter(None, (limb.otherwise, limb.pairs)):
            driven = lengths(driving.keypoints, driving.scores, pairs)
            wanted = lengths(*_as_clip(reference), pairs)
            if not len(driven) or not len(wanted):
                continue
            length = float(np.percentile(driven, LENGTH_PERCENTILE))
            # Limbs of less than a pixel say nothing.
            if min(length, wanted.max()) >= 1:
                absolute[limb.name], weights[limb.name] = float(wanted.max()) / length, length
    scale = _weighted_median([(absolute[name], weights[name]) for name in absolute]) if absolute else 1.0
    limbs: list[LimbRatio] = []
    for limb in LIMBS:
        ratio = absolute.get(limb.name, scale) / scale
        limited = min(max(ratio, 1 / MAX_RATIO), MAX_RATIO)
        limbs.append(LimbRatio(name=limb.name, ratio=limited, measured=limb.name in absolute, clamped=limited != ratio))
    return scale, tuple(limbs)


def _weighted_median(values: list[tuple[float, float]]) -> float:
    """The value at half of the weight: long limbs count more, and a large head alone does not count."""
    values = sorted(values)
    weights = np.cumsum([weight for _, weight in values])
    return values[int(np.searchsorted(weights, weights[-1] / 2))][0]


def _anchor_frame(driving: PoseSequence, root: str) -> int:
    scores = driving.scores[:, BODY]
    visibility = np.where(scores >= VISIBLE_SCORE, scores, 0).mean(axis=1)
    visibility = visibility * point(driving.keypoints, driving.scores, _ROOTS[root])[1]
    return int(np.argmax(visibility >= NEARLY_BEST * visibility.max()))


def _root_track(driving: PoseSequence, root: str) -> npt.NDArray[np.float64]:
    """(F, 2) places of the root; where it is not seen, it keeps its distance to the neck, else moves evenly.

    This only carries the other keypoints; no keypoint is made of it.
    """
    frames = np.arange(len(driving))
    places, seen = point(driving.keypoints, driving.scores, _ROOTS[root])
    neck, neck_seen = point(driving.keypoints, driving.scores, NECK)
    both = seen & neck_seen
    track = np.empty((len(driving), 2))
    for axis in range(2):
        track[:, axis] = np.interp(frames, frames[seen], places[seen, axis])
        if both.any():
            offset = np.interp(frames, frames[both], (places - neck)[both, axis])
            track[:, axis] = np.where(~seen & neck_seen, neck[:, axis] + offset, track[:, axis])
    return track


def _hang(
    driving: PoseSequence,
    root: str,
    root_track: npt.NDArray[np.float64],
    root_places: npt.NDArray[np.float64],
    scales: dict[str, float],
) -> npt.NDArray[np.float32]:
    """Hangs each keypoint on the nearest seen one before it, its distance scaled by its limb."""
    result = np.zeros(driving.keypoints.shape)
    # For each point: where it, or else its nearest seen ancestor, is in the clip and comes to be in the result.
    hooks = {_ROOTS[root]: (root_track, root_places)}
    if root != "hips":
        result[:, _ROOTS[root]] = root_places
    for child, parent, limb in bones_from(_ROOTS[root]):
        source, seen = point(driving.keypoints, driving.scores, child)
        hook_source, hook_place = hooks[parent]
        place = hook_place + scales[limb] * (source - hook_source)
        hooks[child] = (
            np.where(seen[:, None], source, hook_source),
            np.where(seen[:, None], place, hook_place),
        )
        if child != HIP_CENTRE:
            result[:, child] = place
    return result.astype(np.float32)
