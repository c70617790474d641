"""What is counted is what is computed, and what is predicted follows from it."""

from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone import DenoisingUNet, PoseGuider, ReferenceNet
from animate_anyone.devices import machine
from animate_anyone.devices.clip_work import Networks, count_clip
from animate_anyone.devices.counting import Work, counted
from animate_anyone.devices.forecast import (
    Asked,
    Memory,
    Room,
    predict_memory,
    weight_bytes,
    what_to_change,
    work_by_part,
)
from animate_anyone.devices.placement import Placement
from animate_anyone.devices.rates import Rates
from animate_anyone.media.size import Size
from tiny import TINY_TEMPORAL, TINY_UNET

CPU = Placement(device="cpu", dtype="float32")
GPU = Placement(device="cuda", dtype="float16")
ASKED = Asked(num_frames=20, num_steps=2, guidance_scale=2.0, area=32 * 32)
PROGRAM = 10**6
STAGES = {"down_block_types": ("DownEncoderBlock2D",) * 3, "up_block_types": ("UpDecoderBlock2D",) * 3}
CLIP = CLIPVisionConfig(
    hidden_size=16,
    intermediate_size=32,
    projection_dim=24,
    num_hidden_layers=1,
    num_attention_heads=2,
    image_size=32,
    patch_size=16,
)


@pytest.fixture(scope="module")
def networks() -> Networks:
    with torch.device("meta"):
        return Networks(
            vae=AutoencoderKL(block_out_channels=(8, 8, 16), layers_per_block=1, norm_num_groups=4, **STAGES),
            image_encoder=CLIPVisionModelWithProjection(CLIP),
            reference_net=ReferenceNet(**TINY_UNET),
            denoising_unet=DenoisingUNet(**TINY_UNET, **TINY_TEMPORAL),
            pose_guider=PoseGuider(16, (4, 8, 8)),
        )


@pytest.fixture(scope="module")
def clip(networks):
    return count_clip(networks, Size(32, 32), window=8, guidance=True)


def test_work_and_memory_of_known_operations():
    with torch.device("meta"):
        linear, conv = nn.Linear(10, 20), nn.Conv2d(3, 5, 3, padding=1)
        tokens, picture, heads = torch.empty(7, 10), torch.empty(1, 3, 8, 8), torch.empty(2, 4, 6, 5)
    assert counted(lambda: linear(tokens))[0].work == Work(matrices=2 * 7 * 10 * 20)
    assert counted(lambda: conv(picture))[0].work == Work(convolutions=2 * 64 * 5 * 27)
    attended, result = counted(lambda: nn.functional.scaled_dot_product_attention(heads, heads, heads))
    assert attended.work.attention == 2 * 2 * 2 * 4 * 6 * 6 * 5 and result.shape == heads.shape
    # Of three results in a chain two are alive at once, and a view is none.
    chain, _ = counted(lambda: tokens.relu().view(-1).relu().relu())
    assert (chain.work.moved, chain.peak) == (6 * 70, 2 * 70)


def test_the_count_is_that_of_the_network_itself(networks):
    unet = networks.denoising_unet
    with torch.device("meta"):
        latents, token = torch.empty(1, 4, 8, 8, 8), torch.empty(1, 1, 24)
        timestep = torch.empty(1, dtype=torch.int64)
    with torch.no_grad(), FlopCounterMode(display=False) as reference:
        unet(latents, timestep, token)
    assert counted(lambda: unet(latents, timestep, token))[0].work.flops == reference.get_total_flops()


def test_a_clip_takes_what_its_calls_take(clip):
    window = sum(branch.whole.work.flops for branch in clip.branches)
    assert clip.denoising(num_frames=8, num_steps=1).flops == pytest.approx(window)
    # 20 frames are 3 windows of 8 that overlap by 1.
    assert clip.denoising(num_frames=20, num_steps=2).flops == pytest.approx(6 * window)
    assert clip.finishing(num_frames=16).flops == pytest.approx(2 * clip.finishing(num_frames=8).flops)
    assert Rates(matrices=2, convolutions=1, attention=4, moved=8).seconds(
        Work(matrices=2, convolutions=3, attention=4, moved=8)
    ) == pytest.approx(6)


def test_presets_take_less_work(clip):
    asked = replace(ASKED, num_steps=20)
    work = {
        preset: work_by_part(clip, replace(asked, preset=preset))["denoising"].flops
        for preset in ("exact", "fast", "stream")
    }
    # 20 frames are 3 windows. Seven steps of 20 compute deep features, and 3 of them have no guidance.
    with_reference, without = clip.branches
    fast = [
        branch.deep.flops * refreshed + branch.last_layer.flops * steps
        for branch, refreshed, steps in ((with_reference, 7, 20), (without, 6, 17))
    ]
    assert work["fast"] == pytest.approx(3 * sum(fast)) and work["fast"] < work["exact"]
    assert work["stream"] == pytest.approx(20 * 20 / 8 * with_reference.whole.work.flops)


def test_memory_grows_with_what_needs_it(networks, clip):
    def needed(asked: Asked = ASKED, **changes) -> Memory:
        return predict_memory(networks, clip, asked, replace(CPU, **changes), program=PROGRAM)

    plain = needed()
    assert plain.main["program"] > PROGRAM and not plain.device
    assert plain.main["weights"] == 4 * sum(p.numel() for n in networks.by_name.values() for p in n.parameters())
    assert needed(dtype="bfloat16").main["weights"] == plain.main["weights"] // 2
    assert needed(weights="float8").main["weights"] < needed(weights="int8").main["weights"] < plain.main["weights"]
    assert needed(replace(ASKED, area=4096)).main_total > plain.main_total
    longer, wider = replace(ASKED, num_frames=2000), replace(ASKED, num_frames=2000, windows_at_once=20)
    many_steps = replace(longer, num_steps=20)
    assert needed(wider).main_total > needed(longer).main_total > plain.main_total
    assert needed(replace(many_steps, preset="fast")).main_total > needed(many_steps).main_total
    assert needed(replace(longer, preset="stream")).main_total < needed(longer).main_total


def test_offloading_trades_memory_of_the_gpu(networks, clip):
    held = [
        predict_memory(networks, clip, ASKED, replace(GPU, offload=offload), program=PROGRAM).device["weights"]
        for offload in ("none", "model", "group")
    ]
    assert held == sorted(held, reverse=True) and len(set(held)) == 3
    assert weight_bytes(networks.vae, "vae", replace(GPU, weights="int8")) == weight_bytes(networks.vae, "vae", GPU)


def test_what_does_not_fit_is_made_smaller_until_it_does(networks, clip):
    def changes(placement: Placement, main: int, device: int | None) -> list[tuple[str, bool | None]]:
        room = Room(main=main, device=device)
        found = what_to_change(networks, clip, ASKED, placement, program=PROGRAM, room=room)
        return [(change.text, change.fits) for change in found]

    assert changes(CPU, 10**9, None) == []
    needed = predict_memory(networks, clip, ASKED, GPU, program=PROGRAM).device_total
    assert changes(GPU, 10**9, needed - 1) == [("--offload model", True)]
    single = replace(GPU, dtype="float32")
    assert changes(single, 10**9, needed) == [("--dtype float16", True)]
    texts = [text for text, _ in changes(single, 10**9, 1)]
    assert texts[0] == "--dtype float16" and texts[-1] == "--area 256" and "--vae-tiling" not in texts[:2]


def test_extras_and_memory_are_looked_up(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "requires", lambda name: ["numpy", "torch>=2; extra == 'a'", "no-such; extra == 'b'"])
    assert machine.missing_of_extras() == {"a": (), "b": ("no-such",)}
    total, free = machine.main_memory()
    assert total is None or free is None or 0 < free <= total
    for name, text in (("MEMORY_LIMIT", "5000000000\n"), ("MEMORY_USED", "4000000000\n")):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(machine, name, tmp_path / name)
    if machine.MEMORY_INFO.is_file():
        assert machine.main_memory()[1] <= 10**9
