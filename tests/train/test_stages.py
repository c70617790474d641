"""What each stage trains, and that its loss reaches all of it and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from animate_anyone.errors import ConfigError
from animate_anyone.pose.draw import STYLES
from animate_anyone.train.animation_stages import pose_pictures
from animate_anyone.train.batches import Batches
from animate_anyone.train.cache import ClipCache
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.networks import make_networks
from animate_anyone.train.sources import make_source
from animate_anyone.train.stages import STAGES

Configure = Callable[..., TrainConfig]


@pytest.mark.parametrize("name", STAGES)
def test_every_trained_parameter_gets_a_gradient_and_no_other(configure: Configure, name: str):
    config, stage = configure(name), STAGES[name]
    networks = make_networks(config, stage)
    parameters = stage.prepare(networks)
    batch = Batches(draw=stage.draw(config, networks), seed=0, batch_size=3)[0][0]
    losses = stage.objective(config, networks)(batch)
    losses["loss"].backward()
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert [name for name, parameter in parameters.items() if parameter.grad is None] == []
    chosen = {id(parameter) for parameter in parameters.values()}
    others = [p for network in networks.values() for p in network.parameters() if id(p) not in chosen]
    assert all(parameter.grad is None for parameter in others)


BODY_MAP = {
    "models.unet.rotary_positions": True,
    "models.unet.body_heads": 1,
    "diffusion.pose_style": "body-map",
    "diffusion.reference_pose_share": 0.5,
}


@pytest.mark.parametrize("reference", ["reference-net", "controlnet"])
def test_networks_with_body_heads_train(configure: Configure, reference: str):
    config = configure("stage1", **(BODY_MAP | {"models.reference": reference}))
    stage = STAGES["stage1"]
    networks = make_networks(config, stage)
    parameters = stage.prepare(networks)
    batch = Batches(draw=stage.draw(config, networks), seed=0, batch_size=3)[0][0]
    # Where the map is not black, red and green say where on the body that is.
    assert 0.05 < (batch["pose"][:, :2] > 0).all(dim=1).float().mean() < 0.95
    losses = stage.objective(config, networks)(batch)
    losses["loss"].backward()
    assert torch.isfinite(losses["loss"])
    assert [name for name, parameter in parameters.items() if parameter.grad is None] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"diffusion.pose_style": "compact"}, "needs them"), ({"models.unet.body_heads": 0}, "does not read them")],
)
def test_a_pose_style_that_the_pose_guider_does_not_read_is_refused(configure: Configure, changes, message: str):
    with pytest.raises(ConfigError, match=message):
        make_networks(configure("stage1", **BODY_MAP | changes), STAGES["stage1"])


def test_stage_1_freezes_exactly_what_the_reference_net_computes_for_nobody(configure: Configure):
    config, stage = configure("stage1"), STAGES["stage1"]
    networks = make_networks(config, stage)
    whole = {f"{component}.{name}" for component in stage.trains for name, _ in networks[component].named_parameters()}
    frozen = whole - set(stage.prepare(networks))
    last = "reference_net.up_blocks.1.attentions.1"
    assert {name.removeprefix(last).split(".")[1] for name in frozen} == {"transformer_blocks", "proj_out"}
    assert not any(".norm1." in name for name in frozen)


def test_stage_2_trains_temporal_attention_alone_and_starts_where_stage_1_ended(configure: Configure):
    config, stage = configure("stage2"), STAGES["stage2"]
    networks = make_networks(config, stage)
    assert {"motion_modules" in name for name in stage.prepare(networks)} == {True}
    spatial = make_networks(config, replace(stage, temporal=False))
    batch = Batches(draw=stage.draw(config, networks), seed=0, batch_size=2)[0][0]
    assert batch["latents"].shape[2] == batch["pose"].shape[2] == 4
    with torch.no_grad():
        losses = [stage.objective(config, parts)(batch)["mse"] for parts in (networks, spatial)]
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)


def test_every_frame_of_a_sample_comes_with_its_own_pose(configure: Configure):
    config = configure("stage1", **{"diffusion.targets_per_reference": 6, "data.num_clips": 2})
    networks = make_networks(config, STAGES["stage1"])
    sample = STAGES["stage1"].draw(config, networks)(torch.Generator().manual_seed(0))
    source = make_source(config.data, split="train")
    vae, encoder = networks["vae"], networks["image_encoder"]
    clips = ClipCache(config.cache_folder, source, vae=vae, image_encoder=encoder)  # pyright: ignore[reportArgumentType]
    clip = next(clip for clip in clips if (clip.latents.float() == sample["reference"]).flatten(1).all(dim=1).any())
    pictures = pose_pictures(clip.poses, list(range(len(clip.latents))), STYLES[config.diffusion.pose_style])
    frames = [*sample["latents"].unbind(1), sample["reference"]]
    poses = [*sample["pose"].unbind(1), sample["reference_pose"][:, 0]]
    for latents, pose in zip(frames, poses, strict=True):
        number = (clip.latents.float() == latents).flatten(1).all(dim=1).nonzero()[0, 0]
        assert torch.equal(pose, pictures[:, number])


def test_stage_1_does_not_drop_temporal_attention_in_silence(configure: Configure, trained):
    config = configure("stage1", **{"init.denoising_unet": trained / "stage2/denoising_unet"})
    with pytest.raises(ConfigError, match="has temporal attention already"):
        make_networks(config, STAGES["stage1"])


def test_what_a_stage_needs_must_be_given(configure: Configure, tmp_path):
    config = configure("stage2", **{"init.pipeline": tmp_path})
    with pytest.raises(ConfigError, match=r"no config\.json"):
        make_networks(config, STAGES["stage2"])
    without = config.model_copy(update={"init": config.init.model_copy(update={"pipeline": None})})
    with pytest.raises(ConfigError, match=r"set init\.vae"):
        make_networks(without, STAGES["stage2"])


def test_new_weights_follow_the_seed(configure: Configure):
    def weights(seed: int) -> torch.Tensor:
        networks = make_networks(configure("vae", seed=seed), STAGES["vae"])
        return torch.cat([parameter.flatten() for parameter in networks["vae"].parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_encoder_is_asked_about_two_frames_of_one_character(configure: Configure):
    config = configure("image-encoder", **{"data.motions_per_character": 3})
    draw = STAGES["image-encoder"].draw(config, make_networks(config, STAGES["image-encoder"]))
    batch = Batches(draw=draw, seed=0, batch_size=8)[0][0]
    assert batch["first"].shape == batch["second"].shape == (8, 3, 16, 16)
    assert set(batch["identity"].tolist()) <= {0, 1}
