"""`animate-anyone demo`: the bundled model moves a drawn character that it has never seen."""

from pathlib import Path
from typing import Annotated

import typer

from animate_anyone.cli.options import ModelOption
from animate_anyone.cli.summary import summary
from animate_anyone.cli.terminal import Terminal, quiet_libraries

NUM_FRAMES = 24
REFERENCE_FRAME = 40
"""Some time after the last frame that is shown, so that the reference is in another pose."""
SIDE = 128
ENLARGE = 3


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("animate-anyone-demo"),
    character: Annotated[int, typer.Option(min=0, max=9999, help="Number of the character.")] = 0,
    motion: Annotated[int, typer.Option(min=0, max=9999, help="Number of the motion.")] = 0,
    model: ModelOption = "mini",
) -> None:
    """Show what this does, in about a minute and without any file of yours.

    A character and a motion are drawn that the bundled model has not been trained on, and the model animates one
    picture of the character by the poses of the motion. The video shows reference, poses, result, and the truth.

    For example:

        animate-anyone demo --character 7 --motion 3
    """
    import torch
    from einops import rearrange
    from PIL import Image

    from animate_anyone.data.procedural import SPLITS, render_frames
    from animate_anyone.job import Comparison, Job, run_job
    from animate_anyone.media.image import save_image
    from animate_anyone.pose.file import save_poses
    from animate_anyone.pose.motion import MotionOptions

    seeds = SPLITS["test"]
    clip = render_frames(seeds[character], seeds[motion], [*range(NUM_FRAMES), REFERENCE_FRAME], size=SIDE)
    pictures = rearrange(clip.frames, "f c h w -> f h w c").to(torch.uint8).numpy()
    save_image(Image.fromarray(pictures[-1]), output / "reference.png")
    save_poses(clip.poses.frames(slice(NUM_FRAMES)), output / "motion.json.gz")
    job = Job(
        reference=output / "reference.png",
        driving=output / "motion.json.gz",
        output=output / "demo.mp4",
        model=model,
        # The motion was drawn with this character's proportions.
        motion=MotionOptions(align=False),
        compare=Comparison(enlarge=ENLARGE, truth=list(pictures[:NUM_FRAMES])),
    )
    quiet_libraries()
    with Terminal.open() as terminal:
        report = run_job(job, terminal)
    typer.echo(summary(report))
