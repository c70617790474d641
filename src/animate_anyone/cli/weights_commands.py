"""`animate-anyone weights`: which models there are, how to get them, how to bring in published files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

weights = typer.Typer(no_args_is_help=True, help="List, download and import models.")


@weights.command("list")
def list_models() -> None:
    """Show the models that are known by name, whether they are on this machine, and their licences.

    For example:

        animate-anyone weights list
    """
    from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS
    from animate_anyone.checkpoints.notices import format_notices, notice_of, read_notices
    from animate_anyone.checkpoints.registry import PIPELINE_FILE, REGISTRY, model_folder

    for model in REGISTRY.values():
        folder = model_folder(model)
        here = (folder / PIPELINE_FILE).is_file()
        missing = f"not here; animate-anyone weights pull {model.name}" if model.sources else "not in this installation"
        place = f"{folder} ({size_of(folder)})" if here else missing
        notices = read_notices(folder) if here else [notice_of(source) for source in model.sources]
        typer.echo(f"{model.name}: {model.summary}\n  {place}")
        typer.echo("".join(f"  {line}\n" for line in format_notices(notices).splitlines()))
    typer.echo("Weights that training can start from, and a fast decoder:")
    for base in BASE_WEIGHTS.values():
        place = base.path if base.path.exists() else f"not here; animate-anyone weights pull {base.name}"
        typer.echo(f"{base.name}: {format_notices([notice_of(base.source)])}\n  {place}")


@weights.command("pull")
def pull_model(name: Annotated[str, typer.Argument(metavar="NAME", help="A name from 'weights list'.")]) -> None:
    """Download a known model at pinned revisions, check it, and convert it to one folder of safetensors.

    Weights that training starts from, and decoders, are kept as they were published.

    The licences are shown first. The environment variable ANIMATE_ANYONE_HOME says where models are kept; the
    downloaded originals stay in the hub's own cache and can be deleted.

    For example:

        animate-anyone weights pull moore
    """
    from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS, pull_base_weights
    from animate_anyone.checkpoints.notices import format_notices, notice_of, read_notices
    from animate_anyone.checkpoints.registry import REGISTRY, pull

    if name in BASE_WEIGHTS:
        typer.echo(format_notices([notice_of(BASE_WEIGHTS[name].source)]))
        typer.echo(f"Weights: {pull_base_weights(name)}")
        return
    if name in REGISTRY and REGISTRY[name].sources:
        typer.echo(format_notices([notice_of(source) for source in REGISTRY[name].sources]))
    folder = pull(name)
    if not REGISTRY[name].sources:
        typer.echo(format_notices(read_notices(folder)))
    typer.echo(f"Model: {folder} ({size_of(folder)})\nUse it with: animate-anyone animate ... --model {name}")


@weights.command("import")
def import_model(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds Moore-AnimateAnyone's published files, as downloaded.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the model to.")],
    stills_only: Annotated[
        bool, typer.Option("--stills-only", help="Import without the motion module, for single pictures.")
    ] = False,
    dtype: Annotated[
        Literal["float32", "float16", "bfloat16"], typer.Option(help="Of the saved weights; float16 is half the size.")
    ] = "float32",
) -> None:
    """Convert the Moore-AnimateAnyone release to one folder of safetensors.

    The folder holds denoising_unet.pth, motion_module.pth, reference_unet.pth, pose_guider.pth, and beside them
    sd-vae-ft-mse/, image_encoder/ and stable-diffusion-v1-5/. Every tensor is accounted for: one that is missing,
    left over or damaged is named.

    For example:

        animate-anyone weights import pretrained_weights -o moore
    """
    import torch

    from animate_anyone.checkpoints.notices import format_notices
    from animate_anyone.checkpoints.registry import convert_moore

    notices = convert_moore(source, output, stills_only=stills_only, dtype=getattr(torch, dtype))
    typer.echo(format_notices(notices))
    typer.echo(
        f"Model: {output.resolve()} ({size_of(output)})\nUse it with: animate-anyone animate ... --model {output}"
    )


def size_of(folder: Path) -> str:
    """Size of a folder's files, for people."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
