"""`animate-anyone train`: train a stage as a TOML file says."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train, on what, and how long.")],
    changes: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Replace a value of the file; can be given again and again. Values are written as in TOML.",
        ),
    ] = [],  # noqa: B006  (read by typer only)
) -> None:
    """Train one stage, or resume it: running the same command again goes on where the run stopped.

    The folder configs/ holds the runs that made the bundled model, and tiny ones that end within a minute. For several
    GPUs: `torchrun --nproc_per_node 8 -m animate_anyone.train CONFIG.toml`

    For example:

        animate-anyone train configs/tiny-vae.toml --set steps=20 --set optimiser.learning_rate=1e-3
    """
    from animate_anyone.train.loop import train as run
    from animate_anyone.train.overrides import parse_overrides

    folder = run(config, parse_overrides(changes))
    typer.echo(f"Trained: {folder.resolve()}")
