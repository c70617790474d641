"""`animate-anyone pose`: find poses, draw them, check files of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from animate_anyone.cli.options import DetectorOption, DetectorWeightsOption, MaxFramesOption, OutputOption
from animate_anyone.cli.terminal import Terminal

if TYPE_CHECKING:
    from animate_anyone.pose.skeleton import PoseSequence

pose = typer.Typer(
    no_args_is_help=True,
    help="Find, draw and check poses; the file format is described in docs/pose-format.md.",
)

PoseFile = Annotated[Path, typer.Argument(metavar="POSES", help="Pose file, .json or .json.gz.")]


@pose.command()
def detect(
    source: Annotated[Path, typer.Argument(metavar="VIDEO_OR_IMAGE", help="What shows a person.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Pose file to write: .json or .json.gz.")],
    draw: Annotated[
        Path | None, typer.Option(metavar="VIDEO", help="Also write a video of the skeletons, to look at.")
    ] = None,
    max_frames: MaxFramesOption = None,
    detector: DetectorOption = "auto",
    detector_weights: DetectorWeightsOption = None,
) -> None:
    """Find the poses of one person in a video, or in a picture.

    Of several people the most prominent one is followed. The motion of a video is smoothed.

    For example:

        animate-anyone pose detect dance.mp4 -o dance.json.gz --draw dance-skeletons.mp4
    """
    from animate_anyone.media.writer import check_output
    from animate_anyone.pose.detect import make_detector
    from animate_anyone.pose.file import check_pose_path, check_room, save_poses
    from animate_anyone.pose.found import detect_file, timing_of

    check_pose_path(output)
    timing = timing_of(source)
    check_room(min(timing.num_frames, max_frames or timing.num_frames))
    if draw is not None:
        check_output(draw, fps=timing.fps)
    with Terminal.open() as terminal:
        found = detect_file(
            source,
            lambda *, video: make_detector(detector, video=video, weights=detector_weights),
            max_frames=max_frames,
            on_frame=lambda done, total: terminal.progress("poses", done, total),
        )
        save_poses(found.poses, output)
        if draw is not None:
            write(found.poses, draw, style="dwpose", terminal=terminal)
    typer.echo(f"Poses: {output.resolve()}\n  {describe(found.poses)}, found by {found.provider}")


@pose.command("draw")
def draw_file(
    poses: PoseFile,
    output: OutputOption,
    style: Annotated[
        Literal["dwpose", "compact", "body-map"],
        typer.Option(
            help="'dwpose' is what published models were trained on, 'compact' is for small pictures, 'body-map' shows "
            "where on the body each pixel lies."
        ),
    ] = "dwpose",
) -> None:
    """Draw a pose file as a video of skeletons.

    For example:

        animate-anyone pose draw dance.json.gz -o dance-skeletons.mp4
    """
    from animate_anyone.pose.file import load_poses

    with Terminal.open() as terminal:
        write(load_poses(poses), output, style=style, terminal=terminal)
    typer.echo(f"Video: {output.resolve()}")


@pose.command()
def check(poses: PoseFile) -> None:
    """Check a pose file, name the first wrong field if there is one, and say what the file holds.

    For example:

        animate-anyone pose check dance.json.gz
    """
    from animate_anyone.pose.file import load_poses

    typer.echo(f"{poses} is valid: {describe(load_poses(poses))}")


def write(poses: "PoseSequence", path: Path, *, style: str, terminal: Terminal) -> None:
    """A video of skeletons, with a progress bar."""
    from animate_anyone.pose.draw import STYLES
    from animate_anyone.pose.skeleton_video import write_skeleton_video

    write_skeleton_video(
        poses, path, style=STYLES[style], on_frame=lambda done, total: terminal.progress("drawing", done, total)
    )


def describe(poses: "PoseSequence") -> str:
    """What a pose file holds, in a line."""
    num_seen = sum(bool(poses[index].visible.any()) for index in range(len(poses)))
    return (
        f"{len(poses)} frame{'s' * (len(poses) != 1)} on a canvas of {poses.width}x{poses.height}, "
        f"{poses.fps:.6g} a second, a person in {num_seen} of them"
    )
