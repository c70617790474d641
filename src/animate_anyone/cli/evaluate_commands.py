"""`animate-anyone evaluate` and `animate-anyone score`: numbers on a model under a protocol, and on given videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from animate_anyone.cli.options import DetectorWeightsOption
from animate_anyone.cli.terminal import Terminal, quiet_libraries

if TYPE_CHECKING:
    from animate_anyone.evaluation.evaluate import Evaluated, Work

FIT, INSTRUMENTS = "What does not fit", "Networks and detector"

OutputFolder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for values and report; goes on where it stopped.")
]
Processes = Annotated[int, typer.Option(min=1, help="Clips worked on at the same time; the numbers stay the same.")]


def evaluate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML file, such as configs/procchar.toml.")],
    output: OutputFolder,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Replace a value of the file, as in --set clips=10."),
    ] = None,
    processes: Processes = 1,
) -> None:
    """Have a model make all clips of a test set, and measure them.

    DIR/report.html is the report, DIR/report.json holds every figure with its interval, DIR/report.md the tables, and
    DIR/generated the videos. Measures whose network is not on this machine are listed as not run. The same command goes
    on where it was stopped.

    For example:

        animate-anyone evaluate configs/procchar.toml --output runs/procchar --processes 2
    """
    from animate_anyone.config_file import parse_overrides
    from animate_anyone.evaluation.documents import write_documents
    from animate_anyone.evaluation.evaluate import evaluate as run
    from animate_anyone.evaluation.evaluate import load_evaluate_config

    loaded = load_evaluate_config(config, parse_overrides(settings or []))
    quiet_libraries()
    with Terminal.open() as terminal:
        work = _work(processes, terminal)
        evaluated = run(loaded, output, work=work)
        write_documents(evaluated, output)
    typer.echo(summary(evaluated, output))


def score(
    generated: Annotated[
        Path,
        typer.Argument(metavar="GENERATED", help="A video, a folder of pictures, or a folder of several of these."),
    ],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH", help="The true ones, under the same names.")],
    output: OutputFolder,
    title: Annotated[str | None, typer.Option(help="Name of the system in the report.")] = None,
    references: Annotated[
        Path | None, typer.Option(help="Picture of the character, or a folder with one for each clip, by its name.")
    ] = None,
    poses: Annotated[
        Path | None, typer.Option(help="Pose file of the true video, or a folder with one for each clip.")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="Known name or file of the protocol that the true videos are of.")
    ] = None,
    length: Annotated[
        Literal["refuse", "shortest"],
        typer.Option(help="Videos of different length: 'shortest' cuts the longer one.", rich_help_panel=FIT),
    ] = "refuse",
    size: Annotated[
        Literal["refuse", "truth"],
        typer.Option(help="Another size: 'truth' scales the result to that of the truth.", rich_help_panel=FIT),
    ] = "refuse",
    rate: Annotated[
        Literal["refuse", "truth"],
        typer.Option(help="Another rate: 'truth' leaves out or repeats frames of the result.", rich_help_panel=FIT),
    ] = "refuse",
    names: Annotated[
        Literal["refuse", "common"],
        typer.Option(help="Clips on one side only: 'common' leaves them out.", rich_help_panel=FIT),
    ] = "refuse",
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=240, help="Rate of folders of pictures.", rich_help_panel=FIT)
    ] = None,
    networks: Annotated[
        Path | None,
        typer.Option(
            help="Folder with weight files of measuring networks under their published names; by default the one that "
            "downloads go to.",
            rich_help_panel=INSTRUMENTS,
        ),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Download networks that are not here.", rich_help_panel=INSTRUMENTS)
    ] = False,
    detector: Annotated[
        Literal["auto", "mediapipe", "dwpose", "none"],
        typer.Option(help="Finds the poses of results, for pose following.", rich_help_panel=INSTRUMENTS),
    ] = "auto",
    detector_weights: DetectorWeightsOption = None,
    processes: Processes = 1,
) -> None:
    """Measure videos from anywhere against the true ones.

    Both sides must have the same clips, of the same size, rate and length; what differs is refused, or aligned as the
    options say.

    For example:

        animate-anyone score results truth -o runs/scores

        animate-anyone score result.mp4 truth.mp4 -o runs/score --length shortest
    """
    from animate_anyone.evaluation.documents import write_documents
    from animate_anyone.evaluation.evaluate import score as run
    from animate_anyone.evaluation.instruments import InstrumentOptions
    from animate_anyone.evaluation.pairs import Alignment, find_pairs
    from animate_anyone.evaluation.protocol import load_protocol

    alignment = Alignment(length=length, size=size, rate=rate, names=names)
    chosen = None if protocol is None else load_protocol(protocol)
    pairs = find_pairs(generated, truth, alignment=alignment, references=references, poses=poses, fps=fps)
    quiet_libraries()
    with Terminal.open() as terminal:
        work = _work(processes, terminal)
        evaluated = run(
            pairs,
            output,
            title=title or generated.resolve().stem,
            protocol=chosen,
            instruments=InstrumentOptions(
                folder=networks, download=download, detector=detector, detector_weights=detector_weights
            ),
            work=work,
        )
        write_documents(evaluated, output)
    typer.echo(summary(evaluated, output))


def _work(processes: int, terminal: Terminal) -> "Work":
    """Clips side by side, with a progress bar."""
    from animate_anyone.evaluation.evaluate import Work

    return Work(
        processes=processes,
        on_clip=lambda done, total: terminal.progress("scoring", done, total),
        prepare=quiet_libraries,
    )


def summary(evaluated: "Evaluated", output: Path) -> str:
    """The figures of the first row, what was not run, and where the report is."""
    evaluation = evaluated.evaluation
    row = next(iter(evaluation.rows.values()))
    lines = [f"{row.title}: {evaluation.protocol.title}, {len(evaluation.clips)} clips"]
    for name, figure in row.figures.items():
        measure = evaluation.measures[name]
        if figure.mean is None:
            lines.append(f"  {measure.title}: nothing to measure")
            continue
        interval = ""
        if figure.low is not None and figure.high is not None:
            interval = f" [{figure.low:.{measure.digits}f}, {figure.high:.{measure.digits}f}]"
        lines.append(f"  {measure.title}: {figure.mean:.{measure.digits}f}{interval}")
    lines += [f"  {m.title}: not run, {m.not_run}" for m in evaluation.measures.values() if m.not_run is not None]
    return "\n".join([*lines, f"Report: {(output / 'report.html').resolve()}"])
