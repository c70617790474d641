"""Devices that share windows and branches make the clip that one makes. Here each of them is the CPU."""

import numpy as np
import pytest
import torch
from PIL import Image

from animate_anyone.devices.placement import Placement, place
from levels import levels_apart


def video(pipeline, *, num_frames: int, preset: str = "exact", guidance_scale: float = 2.0, steps: int = 2):
    pictures = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (32, 32, 3), dtype=np.uint8))
        for seed in range(num_frames + 1)
    ]
    return pipeline(
        pictures[0],
        pictures[1:],
        generator=torch.Generator().manual_seed(0),
        preset=preset,
        guidance_scale=guidance_scale,
        num_inference_steps=steps,
        output_type="np",
    ).frames


def watched(pipeline, monkeypatch) -> list[int]:
    """Counts the frames that each copy of the network is given."""
    frames = [0] * (1 + len(pipeline.replicas))
    for index, unet in enumerate((pipeline.denoising_unet, *pipeline.replicas)):

        def count(latents, *args, index=index, inner=unet.forward, **options):
            frames[index] += latents.shape[0] * latents.shape[2]
            return inner(latents, *args, **options)

        monkeypatch.setattr(unet, "forward", count)
    return frames


@pytest.mark.parametrize(
    ("devices", "num_frames", "options"),
    [
        ("cpu,cpu", 20, {}),
        ("cpu,cpu", 20, {"guidance_scale": 1.0}),
        # Twelve steps share their deep features by twos, and the first of them have no guidance.
        ("cpu,cpu", 20, {"preset": "fast", "steps": 12}),
        ("cpu,cpu", 3, {"preset": "fast", "steps": 12}),
        ("cpu,cpu,cpu", 12, {}),
    ],
)
def test_the_clip_is_the_same(tiny_pipeline, monkeypatch, devices, num_frames, options):
    alone = video(tiny_pipeline, num_frames=num_frames, **options)
    shared = place(tiny_pipeline, Placement(device=devices, dtype="float32"))
    frames = watched(shared, monkeypatch)
    assert len(frames) == len(devices.split(","))
    assert levels_apart(video(shared, num_frames=num_frames, **options), alone) <= 1
    assert min(frames) > 0


def test_branches_are_shared_where_there_is_one_window(tiny_pipeline, monkeypatch):
    shared = place(tiny_pipeline, Placement(device="cpu,cpu", dtype="float32"))
    frames = watched(shared, monkeypatch)
    video(shared, num_frames=3)
    assert frames == [6, 6]


def test_one_window_without_guidance_cannot_be_shared(tiny_pipeline, monkeypatch):
    shared = place(tiny_pipeline, Placement(device="cpu,cpu", dtype="float32"))
    frames = watched(shared, monkeypatch)
    video(shared, num_frames=3, guidance_scale=1.0)
    assert sorted(frames) == [0, 6]
