"""The demonstration: characters of several kinds, none of which the bundled model has seen, dance to one motion."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from einops import rearrange
from PIL import Image

from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.devices.placement import Placement
from animate_anyone.job import Listener
from animate_anyone.media.cards import Card, lay_out
from animate_anyone.media.image import save_image
from animate_anyone.media.size import Size
from animate_anyone.media.writer import write_video
from animate_anyone.opened_model import open_model, settings_used
from animate_anyone.pipeline import AnimateAnyonePipeline, Frame
from animate_anyone.pose.file import save_poses
from animate_anyone.pose.skeleton import Pose, PoseSequence
from animate_anyone.run_report import Picture, PosesUsed, RunReport, Stopwatch, peak_memory, report_path

# Numbers within the test split, chosen by eye: three kinds, seen whole, in clothes and colours that stand apart,
# and a dance of wide arms. After a change of weights or of how characters are drawn, look at some and choose again.
CAST = {"human": 19, "cartoon": 25, "robot": 36}
MOTION = 15
FIRST_FRAME = 18
REFERENCE_FRAME = 12
"""Not among those shown: the face in view, arms away from the body."""

FPS = 12.0
SIDE = 128
WIDTH = 960
GIF_WIDTH = 480
"""A GIF is for documents and posts, and large for what it shows."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demonstration that is asked for."""

    folder: Path
    """Gets demo.mp4, demo.gif, the report demo.json, and the references and motions that were used."""
    model: str = "mini"
    """A known name, a model folder, or a hub repository."""
    truth: bool = False
    """Show the true pictures of the motion too."""
    placement: Placement = field(default_factory=Placement)
    """Where and how the model computes."""
    num_frames: int = 24
    num_steps: int = 12
    """Denoising steps: a few less than are best, so that it takes a minute; never more than the checkpoint asks for."""

    @property
    def video(self) -> Path:
        return self.folder / "demo.mp4"

    @property
    def gif(self) -> Path:
        return self.folder / "demo.gif"


@dataclass(frozen=True, kw_only=True)
class Dancer:
    """A character: its picture with its pose, the motion in its own proportions, and true pictures of that motion."""

    reference: Frame
    reference_pose: Pose
    poses: PoseSequence
    truth: npt.NDArray[np.uint8]


def run_demo(demo: Demo, listener: Listener) -> RunReport:
    """Makes the videos and the report of the MP4.

    Raises:
        AnimateAnyoneError: the model or the folder cannot be used; the message is for the user.
    """
    report_to = report_path(demo.video)
    placement = demo.placement.resolved()
    for text in placement.notes():
        listener.note(text)
    stopwatch = Stopwatch()
    dancers = {name: _dancer(number, demo.num_frames) for name, number in CAST.items()}
    for name, dancer in dancers.items():
        save_image(Image.fromarray(dancer.reference), demo.folder / "references" / f"{name}.png")
        save_poses(dancer.poses, demo.folder / "motions" / f"{name}.json.gz")

    with stopwatch.phase("open model"):
        pipeline, model = open_model(demo.model, placement=placement)
    num_steps = min(demo.num_steps, pipeline.config["num_inference_steps"])
    options = AnimateOptions(num_inference_steps=num_steps)
    with stopwatch.phase("animating"):
        columns = [
            _column(
                pipeline, dancer, options=options, truth=demo.truth, on_window=_steps_of(place, num_steps, listener)
            )
            for place, dancer in enumerate(dancers.values())
        ]
    moments = [list(cards) for cards in zip(*columns, strict=True)]
    with stopwatch.phase("writing"):
        written = write_video(_there_and_back(moments, width=WIDTH), demo.video, fps=FPS)
        write_video(_there_and_back(moments, width=GIF_WIDTH), demo.gif, fps=FPS)

    report = RunReport(
        reference=Picture.of(demo.folder / "references", Size(SIDE, SIDE), num_frames=len(dancers)),
        driving=Picture.of(demo.folder / "motions", Size(SIDE, SIDE), num_frames=demo.num_frames, fps=FPS),
        output=Picture.of(written.path, written.size, num_frames=written.num_frames, fps=written.fps),
        sound=written.audio,
        model=model,
        poses=PosesUsed(
            driving="pose file",
            provider=None,
            detector_weights={},
            reference_pose=None,
            reference_pose_file=None,
            alignment=None,
        ),
        settings=settings_used(options, pipeline, placement) | {"truth": demo.truth},
        seconds=stopwatch.seconds,
        peak_memory=peak_memory(placement.torch_device),
    )
    report.save(report_to)
    return report


def _dancer(number: int, num_frames: int) -> Dancer:
    seeds = SPLITS["test"]
    shown = range(FIRST_FRAME, FIRST_FRAME + num_frames)
    clip = render_frames(seeds[number], seeds[MOTION], [*shown, REFERENCE_FRAME], size=SIDE, fps=FPS)
    pictures = rearrange(clip.frames, "f c h w -> f h w c").numpy()
    return Dancer(
        reference=pictures[-1],
        reference_pose=clip.poses[num_frames],
        poses=clip.poses.frames(slice(num_frames)),
        truth=pictures[:-1],
    )


def _column(
    pipeline: AnimateAnyonePipeline,
    dancer: Dancer,
    *,
    options: AnimateOptions,
    truth: bool,
    on_window: Callable[[int, int, int], None],
) -> list[Card]:
    """The character's card at each moment."""
    # The motion was drawn in this character's proportions, so nothing is to be fitted.
    animation = animate(
        pipeline,
        Image.fromarray(dancer.reference),
        dancer.poses,
        reference_pose=dancer.reference_pose,
        align=False,
        options=options,
        on_window=on_window,
    )
    cards: list[Card] = []
    for index, frame in enumerate(animation.frames):
        small = {"reference": dancer.reference, "pose": animation.pose_frame(index)}
        if truth:
            small["truth"] = dancer.truth[index]
        cards.append(Card(large=frame, small=small))
    return cards


def _steps_of(place: int, num_steps: int, listener: Listener) -> Callable[[int, int, int], None]:
    """Reports the steps of one character as a part of those of all."""

    def on_window(step: int, done: int, total: int) -> None:
        listener.progress("denoising", place * num_steps + step + done / total, len(CAST) * num_steps)

    return on_window


def _there_and_back(moments: Sequence[list[Card]], *, width: int) -> Iterator[Frame]:
    """The frames forwards, then backwards, so that the video has no seam when it is repeated."""
    for cards in (*moments, *moments[-2:0:-1]):
        yield lay_out(cards, width=width)
