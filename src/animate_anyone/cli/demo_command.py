"""`animate-anyone demo`: the bundled model makes drawn characters dance that it has never seen."""

from pathlib import Path
from typing import Annotated

import typer

from animate_anyone.cli.options import (
    CompileOption,
    DeviceOption,
    DTypeOption,
    ModelOption,
    OffloadOption,
    RuntimeOption,
    TilingOption,
    WeightsOption,
)
from animate_anyone.cli.summary import summary
from animate_anyone.cli.terminal import Terminal, quiet_libraries


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("animate-anyone-demo"),
    truth: Annotated[bool, typer.Option("--truth", help="Show the motion as it was drawn, too.")] = False,
    model: ModelOption = "mini",
    device: DeviceOption = None,
    dtype: DTypeOption = None,
    offload: OffloadOption = "none",
    vae_tiling: TilingOption = False,
    compiled: CompileOption = False,
    weights: WeightsOption = "full",
    runtime: RuntimeOption = "torch",
) -> None:
    """Show what this does, in about a minute and without any file of yours.

    A human, a cartoon and a robot are drawn that the bundled model has not been trained on, and the model makes a
    picture of each dance to the same motion, as an MP4 and a small GIF. The references and motions are left in the
    folder, for `animate-anyone animate` to try.

    For example:

        animate-anyone demo -o dance --truth
    """
    from animate_anyone.demo import Demo, run_demo
    from animate_anyone.devices.placement import Placement

    placement = Placement(
        device=device,
        dtype=dtype,
        offload=offload,
        vae_tiling=vae_tiling,
        compile=compiled,
        weights=weights,
        runtime=runtime,
    )
    asked = Demo(folder=output, model=model, truth=truth, placement=placement)
    quiet_libraries()
    with Terminal.open() as terminal:
        report = run_demo(asked, terminal)
    typer.echo(summary(report))
    typer.echo(f"GIF: {asked.gif.resolve()}")
