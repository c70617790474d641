"""`animate-anyone data`: the test set, and clips to train on."""

from pathlib import Path
from typing import Annotated

import typer

from animate_anyone.cli.terminal import Terminal

data = typer.Typer(no_args_is_help=True, help="Make the test set of drawn characters.")


@data.command("procchar")
def draw_procchar(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")],
    clips: Annotated[int, typer.Option(min=1, max=100, help="How many clips, from the first.")] = 100,
) -> None:
    """Draw the test set ProcChar-100 and check it, bit for bit, against the hashes in this package.

    100 clips of 48 frames with their poses and a reference picture each, of characters and motions that no model is
    trained on. Running the same command again goes on where it was stopped, and checks what is there.

    For example:

        animate-anyone data procchar procchar-100
    """
    from animate_anyone.data.procchar import check_hashes, write_test_set

    with Terminal.open() as terminal:
        hashes = write_test_set(
            output, num_clips=clips, on_clip=lambda done, total: terminal.progress("clips", done, total)
        )
    check_hashes(hashes)
    typer.echo(f"Test set: {output.resolve()}\n  {len(hashes)} clips, bit for bit the published ones")
