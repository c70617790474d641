"""The two UNets and the Pose Guider: names, parity with diffusers, reference, gradients, no leaks."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel

from animate_anyone import DenoisingUNet, PoseGuider, ReferenceNet
from tiny import TINY_TEMPORAL, TINY_UNET, randomised


def inputs(batch: int = 2, frames: int = 3, height: int = 8, width: int = 8):
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "latents": noise(batch, 4, frames, height, width),
        "timestep": torch.tensor([499, 20])[:batch],
        "image_tokens": noise(batch, 1, 24),
        "reference_latents": noise(batch, 4, height, width),
        "pose_features": noise(batch, 16, frames, height, width),
    }


def run(unet, x, reference=None, **changes):
    x = {**x, **changes}
    return unet(x["latents"], x["timestep"], x["image_tokens"], pose_features=x["pose_features"], reference=reference)


def test_full_size_has_the_names_and_shapes_of_stable_diffusion():
    with torch.device("meta"):
        ours, theirs = DenoisingUNet(temporal=False), UNet2DConditionModel(cross_attention_dim=768)
        reference_net = ReferenceNet()
    names = {name: tuple(value.shape) for name, value in theirs.state_dict().items()}
    assert {name: tuple(value.shape) for name, value in ours.state_dict().items()} == names
    head = {name for name in names if name.startswith(("conv_norm_out", "conv_out"))}
    assert {name for name in names if name not in head} == set(reference_net.state_dict())


@pytest.mark.parametrize("size", [(8, 8), (7, 10)])
def test_without_reference_and_time_it_is_diffusers_unet(size):
    theirs = randomised(
        UNet2DConditionModel(
            block_out_channels=(16, 32),
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            layers_per_block=1,
            cross_attention_dim=24,
            attention_head_dim=2,
            norm_num_groups=8,
        ),
        0,
    )
    ours = DenoisingUNet(**TINY_UNET, temporal=False)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = inputs(frames=1, height=size[0], width=size[1])
    got = ours(x["latents"], x["timestep"], x["image_tokens"])[:, :, 0]
    expected = theirs(x["latents"][:, :, 0], x["timestep"], x["image_tokens"]).sample
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_frames_may_each_have_a_timestep_of_their_own(denoising_unet):
    x = inputs()
    per_frame = x["timestep"][:, None].expand(-1, 3)
    torch.testing.assert_close(run(denoising_unet, x), run(denoising_unet, x, timestep=per_frame))

    frames_alone = randomised(DenoisingUNet(**TINY_UNET, temporal=False), 2)
    steps = torch.tensor([[999, 499, 0], [20, 30, 40]])
    together = run(frames_alone, x, timestep=steps)
    for frame in range(3):
        own = {name: x[name][:, :, frame : frame + 1] for name in ("latents", "pose_features")}
        alone = run(frames_alone, x, timestep=steps[:, frame], **own)
        torch.testing.assert_close(together[:, :, frame : frame + 1], alone, atol=1e-5, rtol=1e-5)


def test_every_condition_changes_the_prediction(reference_net, denoising_unet):
    x = inputs()
    features = reference_net(x["reference_latents"], x["image_tokens"])
    predicted = run(denoising_unet, x, features)
    others = {
        "no reference": run(denoising_unet, x),
        "other reference": run(denoising_unet, x, reference_net(x["reference_latents"] + 1, x["image_tokens"])),
        "other image tokens": run(denoising_unet, x, features, image_tokens=x["image_tokens"] + 1),
        "other pose": run(denoising_unet, x, features, pose_features=x["pose_features"] + 1),
        "other time": run(denoising_unet, x, features, timestep=x["timestep"] + 1),
        "frames reversed": run(denoising_unet, x, features, latents=x["latents"].flip(2)).flip(2),
    }
    for name, other in others.items():
        assert (predicted - other).abs().max() > 1e-3, name


def test_the_pose_in_the_reference_changes_its_features(reference_net):
    x = inputs()
    plain, posed, silent = (
        reference_net(x["reference_latents"], x["image_tokens"], pose_features=pose)
        for pose in (None, x["pose_features"][:, :, 0], torch.zeros_like(x["pose_features"][:, :, 0]))
    )
    for one, other, same in zip(plain, posed, silent, strict=True):
        assert (one - other).abs().max() > 1e-3
        assert torch.equal(one, same)


def test_a_hidden_reference_is_no_reference(reference_net, denoising_unet):
    x = inputs()
    features = reference_net(x["reference_latents"], x["image_tokens"])
    hidden = run(denoising_unet, x, features.keep(torch.tensor([True, False])))
    torch.testing.assert_close(hidden[0], run(denoising_unet, x, features)[0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(hidden[1], run(denoising_unet, x)[1], atol=1e-5, rtol=1e-4)


def test_samples_do_not_leak_into_each_other(reference_net, denoising_unet):
    x = inputs()
    changed = x["reference_latents"].clone()
    changed[1] += 1
    one, other = (
        run(denoising_unet, x, reference_net(latents, x["image_tokens"]))
        for latents in (x["reference_latents"], changed)
    )
    torch.testing.assert_close(one[0], other[0], atol=1e-6, rtol=1e-5)
    assert (one[1] - other[1]).abs().max() > 1e-3


def test_stage_2_starts_where_stage_1_ended():
    stage1 = randomised(DenoisingUNet(**TINY_UNET, temporal=False), 7)
    stage2 = DenoisingUNet(**TINY_UNET, **TINY_TEMPORAL)
    missing, unexpected = stage2.load_state_dict(stage1.state_dict(), strict=False)
    assert not unexpected and all("motion_modules" in name for name in missing)
    x = inputs()
    torch.testing.assert_close(run(stage2, x), run(stage1, x), atol=1e-6, rtol=1e-5)
    assert len(list(stage2.temporal_parameters())) == len([name for name in missing if not name.endswith(".pe")])


@pytest.mark.parametrize("checkpointing", [False, True])
def test_every_parameter_with_an_effect_gets_a_gradient(reference_net, denoising_unet, checkpointing):
    x = inputs()
    networks = (reference_net, denoising_unet)
    for network in networks:
        network.train()
        if checkpointing:
            network.enable_gradient_checkpointing()
    run(denoising_unet, x, reference_net(x["reference_latents"], x["image_tokens"])).square().mean().backward()
    idle = {id(parameter) for parameter in reference_net.parameters_without_effect()}
    for network in networks:
        for name, parameter in network.named_parameters():
            assert (parameter.grad is None) == (id(parameter) in idle), name


def test_gradient_checkpointing_changes_no_gradient(reference_net, denoising_unet):
    x = inputs()
    gradients = []
    for checkpointing in (False, True):
        for network in (reference_net, denoising_unet):
            network.train()
            network.zero_grad()
            if checkpointing:
                network.enable_gradient_checkpointing()
        run(denoising_unet, x, reference_net(x["reference_latents"], x["image_tokens"])).square().mean().backward()
        gradients.append([p.grad.clone() for p in reference_net.parameters() if p.grad is not None])
    for plain, checkpointed in zip(*gradients, strict=True):
        assert torch.equal(plain, checkpointed)


def test_features_of_other_stages_are_refused(reference_net, denoising_unet):
    x = inputs()
    features = reference_net(x["reference_latents"], x["image_tokens"])
    with pytest.raises(ValueError, match="same stages"):
        run(denoising_unet, x, replace(features, mid=()))


def test_a_window_longer_than_the_positions_is_refused(denoising_unet):
    with pytest.raises(ValueError, match=r"9 frames.*8 positions"):
        run(denoising_unet, inputs(frames=9))


def test_stage_types_must_fit_the_widths():
    with pytest.raises(ValueError, match="down_block_types"):
        ReferenceNet(**{**TINY_UNET, "down_block_types": ("CrossAttnDownBlock2D",)})


def test_saved_and_loaded_networks_are_the_same(tmp_path, denoising_unet):
    denoising_unet.save_pretrained(tmp_path)
    assert (tmp_path / "diffusion_pytorch_model.safetensors").exists()
    loaded = DenoisingUNet.from_pretrained(tmp_path)
    x = inputs()
    assert torch.equal(run(loaded, x), run(denoising_unet, x))


def test_the_pose_guider_starts_silent_and_meets_the_latents():
    guider = PoseGuider(16, (4, 8, 8))
    features = guider(torch.rand(2, 3, 3, 32, 24))
    assert features.shape == (2, 16, 3, 8, 6)
    assert features.abs().max() == 0


def test_pose_features_of_a_frame_come_from_that_frame(pose_guider):
    pose = torch.rand(1, 3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    changed = pose.clone()
    changed[:, :, 1] = 0
    difference = (pose_guider(pose) - pose_guider(changed)).abs().amax(dim=(0, 1, 3, 4))
    assert difference[1] > 1e-3 and difference[0] == difference[2] == 0
