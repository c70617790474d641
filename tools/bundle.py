"""Puts a trained pipeline into the package as the bundled model `mini`, with what was measured of it.

    python tools/bundle.py runs/mini --commit COMMIT

reads `runs/mini/{vae,image-encoder,stage1,stage2}` and writes `src/animate_anyone/bundled/mini`: weights in half
precision, the schedule, `training.json` (configurations, commit, last losses, measures) and the model card, README.md.
"""

import argparse
import json
import platform
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from animate_anyone.animation import animate
from animate_anyone.checkpoints.notices import Notice, save_notices
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.data.procedural import SPLITS, render_frames
from animate_anyone.models.vae import decode_latents, encode_images
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.pose.skeleton import BODY_NAMES
from animate_anyone.train.pictures import to_bytes, to_model_range

STAGES = ("vae", "image-encoder", "stage1", "stage2")
TARGET = Path(__file__).parents[1] / "src" / "animate_anyone" / "bundled" / "mini"
NUM_FRAMES = 12
REFERENCE_FRAME = 40
LIMBS = {
    "right forearm": ("right_elbow", "right_wrist"),
    "left forearm": ("left_elbow", "left_wrist"),
    "right shin": ("right_knee", "right_ankle"),
    "left shin": ("left_knee", "left_ankle"),
}

Frames = npt.NDArray[np.uint8]


def psnr(a: Frames, b: Frames) -> float:
    """Peak signal-to-noise ratio in dB of RGB pictures of 8 bits."""
    error = np.square(a.astype(np.float64) - b.astype(np.float64)).mean()
    return float(10 * np.log10(255**2 / error))


def limb_error(frames: Frames, truth: Frames, keypoints: npt.NDArray[np.float32], limb: str) -> float:
    """Mean difference of the colour in the middle of a limb, of 255, where that is in the picture."""
    start, end = (BODY_NAMES.index(name) for name in LIMBS[limb])
    middles = ((keypoints[:, start] + keypoints[:, end]) / 2).round().astype(int)
    height, width = frames.shape[1:3]
    errors = [
        np.abs(frames[index, y, x].astype(int) - truth[index, y, x]).mean()
        for index, (x, y) in enumerate(middles.tolist())
        if 0 <= x < width and 0 <= y < height
    ]
    return float(np.mean(errors)) if errors else float("nan")


def measure(pipeline: AnimateAnyonePipeline, num_characters: int, side: int) -> dict[str, Any]:
    """Animates characters and motions of the test split; the same for copying the reference instead."""
    seeds = SPLITS["test"]
    rows: dict[str, list[float]] = {"model": [], "copied reference": [], "autoencoder alone": []}
    limbs: dict[str, dict[str, list[float]]] = {name: {limb: [] for limb in LIMBS} for name in rows}
    for index in range(num_characters):
        clip = render_frames(seeds[index], seeds[index], [*range(NUM_FRAMES), REFERENCE_FRAME], size=side)
        pictures = clip.frames.permute(0, 2, 3, 1).numpy()
        truth, reference = pictures[:-1], pictures[-1]
        animation = animate(pipeline, Image.fromarray(reference), clip.poses.frames(slice(NUM_FRAMES)))
        with torch.no_grad():
            restored = decode_latents(pipeline.vae, encode_images(pipeline.vae, to_model_range(clip.frames[:-1])))
        videos = {
            "model": np.stack(list(animation.frames)),
            "copied reference": np.broadcast_to(reference, truth.shape),
            "autoencoder alone": to_bytes(restored).permute(0, 2, 3, 1).numpy(),
        }
        for name, frames in videos.items():
            rows[name].append(float(np.mean([psnr(*pair) for pair in zip(frames, truth, strict=True)])))
            for limb in LIMBS:
                limbs[name][limb].append(limb_error(frames, truth, clip.poses.keypoints[:-1], limb))
    return {
        "test characters": num_characters,
        "frames of each": NUM_FRAMES,
        "psnr": {name: round(float(np.mean(values)), 2) for name, values in rows.items()},
        "limb colour error of 255": {
            name: {limb: round(float(np.nanmean(values)), 1) for limb, values in by_limb.items()}
            for name, by_limb in limbs.items()
        },
    }


def last_line(path: Path) -> dict[str, float]:
    """The newest entry of a loss log."""
    return json.loads(path.read_text(encoding="utf-8").splitlines()[-1])


def training_record(runs: Path, commit: str) -> dict[str, Any]:
    """What made the weights: a configuration and the last losses for each stage, the commit, and the machine."""
    return {
        "commit": commit,
        "machine": f"{platform.machine()}, CPU, two processes of one thread; torch {torch.__version__}",
        "stages": {
            stage: {
                "config": json.loads((runs / stage / "config.json").read_text(encoding="utf-8")),
                "last losses": last_line(runs / stage / "losses.jsonl"),
            }
            for stage in STAGES
        },
    }


def card(record: dict[str, Any], num_parameters: dict[str, int], size: int) -> str:
    """The model card, in Markdown."""
    measured = record["measured"]
    parts = "\n".join(f"| `{name}` | {count / 1e6:.2f} M |" for name, count in num_parameters.items())
    stages = "\n".join(
        f"| `{name}` | {stage['last losses']['step']:.0f} | {stage['config']['batch_size']} "
        f"| {stage['config']['seed']} | {stage['last losses']['loss']:.4f} |"
        for name, stage in record["stages"].items()
    )
    quality = "\n".join(
        f"| {name} | {value} dB | "
        + " | ".join(str(measured["limb colour error of 255"][name][limb]) for limb in LIMBS)
        + " |"
        for name, value in measured["psnr"].items()
    )
    return f"""# mini

The model inside the package: it animates drawn characters at about 128 x 128 pixels, on a laptop, without any download.
Trained from nothing by this package on characters that this package draws. Licence: Apache-2.0.

It has seen no photograph and no other drawing style, so on those it is a demonstration of the machinery, no more.

## Parts

| component | parameters |
|---|---|
{parts}

{size / 1e6:.1f} MB in half precision.

## Training

Commit `{record["commit"]}`; {record["machine"]}. Configurations: `configs/mini-*.toml`, and as used in `training.json`.

| stage | steps | batch | seed | last loss |
|---|---|---|---|---|
{stages}

## Measured

{measured["test characters"]} characters and motions of the test split, never trained on; {measured["frames of each"]}
frames of each, one reference picture in another pose. Mean PSNR, and mean difference of the colour in the middle of a
limb (of 255).

| | PSNR | {" | ".join(LIMBS)} |
|---|---|{"---|" * len(LIMBS)}
{quality}

"Copied reference" shows the reference picture in every frame; "autoencoder alone" is the ceiling that its VAE sets.

## Known failures

Blurred faces, hands and patterns; small limbs that cross the body; characters shown half; colours that drift from the
reference's; flicker in textures.
"""


def main() -> None:
    """Bundles a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="folder of the four stages' runs")
    parser.add_argument("--commit", required=True, help="commit that the runs were made with")
    parser.add_argument("--characters", type=int, default=8, help="how many test characters to measure on")
    arguments = parser.parse_args()

    pipeline = AnimateAnyonePipeline.from_pretrained(arguments.runs / "stage2" / "pipeline")
    shutil.rmtree(TARGET, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(TARGET)
    notice = Notice(
        name="mini",
        components=("vae", "image_encoder", "reference_net", "denoising_unet", "pose_guider"),
        licence="Apache-2.0",
        trained_by="the Animate Anyone project, on characters that it draws",
        url="",
    )
    save_notices([notice], TARGET)

    bundled = open_pipeline(TARGET)
    record = training_record(arguments.runs, arguments.commit)
    side = record["stages"]["stage2"]["config"]["data"]["size"]
    record["measured"] = measure(bundled, arguments.characters, side)
    (TARGET / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    components: dict[str, Any] = bundled.components
    num_parameters = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in components.items()
        if isinstance(part, torch.nn.Module)
    }
    size = sum(path.stat().st_size for path in TARGET.rglob("*.safetensors"))
    (TARGET / "README.md").write_text(card(record, num_parameters, size), encoding="utf-8")
    print(json.dumps(record["measured"], indent=2))
    print(f"{TARGET}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
