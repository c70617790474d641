"""The pipeline on real classes at tiny size."""

from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from animate_anyone import AnimateAnyonePipeline
from animate_anyone.models.spatial import SpatialTransformerBlock
from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.sampling.windows import ClosedLoopWindows
from levels import levels_apart


def picture(seed: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def poses(num_frames: int) -> list[Image.Image]:
    return [picture(100 + frame) for frame in range(num_frames)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_frame_for_every_pose(tiny_pipeline):
    frames = list(tiny_pipeline.animate(picture(0), poses(5), width=32, height=24, generator=seeded()))
    assert [frame.shape for frame in frames] == [(24, 32, 3)] * 5
    assert all(frame.dtype == np.uint8 for frame in frames)


def test_the_same_seed_gives_the_same_pixels_whatever_the_global_state(tiny_pipeline):
    torch.manual_seed(1)
    one = tiny_pipeline(picture(0), poses(3), generator=seeded(), output_type="np").frames
    torch.manual_seed(2)
    before = torch.get_rng_state()
    other = tiny_pipeline(picture(0), poses(3), generator=seeded(), output_type="np").frames
    assert np.array_equal(one, other)
    assert torch.equal(before, torch.get_rng_state())
    assert not np.array_equal(one, tiny_pipeline(picture(0), poses(3), generator=seeded(1), output_type="np").frames)


def test_without_a_generator_calls_differ(tiny_pipeline):
    one, other = (tiny_pipeline(picture(0), poses(2), output_type="np").frames for _ in range(2))
    assert not np.array_equal(one, other)


def test_longer_than_the_temporal_attention(tiny_pipeline):
    frames = tiny_pipeline(picture(0), poses(19), generator=seeded()).frames
    assert len(frames) == 19
    wrapped = tiny_pipeline(picture(0), poses(19), generator=seeded(), windows=ClosedLoopWindows(8, 2)).frames
    assert len(wrapped) == 19


def test_the_default_size_keeps_the_aspect_ratio_and_the_area(tiny_pipeline):
    (frame,) = tiny_pipeline(picture(0, (60, 120)), poses(1), generator=seeded()).frames
    assert frame.size == (24, 48)


@pytest.mark.parametrize(
    ("size", "given", "expected"),
    [
        ((60, 60), {"width": 24}, (24, 24)),
        ((60, 120), {"width": 24}, (24, 48)),
        ((60, 120), {"height": 24}, (12, 24)),
        ((120, 50), {"width": 24}, (24, 8)),
        ((400, 20), {"width": 8}, (8, 4)),
        ((60, 120), {"width": 24, "height": 24}, (24, 24)),
    ],
)
def test_a_side_that_is_not_given_keeps_the_aspect_ratio(tiny_pipeline, size, given, expected):
    (frame,) = tiny_pipeline(picture(0, size), poses(1), generator=seeded(), **given).frames
    assert frame.size == expected


def test_saved_and_loaded_the_pixels_are_the_same(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path)
    loaded = AnimateAnyonePipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    assert loaded.scheduler.config["prediction_type"] == "v_prediction"
    assert loaded.config["pose_style"] == "compact"
    one, other = (p(picture(0), poses(2), generator=seeded(), output_type="np").frames for p in (tiny_pipeline, loaded))
    assert np.array_equal(one, other)


def test_guidance_of_one_needs_no_second_prediction(tiny_pipeline):
    calls = []
    tiny_pipeline.denoising_unet.register_forward_hook(lambda *_: calls.append(1))
    tiny_pipeline(picture(0), poses(2), guidance_scale=1.0, generator=seeded())
    assert len(calls) == 2
    tiny_pipeline(picture(0), poses(2), guidance_scale=1.5, generator=seeded())
    assert len(calls) == 2 + 4


def test_nothing_that_belongs_to_the_clip_is_done_again_at_a_step_or_window(tiny_pipeline):
    counts = Counter()

    def count(name, amount=lambda inputs: 1):
        return lambda _module, inputs, _output: counts.update({name: amount(inputs)})

    pipeline, num_frames = tiny_pipeline, 19
    pipeline.reference_net.register_forward_hook(count("reference", lambda inputs: len(inputs[0])))
    pipeline.image_encoder.vision_model.encoder.register_forward_hook(count("image encoder"))
    pipeline.pose_guider.register_forward_hook(count("frames guided", lambda inputs: inputs[0].shape[2]))
    pipeline.vae.decoder.register_forward_hook(count("frames decoded", lambda inputs: len(inputs[0])))
    transformers = [m for m in pipeline.denoising_unet.modules() if isinstance(m, SpatialTransformerBlock)]
    for block in transformers:
        for layer in (block.attn1.to_k, block.attn1.to_v):
            # A window has more rows than the one reference.
            layer.register_forward_hook(count("reference projected", lambda inputs: len(inputs[0]) == 1))
        block.attn2.to_v.register_forward_hook(count("image token projected"))
        block.attn2.register_forward_hook(count("cross-attention"))
    frames = pipeline(picture(0), poses(num_frames), num_inference_steps=3, generator=seeded()).frames
    assert len(frames) == num_frames
    assert counts == {
        "reference": 1,
        "image encoder": 1,
        "frames guided": num_frames,
        "frames decoded": num_frames,
        "reference projected": 2 * len(transformers),
        # With and without guidance.
        "image token projected": 2 * len(transformers),
    }


def test_a_preset_that_reuses_features_asks_less_of_the_network(tiny_pipeline):
    counts, results = Counter(), []
    unet = tiny_pipeline.denoising_unet
    unet.mid_block.register_forward_hook(lambda *_: counts.update(["deep features"]))
    unet.conv_out.register_forward_hook(lambda *_: counts.update(["predictions"]))
    for preset in (EXACT, Preset(guided=(0.5, 1.0), refresh_every=2, fewest_refreshes=1)):
        settings = SamplingSettings(num_inference_steps=4, preset=preset)
        video = tiny_pipeline.animate(picture(0), poses(11), settings=settings, generator=seeded())
        results.append((np.stack(list(video)).astype(float), dict(counts)))
        counts.clear()
    (exact, of_exact), (other, of_other) = results
    # Two windows; four steps, two of them guided and two of them refreshed.
    assert of_exact == {"deep features": 2 * 2 * 4, "predictions": 2 * 2 * 4}
    assert of_other == {"deep features": 2 * (2 + 1), "predictions": 2 * (4 + 2)}
    assert 0 < np.abs(exact - other).mean() < 50


def test_with_nothing_left_out_the_fast_preset_is_exact(tiny_pipeline):
    exact, fast = (
        tiny_pipeline(picture(0), poses(5), preset=preset, guidance_scale=1.0, generator=seeded(), output_type="np")
        for preset in ("exact", "fast")
    )
    assert np.array_equal(exact.frames, fast.frames)


@pytest.mark.parametrize("at_once", [2, 10])
def test_windows_denoised_together_give_the_same_video(tiny_pipeline, at_once):
    alone, together = (
        tiny_pipeline(picture(0), poses(19), windows_at_once=size, generator=seeded(), output_type="np").frames
        for size in (1, at_once)
    )
    assert levels_apart(alone, together) <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 30, "height": 32}, "width must be a positive multiple of 4; got 30"),
        ({"width": 0}, "width must be a positive multiple of 4; got 0"),
        ({"height": 0}, "height must be a positive multiple of 4; got 0"),
        ({"height": -4, "width": 32}, "height must be a positive multiple of 4; got -4"),
        ({"num_inference_steps": 0}, "between 1 and 1000; got 0"),
        ({"output_type": "latent"}, "output_type"),
        ({"preset": "slow"}, "no preset 'slow'"),
        ({"latents": torch.zeros(1, 4, 2, 8, 7)}, r"shape \(1, 4, 2, 8, 8\)"),
    ],
)
def test_wrong_arguments_are_named(tiny_pipeline, arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny_pipeline(picture(0), poses(2), **arguments)


def test_no_poses_no_video(tiny_pipeline):
    with pytest.raises(ValueError, match="at least one"):
        tiny_pipeline(picture(0), [])


def test_without_noise_the_seed_says_nothing(tiny_pipeline):
    quiet = AnimateAnyonePipeline(**tiny_pipeline.components, area=16 * 16, num_inference_steps=1, noise_scale=0.0)
    picture = Image.new("RGB", (16, 16), (200, 30, 60))
    first, second = (
        quiet(
            picture, [picture] * 2, width=16, height=16, generator=torch.Generator().manual_seed(seed), output_type="np"
        )
        for seed in (1, 2)
    )
    assert np.array_equal(first.frames, second.frames)
