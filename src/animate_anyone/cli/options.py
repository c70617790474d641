"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

OutputOption = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]

ModelOption = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="A name from 'weights list', a model folder, or a hub repository such as owner/name.",
    ),
]

MaxFramesOption = Annotated[
    int | None, typer.Option(min=1, help="Take the first frames only.", rich_help_panel="Motion")
]

DetectorOption = Annotated[
    Literal["auto", "mediapipe", "dwpose"],
    typer.Option(
        help="What finds poses: 'mediapipe' (extra pose) has its weights with it, 'dwpose' (extra pose-onnx) is better "
        "on hands, hidden limbs and several people, and downloads 350 MB once. 'auto' takes what is installed.",
        rich_help_panel="Motion",
    ),
]

DetectorWeightsOption = Annotated[
    Path | None,
    typer.Option(help="Folder with DWPose's two ONNX files, to have no download.", rich_help_panel="Motion"),
]
