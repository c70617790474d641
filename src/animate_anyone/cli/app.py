"""The command `animate-anyone`: its sub-commands, and the one place where errors become exit codes.

0 done; 1 an error that the message explains; 2 wrong arguments; 130 interrupted; 143 terminated.
"""

import signal
from importlib.metadata import version
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from animate_anyone.cli.animate_command import animate
from animate_anyone.cli.data_commands import data
from animate_anyone.cli.demo_command import demo
from animate_anyone.cli.doctor_command import doctor
from animate_anyone.cli.evaluate_commands import evaluate, score
from animate_anyone.cli.pose_commands import pose
from animate_anyone.cli.terminal import say
from animate_anyone.cli.train_command import train
from animate_anyone.cli.weights_commands import weights
from animate_anyone.errors import AnimateAnyoneError

FAILED, INTERRUPTED = 1, 130


class ErrorsToExitCodes(TyperGroup):
    """Ends a command by a line and an exit code where the user, or the machine, is the cause."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except AnimateAnyoneError as error:
            if ctx.params["debug"]:
                raise
            say(f"Error: {error}")
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt as error:
            say("Interrupted.")
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    name="animate-anyone",
    cls=ErrorsToExitCodes,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"animate-anyone {version('animate-anyone')}")
        raise typer.Exit


@app.callback()
def animate_anyone(
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the code an error comes from.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn one picture of a character into a video that follows a driving motion.

    Begin with `animate-anyone demo`, which needs nothing but this package. Then give a picture and a video
    of your own: `animate-anyone animate me.png dance.mp4 -o out.mp4`.
    """


app.command()(animate)
app.command()(demo)
app.command()(doctor)
app.add_typer(pose, name="pose")
app.add_typer(weights, name="weights")
app.add_typer(data, name="data")
app.command()(train)
app.command()(evaluate)
app.command()(score)


def main() -> None:
    """The entry point of the installed command."""
    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number: int, _: FrameType | None) -> None:
    """Ends the command by an exception, so that unfinished files are removed on the way out; training has its own."""
    # Some programs, such as `timeout`, send the signal twice; the second is not to stop the removal.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
