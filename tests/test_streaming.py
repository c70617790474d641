"""Streaming on real classes at tiny size: the frames of `animate`, as their poses come in."""

from collections import Counter
from itertools import count, islice

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from PIL import Image

from animate_anyone.models.pixels import to_picture
from animate_anyone.sampling.settings import SamplingSettings
from animate_anyone.streaming import stream
from tiny import randomised

SIZE = {"width": 16, "height": 16}


def picture(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8))


REFERENCE = picture(0)


def poses(num_frames: int, start: int = 0) -> list[Image.Image]:
    return [picture(100 + frame) for frame in range(start, start + num_frames)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def streamed(pipeline, pictures, **options) -> np.ndarray:
    return np.stack(list(stream(pipeline, REFERENCE, pictures, **({"generator": seeded()} | SIZE | options))))


def animated(pipeline, pictures, *, generator, num_steps) -> np.ndarray:
    settings = SamplingSettings(guidance_scale=1.0, num_inference_steps=num_steps)
    return np.stack(list(pipeline.animate(REFERENCE, pictures, settings=settings, generator=generator, **SIZE)))


def difference(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other).max())


@pytest.mark.parametrize(("num_frames", "num_steps"), [(1, 4), (3, 2)])
def test_one_chunk_is_the_window_of_animate(tiny_pipeline, num_frames, num_steps):
    pictures = poses(num_frames)
    expected = animated(tiny_pipeline, pictures, generator=seeded(), num_steps=num_steps)
    result = streamed(tiny_pipeline, pictures, num_steps=num_steps)
    assert result.shape == (num_frames, 16, 16, 3) and result.dtype == np.uint8
    assert difference(result, expected) <= 1


def test_with_one_step_chunks_follow_each_other(tiny_pipeline):
    generator = seeded()
    alone = [animated(tiny_pipeline, poses(length, start), generator=generator, num_steps=1)
             for start, length in ((0, 8), (8, 3))]  # fmt: skip
    assert difference(streamed(tiny_pipeline, poses(11), num_steps=1), np.concatenate(alone)) <= 1


@pytest.mark.parametrize("num_frames", [1, 9])
def test_every_frame_is_read_guided_and_decoded_once_and_denoised_once_a_step(tiny_pipeline, num_frames):
    counts = Counter()

    def counted(name, amount):
        return lambda _module, inputs, _output: counts.update({name: amount(inputs[0])})

    pipeline = tiny_pipeline
    pipeline.reference_net.register_forward_hook(counted("references", len))
    pipeline.image_encoder.vision_model.encoder.register_forward_hook(lambda *_: counts.update({"image tokens": 1}))
    pipeline.pose_guider.register_forward_hook(counted("poses", lambda pose: pose.shape[2]))
    pipeline.denoising_unet.register_forward_hook(counted("denoised", lambda latents: latents.shape[2]))
    pipeline.vae.decoder.register_forward_hook(counted("decoded", len))
    assert len(streamed(pipeline, poses(num_frames), num_steps=4)) == num_frames
    assert counts == {
        "references": 1,
        "image tokens": 1,
        "poses": num_frames,
        "denoised": 4 * num_frames,
        "decoded": num_frames,
    }


def test_poses_that_never_end_are_taken_as_they_are_needed(tiny_pipeline):
    taken = 0

    def camera():
        nonlocal taken
        for frame in count():
            taken += 1
            yield np.asarray(picture(100 + frame))

    live = stream(tiny_pipeline, REFERENCE, camera(), num_steps=4, generator=seeded(), **SIZE)
    frames = []
    for index, frame in enumerate(islice(live, 4)):
        frames.append(frame)
        assert taken == index // 2 * 2 + 8, "the poses of a window, from the chunk of the frame on"
    # A clip that ends has the same frames, but for those whose window its end cuts short.
    ended = streamed(tiny_pipeline, iter(poses(11)), num_steps=4)
    assert np.array_equal(ended[:4], np.stack(frames)) and len(ended) == 11
    assert difference(ended[0], ended[1]) > 1


def test_the_generator_decides_and_frames_see_their_neighbours(tiny_pipeline):
    def three(pictures, generator):
        return streamed(tiny_pipeline, pictures, num_steps=2, window_size=2, generator=generator)

    one, same, other = (three(poses(3), seeded(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, same) and difference(one, other) > 1
    assert difference(*(streamed(tiny_pipeline, poses(1), num_steps=1, generator=None) for _ in range(2))) > 1
    changed = three([*poses(2), picture(7)], seeded())
    assert np.array_equal(one[0], changed[0]), "out before the pose came in"
    assert difference(one[1], changed[1]) > 0, "beside it in the window"


def test_without_noise_the_seed_says_nothing(tiny_pipeline):
    tiny_pipeline.register_to_config(noise_scale=0.0)
    one, other = (streamed(tiny_pipeline, poses(3), num_steps=2, generator=seeded(seed)) for seed in (1, 2))
    assert np.array_equal(one, other)


def test_a_tiny_decoder_takes_the_place_of_the_vae(tiny_pipeline):
    decoder = randomised(
        AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8),
            decoder_block_out_channels=(8, 8, 8),
            num_encoder_blocks=(1, 1, 1),
            num_decoder_blocks=(1, 1, 1),
        ),
        6,
    )
    tiny_pipeline.vae.decoder.register_forward_hook(lambda *_: pytest.fail("the VAE decodes nothing"))
    result = streamed(tiny_pipeline, poses(3), num_steps=1, decoder=decoder)
    encoded = tiny_pipeline.encode_reference(REFERENCE, **SIZE)
    settings = SamplingSettings(guidance_scale=1.0, num_inference_steps=1)
    latents = tiny_pipeline.denoise(encoded, poses(3), settings=settings, generator=seeded(), **SIZE)
    with torch.no_grad():
        pixels = decoder.decode(latents[0].transpose(0, 1)).sample
    expected = np.stack([to_picture((one / 2 + 0.5).clamp(0, 1)) for one in pixels])
    assert difference(result, expected) <= 1


def test_no_poses_no_frames(tiny_pipeline):
    assert list(stream(tiny_pipeline, REFERENCE, [], **SIZE)) == []


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        (poses(1), {"num_steps": 3, "window_size": 8}, "multiple of num_steps, 3, and at most 8; got 8"),
        (poses(1), {"num_steps": 2, "window_size": 10}, "at most 8; got 10"),
        (poses(1), {"num_steps": 2, "window_size": 0}, "got 0"),
        (poses(1), {"num_steps": 9}, "from 1 to 8, the frames in a window; got 9"),
        (poses(1), {"num_steps": 0}, "from 1 to 8"),
        (poses(1), {"width": 15}, "width must be a positive multiple of 4; got 15"),
        (iter([np.zeros((16, 16, 3), dtype=np.float32)]), {}, "RGB bytes .* got float32"),
        ([np.zeros((16, 16), dtype=np.uint8)], {}, r"got uint8 of shape \(16, 16\)"),
    ],
)
def test_wrong_arguments_are_named(tiny_pipeline, pictures, options, message):
    with pytest.raises(ValueError, match=message):
        list(stream(tiny_pipeline, REFERENCE, pictures, **(SIZE | options)))
