"""Animates the hand-made drawings by one dance, to see what a model does with pictures unlike those it learnt from.

    python tools/animate_drawings.py mini -o sheet.png --gif

writes a row for each drawing: the reference, then pose and result at four times; with `--gif` also all results side by
side, moving, as `sheet.gif`. The pose of a drawing is known, so no detector is needed.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.checkpoints.registry import locate, open_pipeline
from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.media.image import save_image
from animate_anyone.media.panels import GROUND, side_by_side
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.pose.skeleton import PoseSequence
from drawings import DRAWINGS, Drawing

# A human seen whole who dances with wide arms and steps, of the split that no model is trained on.
CHARACTER, MOTION = 0, 2
FRAMES_APART = 5
FPS = 12.0
CELL = Size(120, 160)
SHOWN = 4
GIF_COLUMNS = 8

Frames = list[npt.NDArray[np.uint8]]


def dance(num_frames: int) -> PoseSequence:
    """The driving motion, with frames some way apart so that a few of them show most of it."""
    seeds = SPLITS["test"]
    indices = range(0, FRAMES_APART * num_frames, FRAMES_APART)
    return render_frames(seeds[CHARACTER], seeds[MOTION], indices, size=128, fps=FPS).poses


def animated(
    pipeline: AnimateAnyonePipeline, drawing: Drawing, driving: PoseSequence, options: AnimateOptions
) -> tuple[Frames, Frames]:
    """Pose pictures and frames of a drawing that follows a motion."""
    animation = animate(pipeline, drawing.picture(), driving, reference_pose=drawing.pose(), options=options)
    poses = [animation.pose_frame(index) for index in range(len(driving))]
    return poses, list(animation.frames)


def row(drawing: Drawing, poses: Frames, frames: Frames) -> npt.NDArray[np.uint8]:
    """The reference, then pose and result at times spread over the clip."""
    cells = {drawing.name: framed(np.asarray(drawing.picture()))}
    for place in np.linspace(0, len(frames) - 1, SHOWN).round().astype(int).tolist():
        cells |= {f"pose {place}": framed(poses[place]), f"result {place}": framed(frames[place])}
    return side_by_side(cells, size=CELL)


def mosaic(names: list[str], frames: Frames) -> npt.NDArray[np.uint8]:
    """One frame of every drawing, in lines of `GIF_COLUMNS`."""
    cells = [*zip(names, map(framed, frames), strict=True)]
    blank = np.full((CELL.height, CELL.width, 3), GROUND, dtype=np.uint8)
    # Names of blanks must differ and not show.
    cells += [(" " * (count + 1), blank) for count in range(-len(cells) % GIF_COLUMNS)]
    lines = [dict(cells[start : start + GIF_COLUMNS]) for start in range(0, len(cells), GIF_COLUMNS)]
    return np.concatenate([side_by_side(line, size=CELL) for line in lines])


def framed(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture whole in a cell, whatever its aspect ratio."""
    image = Image.fromarray(picture)
    return np.asarray(ImageOps.pad(image, (CELL.width, CELL.height), Image.Resampling.LANCZOS, color=GROUND))


def main() -> None:
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a name from 'animate-anyone weights list', or a model folder")
    parser.add_argument("-o", "--output", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--gif", action="store_true", help="write the moving results beside it")
    parser.add_argument("--frames", type=int, default=8, help="length of the clip")
    parser.add_argument("--steps", type=int, help="denoising steps; by default those of the model")
    arguments = parser.parse_args()

    pipeline = open_pipeline(locate(arguments.model))
    driving = dance(arguments.frames)
    options = AnimateOptions(num_inference_steps=arguments.steps)
    videos = {drawing.name: animated(pipeline, drawing, driving, options) for drawing in DRAWINGS}
    sheet = np.concatenate([row(drawing, *videos[drawing.name]) for drawing in DRAWINGS])
    save_image(Image.fromarray(sheet), arguments.output)
    print(arguments.output)
    if arguments.gif:
        moments = zip(*(frames for _, frames in videos.values()), strict=True)
        path = arguments.output.with_suffix(".gif")
        write_video((mosaic(list(videos), list(moment)) for moment in moments), path, fps=FPS / FRAMES_APART)
        print(path)


if __name__ == "__main__":
    main()
