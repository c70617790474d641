"""`animate --preset stream`: a video by the rolling window, and what cannot be had with it."""

import json

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny

from animate_anyone.animation import AnimateOptions, animate
from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS
from animate_anyone.cli.app import app
from animate_anyone.errors import ConfigError
from animate_anyone.media.image import load_image
from animate_anyone.media.video import probe
from animate_anyone.pose.file import load_poses
from animate_anyone.streaming import stream
from tiny import randomised


@pytest.fixture
def arguments(model, poses, picture, tmp_path) -> list[str]:
    return ["animate", str(picture), str(poses), "-o", str(tmp_path / "out.gif"), "--model", str(model), "--no-align"]


def test_a_video_is_streamed_and_decoded_by_a_decoder_of_ones_choice(cli, arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path))
    decoder = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 3,
        decoder_block_out_channels=(8,) * 3,
        num_encoder_blocks=(1,) * 3,
        num_decoder_blocks=(1,) * 3,
    )
    randomised(decoder, 6).save_pretrained(BASE_WEIGHTS["taesd"].path)
    options = ["--preset", "stream", "--decoder", "taesd", "--max-frames", "5"]
    result = cli.invoke(app, [*arguments, *options])
    assert result.exit_code == 0, result.output
    assert "decoder: TAESD, MIT" in result.output
    assert probe(tmp_path / "out.gif").num_frames == 5
    report = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    used = {"preset": "stream", "num_inference_steps": 2, "guidance_scale": 1.0, "decoder": "taesd"}
    assert report["settings"].items() >= used.items()
    assert "decoder/diffusion_pytorch_model.safetensors" in report["model"]["weights"]
    assert set(report["seconds"]) == {"open model", "find poses", "streaming"}


def test_the_engine_streams_the_pictures_of_the_motion(tiny_pipeline, poses, picture):
    reference, motion = load_image(picture), load_poses(poses).frames(slice(5))
    options = AnimateOptions(preset="stream", num_inference_steps=4, seed=3)
    animation = animate(tiny_pipeline, reference, motion, options=options)
    geometry = animation.geometry
    pictures = list(animation.pose_images.window(range(5)))
    canvas = {"width": geometry.canvas.width, "height": geometry.canvas.height}
    own = stream(
        tiny_pipeline,
        geometry.to_canvas(reference),
        pictures,
        num_steps=4,
        generator=torch.Generator().manual_seed(3),
        **canvas,
    )
    assert np.array_equal(np.stack(list(animation.frames)), geometry.crop(np.stack(list(own))))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guidance_scale": 2.0}, "no guidance; got 2"),
        ({"windows": "closed-loop"}, "options on windows"),
        ({"windows_at_once": 2}, "options on windows"),
    ],
)
def test_what_a_stream_has_not_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        AnimateOptions(preset="stream", **options)


def test_more_steps_than_the_window_has_frames_are_refused(tiny_pipeline, clip, picture):
    options = AnimateOptions(preset="stream", num_inference_steps=9)
    with pytest.raises(ConfigError, match="at most 8 steps, the frames of its window; got 9"):
        animate(tiny_pipeline, load_image(picture), clip.poses, options=options)


def test_a_decoder_is_for_streams(cli, arguments):
    result = cli.invoke(app, [*arguments, "--decoder", "taesd"])
    assert result.exit_code == 1 and "'stream' only" in result.output
