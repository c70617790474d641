"""A video of skeletons from poses: to look at, or to drive an animation with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from animate_anyone.errors import PoseError
from animate_anyone.media.geometry import Geometry
from animate_anyone.media.limits import MAX_FPS
from animate_anyone.media.size import Size
from animate_anyone.media.writer import WrittenVideo, write_video
from animate_anyone.pose.align import place_poses
from animate_anyone.pose.draw import DrawStyle
from animate_anyone.pose.images import DrawnPoseImages
from animate_anyone.pose.skeleton import PoseSequence

MIN_SHORT_SIDE = 512
"""Pixels: the lines of skeletons on a smaller canvas are thinner than compression leaves of their colours."""


def write_skeleton_video(
    poses: PoseSequence,
    path: Path,
    *,
    style: DrawStyle,
    on_frame: Callable[[int, int], None] | None = None,
) -> WrittenVideo:
    """Draws poses at the size of their canvas, to within a pixel, as video needs even sides; a small one is enlarged.

    Args:
        poses: what to draw.
        path: as for `write_video`.
        style: how to draw.
        on_frame: called after every frame with the number done and the number in all.

    Raises:
        MediaError: the place cannot be written to.
        PoseError: the rate is too high for a video.
    """
    check_rate(poses.fps)
    size = Size(poses.width, poses.height)
    geometry = Geometry.fit(size, short_side=max(MIN_SHORT_SIDE, min(size.width, size.height)), multiple=2)

    def frames() -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        with DrawnPoseImages(place_poses(poses, geometry), style=style) as images:
            for index in range(len(images)):
                yield geometry.crop(images.window([index]))[0]
                if on_frame is not None:
                    on_frame(index + 1, len(images))

    return write_video(frames(), path, fps=poses.fps)


def check_rate(fps: float) -> None:
    """Refuses a rate of poses that no video can have.

    Raises:
        PoseError: with the rate found and the limit.
    """
    if fps > MAX_FPS:
        raise PoseError(
            f"The motion has {fps:g} frames a second; videos are written at up to {MAX_FPS:g}. Give its poses at a "
            "lower rate."
        )
