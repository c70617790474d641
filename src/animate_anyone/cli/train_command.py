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
    max_minutes: Annotated[
        float | None,
        typer.Option(
            min=0, help="Stop after that many minutes with a checkpoint and exit code 75; run again to go on."
        ),
    ] = None,
) -> None:
    """Train one stage, or resume it: running the same command again goes on where the run stopped.

    Exit codes: 0 when the run is done, 75 when --max-minutes ended it, 1 after an error.

    The folder configs/ holds the runs that made the bundled model, and tiny ones that end within a minute. For several
    GPUs: `torchrun --nproc_per_node 8 -m animate_anyone.train CONFIG.toml`

    For example:

        animate-anyone train configs/tiny-vae.toml --set steps=20 --set optimiser.learning_rate=1e-3
    """
    from animate_anyone.config_file import parse_overrides
    from animate_anyone.train.loop import train as run

    limit = {} if max_minutes is None else {"stop_after_minutes": max_minutes}
    folder = run(config, parse_overrides(changes) | limit)
    typer.echo(f"Trained: {folder.resolve()}")
