"""`animate-anyone animate`: a picture of a character and a motion become a video."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from animate_anyone.cli.options import (
    MACHINE,
    SAMPLING,
    AreaOption,
    CompileOption,
    DetectorOption,
    DetectorWeightsOption,
    DeviceOption,
    DTypeOption,
    GuidanceOption,
    MaxFramesOption,
    ModelOption,
    OffloadOption,
    PresetOption,
    RuntimeOption,
    StepsOption,
    TilingOption,
    WeightsOption,
    WindowsAtOnceOption,
)
from animate_anyone.cli.summary import summary
from animate_anyone.cli.terminal import Terminal, quiet_libraries

MOTION = "Motion"


def animate(
    reference: Annotated[
        Path, typer.Argument(metavar="REFERENCE", help="Picture of the character: PNG, JPEG, WebP, ...")
    ],
    driving: Annotated[
        Path,
        typer.Argument(
            metavar="DRIVING", help="What it shall do: a video of a person, a video of skeletons, or a pose file."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Video to write: .mp4 (with sound), .gif, .webp; without suffix a folder of PNGs."
        ),
    ],
    model: ModelOption = "mini",
    align: Annotated[
        bool,
        typer.Option(
            "--align/--no-align",
            help="Fit the motion to the character's proportions and place.",
            rich_help_panel=MOTION,
        ),
    ] = True,
    reference_pose: Annotated[
        Path | None,
        typer.Option(
            help="Pose file of the reference, made by hand or by 'pose detect', for characters no detector finds.",
            rich_help_panel=MOTION,
        ),
    ] = None,
    max_frames: MaxFramesOption = None,
    detector: DetectorOption = "auto",
    detector_weights: DetectorWeightsOption = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            max=2**63 - 1,
            help="Same seed, same machine: same video.",
            rich_help_panel=SAMPLING,
        ),
    ] = 0,
    steps: StepsOption = None,
    guidance: GuidanceOption = None,
    area: AreaOption = None,
    windows: Annotated[
        Literal["overlapping", "closed-loop"],
        typer.Option(
            help="How a long clip is cut; 'closed-loop' is what Moore-AnimateAnyone does, to compare.",
            rich_help_panel=SAMPLING,
        ),
    ] = "overlapping",
    windows_at_once: WindowsAtOnceOption = 1,
    preset: PresetOption = "exact",
    decoder: Annotated[
        str | None,
        typer.Option(help="With 'stream', a fast decoder: taesd, or a folder.", rich_help_panel=SAMPLING),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Show reference, pose and result side by side, not the result alone.",
            rich_help_panel=MACHINE,
        ),
    ] = False,
    device: DeviceOption = None,
    dtype: DTypeOption = None,
    offload: OffloadOption = "none",
    vae_tiling: TilingOption = False,
    compiled: CompileOption = False,
    weights: WeightsOption = "full",
    runtime: RuntimeOption = "torch",
) -> None:
    """Make the character of a picture follow a motion.

    The video has the aspect ratio of the picture, and the frames, the rate and the sound of the motion. Beside it, a
    JSON file of the same name reports what it was made of.

    The poses in a video of a person are found first, which needs the extra 'pose' or 'pose-onnx'. A video of skeletons
    is used as it is; the bundled model reads the keypoints from it.

    For example:

        animate-anyone animate me.png dance.mp4 -o out.mp4 --model moore

        animate-anyone animate hero.png skeletons.mp4 -o out.gif --compare

        animate-anyone animate robot.png walk.json.gz --reference-pose robot.json -o out.mp4
    """
    from animate_anyone.animation import AnimateOptions
    from animate_anyone.checkpoints.registry import REGISTRY
    from animate_anyone.devices.placement import Placement
    from animate_anyone.job import Job, run_job
    from animate_anyone.pose.motion import MotionOptions

    job = Job(
        reference=reference,
        driving=driving,
        output=output,
        model=model,
        options=AnimateOptions(
            seed=seed,
            num_inference_steps=steps,
            guidance_scale=guidance,
            area=area,
            windows=windows,
            windows_at_once=windows_at_once,
            preset=preset,
        ),
        motion=MotionOptions(
            max_frames=max_frames,
            align=align,
            reference_pose=reference_pose,
            detector=detector,
            detector_weights=detector_weights,
        ),
        decoder=decoder,
        compare=compare,
        placement=Placement(
            device=device,
            dtype=dtype,
            offload=offload,
            vae_tiling=vae_tiling,
            compile=compiled,
            weights=weights,
            runtime=runtime,
        ),
    )
    quiet_libraries()
    with Terminal.open() as terminal:
        if model in REGISTRY and REGISTRY[model].caution:
            terminal.note(REGISTRY[model].caution)
        report = run_job(job, terminal)
    typer.echo(summary(report))
