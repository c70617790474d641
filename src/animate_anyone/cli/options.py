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

MACHINE = "Output and machine"

DeviceOption = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1, mps; by default a GPU if there is one.", rich_help_panel=MACHINE)
]

DTypeOption = Annotated[
    Literal["float32", "float16", "bfloat16"] | None,
    typer.Option(help="By default float16 on a GPU, else float32.", rich_help_panel=MACHINE),
]

OffloadOption = Annotated[
    Literal["none", "model", "sequential", "group"],
    typer.Option(
        help="Keep in main memory what a GPU does not need at the moment: by 'model' hardly slower, by 'sequential' "
        "and 'group' with the least memory and much slower.",
        rich_help_panel=MACHINE,
    ),
]

TilingOption = Annotated[
    bool, typer.Option("--vae-tiling", help="Decode in tiles, for large pictures.", rich_help_panel=MACHINE)
]

CompileOption = Annotated[
    bool,
    typer.Option("--compile", help="Compile for the GPU: minutes first, then faster steps.", rich_help_panel=MACHINE),
]

WeightsOption = Annotated[
    Literal["full", "int8", "float8"],
    typer.Option(help="Keep the weights smaller; 'int8' needs the extra of that name.", rich_help_panel=MACHINE),
]

RuntimeOption = Annotated[
    Literal["torch", "openvino"],
    typer.Option(help="'openvino' (extra openvino) is faster on a CPU, for long clips.", rich_help_panel=MACHINE),
]
