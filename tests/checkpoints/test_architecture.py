"""Published configurations: ours for the same network, an error for another one."""

import inspect

import pytest

from animate_anyone.checkpoints.architecture import SD15_UNET_CONFIG, temporal_options, unet_options
from animate_anyone.errors import CheckpointError
from animate_anyone.models.denoising_unet import DenoisingUNet

MOTION = {
    "use_inflated_groupnorm": True,
    "unet_use_cross_frame_attention": False,
    "use_motion_module": True,
    "motion_module_resolutions": [1, 2, 4, 8],
    "motion_module_mid_block": True,
    "motion_module_decoder_only": False,
    "motion_module_type": "Vanilla",
    "motion_module_kwargs": {
        "num_attention_heads": 4,
        "num_transformer_block": 1,
        "attention_block_types": ["Temporal_Self", "Temporal_Self"],
        "temporal_position_encoding": True,
        "temporal_position_encoding_max_len": 24,
        "temporal_attention_dim_div": 1,
    },
}


def test_stable_diffusion_15_is_our_default():
    options = unet_options(SD15_UNET_CONFIG, source="test")
    defaults = {name: parameter.default for name, parameter in inspect.signature(DenoisingUNet).parameters.items()}
    assert {name: defaults[name] for name in options} == options


def test_options_that_newer_versions_write_out_are_accepted():
    written_out = {"dropout": 0.0, "class_embed_type": None, "use_linear_projection": False, "conv_in_kernel": 3}
    assert unet_options(SD15_UNET_CONFIG | written_out, source="test") == unet_options(SD15_UNET_CONFIG, source="test")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("use_linear_projection", True),
        ("act_fn", "gelu"),
        ("flip_sin_to_cos", False),
        ("class_embed_type", "timestep"),
        ("attention_head_dim", [5, 10, 20, 20]),
        ("up_block_types", ["UpBlock2D"] * 4),
    ],
)
def test_another_network_is_refused_by_name(name: str, value: object):
    with pytest.raises(CheckpointError, match=name if name != "up_block_types" else "mirror"):
        unet_options(SD15_UNET_CONFIG | {name: value}, source="test")


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(CheckpointError, match="no configuration of a UNet"):
        unet_options({"hidden_size": 4}, source="test")


def test_motion_settings():
    assert temporal_options(MOTION, num_stages=4, source="test") == {
        "temporal": True,
        "temporal_num_heads": 4,
        "temporal_max_frames": 24,
        "temporal_mid_block": True,
    }
    assert temporal_options({"use_motion_module": False}, num_stages=4, source="test") == {"temporal": False}


@pytest.mark.parametrize(
    "change",
    [
        {"motion_module_decoder_only": True},
        {"motion_module_resolutions": [1, 2]},
        {"motion_module_kwargs": {"num_transformer_block": 2}},
    ],
)
def test_motion_modules_of_another_kind_are_refused(change: dict[str, object]):
    with pytest.raises(CheckpointError):
        temporal_options(MOTION | change, num_stages=4, source="test")
