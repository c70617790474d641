"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from animate_anyone.sampling.presets import OfferedPreset

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


def parse_area(text: str) -> int:
    """Pixels from a number ("393216") or from sides ("512x768")."""
    sides = text.lower().split("x")
    if len(sides) > 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise typer.BadParameter(f"'{text}' is neither a number of pixels nor a size such as 512x768.")
    area = int(sides[0]) * (int(sides[1]) if len(sides) == 2 else 1)
    if not 32 * 32 <= area <= 4096 * 4096:
        raise typer.BadParameter(f"'{text}' is {area} pixels; from 32x32 to 4096x4096 are possible.")
    return area


SAMPLING, MACHINE = "Sampling", "Output and machine"

StepsOption = Annotated[
    int | None,
    typer.Option(min=1, max=1000, help="Denoising steps; by default the model's.", rich_help_panel=SAMPLING),
]

GuidanceOption = Annotated[
    float | None,
    typer.Option(
        min=1,
        max=100,
        help="How strongly the result is pulled to the reference; 1 is none, and twice as fast. By default the "
        "model's.",
        rich_help_panel=SAMPLING,
    ),
]

PresetOption = Annotated[
    OfferedPreset,
    typer.Option(
        help="'fast' leaves out work that changes little: about two and a half times as fast at 20 steps or more. "
        "'stream' takes 4 steps or the model's, if those are fewer, and has no guidance: for models made for that.",
        rich_help_panel=SAMPLING,
    ),
]

WindowsAtOnceOption = Annotated[
    int,
    typer.Option(
        min=1,
        help="Windows denoised together on each device: more memory, and faster on a GPU that one does not keep busy.",
        rich_help_panel=SAMPLING,
    ),
]

AreaOption = Annotated[
    int | None,
    typer.Option(
        parser=parse_area,
        metavar="PIXELS",
        help="Pixels of a frame, as a number or as 512x768; the aspect ratio stays that of the reference. By "
        "default the model's.",
        rich_help_panel=SAMPLING,
    ),
]

DeviceOption = Annotated[
    str | None,
    typer.Option(
        help="cpu, cuda, cuda:1, mps; by default a GPU if there is one. Several GPUs, given as cuda:0,cuda:1, share "
        "the windows of a clip.",
        rich_help_panel=MACHINE,
    ),
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
