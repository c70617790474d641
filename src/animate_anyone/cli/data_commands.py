"""`animate-anyone data`: sets of clips to train on, and the test set of drawn characters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from animate_anyone.cli.options import DetectorOption, DetectorWeightsOption
from animate_anyone.cli.terminal import Terminal, say
from animate_anyone.media.size import Size

if TYPE_CHECKING:
    from animate_anyone.data.manifest import Manifest

MAX_REASONS = 10
"""So many videos are named that are left out."""

data = typer.Typer(no_args_is_help=True, help="Make sets of clips to train on, and the test set of drawn characters.")


def parse_size(text: str) -> Size:
    """`512x768` or, for a square, `512`."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isdigit() and int(side) >= 16 for side in sides):
        raise typer.BadParameter(f"'{text}' is no size. Give WIDTHxHEIGHT or one side, of at least 16 pixels.")
    return Size(int(sides[0]), int(sides[-1]))


def parse_bytes(text: str) -> int:
    """`500MB` or `1GB` as a number of bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3), ("", 1)):
        number = text.upper().removesuffix(unit)
        if text.upper().endswith(unit) and number.isdigit() and int(number) > 0:
            return int(number) * factor
    raise typer.BadParameter(f"'{text}' is no size of a file. Give a whole number of MB or GB, such as 1GB.")


def parse_numbers(text: str) -> frozenset[int]:
    """`335-340,12` as the numbers that it stands for."""
    numbers: set[int] = set()
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or not all(end.isdigit() for end in ends):
            raise typer.BadParameter(f"'{text}' is no list of numbers. Give numbers and ranges, such as 335-340,12.")
        first, last = int(ends[0]), int(ends[-1])
        if first > last:
            raise typer.BadParameter(f"'{part}' is an empty range. Give the lower number first.")
        numbers |= set(range(first, last + 1))
    return frozenset(numbers)


@data.command()
def prepare(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds the videos; nothing is written there.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the results; 'FOLDER-prepared' if not given.")
    ] = None,
    layout: Annotated[
        Literal["auto", "ubc", "tiktok", "free"],
        typer.Option(help="How the videos lie: UBC Fashion, the TikTok dataset, or any folder tree of videos."),
    ] = "auto",
    detector: DetectorOption = "auto",
    detector_weights: DetectorWeightsOption = None,
    fps: Annotated[
        float | None, typer.Option(min=1, help="Bring all videos to this rate; a higher one repeats frames.")
    ] = None,
    size: Annotated[
        Size | None,
        typer.Option(
            parser=parse_size, metavar="SIZE", help="Scale larger videos down into WIDTHxHEIGHT, or one side."
        ),
    ] = None,
    min_frames: Annotated[int, typer.Option(min=2, help="Leave out shorter videos, counted at the rate above.")] = 24,
    min_person: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out videos in which the person takes less of the picture.")
    ] = 0.25,
    tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="Part of the frames that may show nobody, or several people.")
    ] = 0.1,
    test_share: Annotated[
        float, typer.Option(min=0, max=1, help="Part kept for the test, in the layout 'free'.")
    ] = 0.1,
    test_sequences: Annotated[
        frozenset[int],
        typer.Option(parser=parse_numbers, metavar="LIST", help="Sequences for the test, in the layout 'tiktok'."),
    ] = "335-340",  # pyright: ignore[reportArgumentType]  (typer parses defaults, too)
    seed: Annotated[int, typer.Option(min=0, help="Of the split in the layout 'free', and of the shards' order.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Videos worked on at the same time.")] = 1,
    shards: Annotated[
        bool, typer.Option("--shards", help="Also write tar files for webdataset (extra shards).")
    ] = False,
    shard_size: Annotated[int, typer.Option(parser=parse_bytes, metavar="SIZE", help="Of one tar file.")] = "1GB",  # pyright: ignore[reportArgumentType]
) -> None:
    """Find the poses of many videos, leave out those that are not fit to learn from, and share out train and test.

    Running the same command again goes on where it stopped, and does only what has changed.

    For example:

        animate-anyone data prepare videos -o videos-prepared --fps 8 --size 512x768
    """
    from functools import partial

    from animate_anyone.data.layouts import Split, recognise
    from animate_anyone.data.manifest import Limits, Making
    from animate_anyone.data.prepare import prepare as run
    from animate_anyone.data.shards import check_webdataset, write_shards
    from animate_anyone.pose.detect import make_detector, resolve_detector

    if shards:
        check_webdataset()
    box = None if size is None else (size.width, size.height)
    output = output or folder.resolve().with_name(f"{folder.resolve().name}-prepared")
    known = recognise(folder) if layout == "auto" else layout
    if layout == "auto":
        say(f"Layout: {known}")
    with Terminal.open() as terminal:
        manifest = run(
            folder,
            output,
            partial(make_detector, detector, video=True, weights=detector_weights),
            making=Making(detector=resolve_detector(detector, weights=detector_weights), fps=fps, size=box),
            limits=Limits(min_frames=min_frames, min_person=min_person, tolerance=tolerance),
            split=Split(seed=seed, test_share=test_share, tiktok_test=test_sequences),
            layout=known,
            processes=processes,
            on_video=lambda done, total: terminal.progress("preparing", done, total),
        )
    if shards:
        manifest = write_shards(manifest, output, shard_bytes=shard_size)
    typer.echo(summary(manifest, output))


def summary(manifest: "Manifest", output: Path) -> str:
    """What came of it, for people."""
    train, test = len(manifest.kept("train")), len(manifest.kept("test"))
    lines = [f"Prepared: {output.resolve()}", f"  {train} videos to train on, {test} to test on"]
    left_out = [entry for entry in manifest.videos if not entry.kept]
    lines += [f"  left out: {entry.source}: {entry.reason}" for entry in left_out[:MAX_REASONS]]
    if len(left_out) > MAX_REASONS:
        lines.append(f"  {len(left_out) - MAX_REASONS} more are left out; the manifest has the reason for each")
    if not train or not test:
        lines.append(
            "  Training needs videos on both sides: give another --test-share or --seed. Videos of one folder stay on "
            "one side; if all lie in one, prepare that folder itself."
        )
    return "\n".join(lines)


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
