"""What a model makes of the clips of a test set, kept as pictures, and its baselines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from animate_anyone.animation import AnimateOptions
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.data.footage import pictures
from animate_anyone.devices.placement import DTypeName, torch_dtype
from animate_anyone.errors import MediaError
from animate_anyone.evaluation.clip_sets import TrueClip
from animate_anyone.evaluation.systems import MODEL, SYSTEMS
from animate_anyone.media.image import load_image
from animate_anyone.media.writer import write_video
from animate_anyone.metrics.frames import Frames
from animate_anyone.pipeline import AnimateAnyonePipeline


@dataclass(frozen=True, kw_only=True)
class ModelVideos:
    """The rows of a table on one model.

    Attributes:
        model: Model folder.
        systems: Keys of `SYSTEMS`.
        options: Seed, steps and guidance.
        generated: Folder for what the model makes: a folder of pictures for each clip, not made again.
        device: By torch's name.
        dtype: Of the networks.
        title: Of the model, in the table.
    """

    model: Path
    systems: tuple[str, ...]
    options: AnimateOptions
    generated: Path
    device: str
    dtype: DTypeName
    title: str

    @property
    def rows(self) -> Mapping[str, str]:
        return {name: self.title if name == MODEL else SYSTEMS[name].title for name in self.systems}

    def video(self, row: str, clip: TrueClip) -> Frames:
        """Makes the video, or reads it if the model made it before.

        Raises:
            AnimateAnyoneError: The model cannot be opened or used, or a picture cannot be read.
        """
        place = self.generated / clip.name
        if row == MODEL and place.exists():
            return _kept(place, clip)
        pipeline = _opened(self.model, self.device, self.dtype)
        options = replace(self.options, area=clip.frames.shape[1] * clip.frames.shape[2])
        video = SYSTEMS[row].make(pipeline, clip, options)
        if row == MODEL:
            write_video(video, place, fps=clip.fps)
        return video


def _kept(place: Path, clip: TrueClip) -> Frames:
    """The pictures of a video that was made before."""
    video = [np.asarray(load_image(path)) for path in pictures(place)]
    if len(video) != len(clip.frames) or any(frame.shape != clip.frames.shape[1:] for frame in video):
        size = f"{clip.frames.shape[2]}x{clip.frames.shape[1]}"
        raise MediaError(
            f"{place} no longer holds the {len(clip.frames)} pictures of {size} that were made for {clip.name}, but "
            f"{len(video)}, or some of another size. Remove this folder, and they are made again."
        )
    return np.stack(video)


@cache
def _opened(folder: Path, device: str, dtype: DTypeName) -> AnimateAnyonePipeline:
    """The model, opened once in a process."""
    return open_pipeline(folder, dtype=torch_dtype(dtype)).to(device)
