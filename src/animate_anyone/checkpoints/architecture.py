"""Configurations of published UNets in our words; an option that our networks do not have is an error."""

from collections.abc import Iterable, Mapping
from typing import Any

from animate_anyone.errors import CheckpointError

Config = Mapping[str, Any]

_ATTENTION_UP, _PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"
_UP_OF_DOWN = {"CrossAttnDownBlock2D": _ATTENTION_UP, "DownBlock2D": _PLAIN_UP}

_SAME_NAME = (
    "in_channels",
    "out_channels",
    "block_out_channels",
    "down_block_types",
    "layers_per_block",
    "cross_attention_dim",
    "norm_num_groups",
    "norm_eps",
)
_WITHOUT_INFLUENCE = frozenset(
    {"sample_size", "up_block_types", "attention_head_dim", "num_attention_heads", "dropout"}
)
_FIXED: Config = {
    "act_fn": "silu",
    "center_input_sample": False,
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "mid_block_scale_factor": 1,
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "attention_type": "default",
    "conv_in_kernel": 3,
    "conv_out_kernel": 3,
    "resnet_out_scale_factor": 1.0,
    "resnet_time_scale_shift": "default",
    "time_embedding_type": "positional",
    "transformer_layers_per_block": 1,
}

_TEMPORAL_FIXED: Config = {
    "use_inflated_groupnorm": True,
    "unet_use_cross_frame_attention": False,
    "unet_use_temporal_attention": False,
    "motion_module_decoder_only": False,
    "motion_module_type": "Vanilla",
    "num_transformer_block": 1,
    "attention_block_types": ["Temporal_Self", "Temporal_Self"],
    "temporal_position_encoding": True,
    "temporal_attention_dim_div": 1,
}

SD15_UNET_CONFIG: Config = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": [320, 640, 1280, 1280],
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": [_PLAIN_UP] + [_ATTENTION_UP] * 3,
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "norm_num_groups": 32,
    "norm_eps": 1e-5,
}
"""Stable Diffusion 1.5's `unet/config.json`, as far as it differs between models of this kind."""


def unet_options(config: Config, *, source: str) -> dict[str, Any]:
    """Constructor options of our UNets for a diffusers `UNet2DConditionModel` configuration.

    Raises:
        CheckpointError: the configuration describes a network of another kind; the message names the option.
    """
    missing = [key for key in ("block_out_channels", "down_block_types") if key not in config]
    if missing:
        raise CheckpointError(f"{source} is no configuration of a UNet: it lacks {', '.join(missing)}.")
    config = {key: value for key, value in config.items() if not key.startswith("_")}
    _refuse_other_values(config, _FIXED, known={*_SAME_NAME, *_WITHOUT_INFLUENCE}, source=source)

    down = list(config["down_block_types"])
    up = list(config.get("up_block_types") or [_UP_OF_DOWN.get(kind) for kind in reversed(down)])
    if [_UP_OF_DOWN.get(kind) for kind in reversed(down)] != up:
        raise CheckpointError(
            f"{source}: stages down {down} and up {up} do not mirror each other in kinds that are known "
            f"({', '.join(_UP_OF_DOWN)})."
        )

    options = {key: _as_tuple(config[key]) for key in _SAME_NAME if key in config}
    # diffusers calls the number of heads "attention_head_dim" in Stable Diffusion 1.x, and keeps to it.
    heads = config.get("num_attention_heads") or config.get("attention_head_dim", 8)
    options["num_attention_heads"] = _single(heads, "attention_head_dim", source)
    options["layers_per_block"] = _single(config.get("layers_per_block", 2), "layers_per_block", source)
    return options


def temporal_options(config: Config, *, num_stages: int, source: str) -> dict[str, Any]:
    """Constructor options of our denoising UNet for the motion settings of a Moore inference configuration.

    Args:
        config: of the motion modules, nested as in the release or flat.
        num_stages: stages of the UNet that they are for.
        source: what the configuration is, for messages.

    Raises:
        CheckpointError: the configuration describes motion modules of another kind; the message names the option.
    """
    modules = dict(config.get("motion_module_kwargs") or {})
    settings = {key: value for key, value in config.items() if key != "motion_module_kwargs"} | modules
    if not settings.get("use_motion_module", True):
        return {"temporal": False}
    known = {
        "use_motion_module",
        "motion_module_resolutions",
        "motion_module_mid_block",
        "num_attention_heads",
        "temporal_position_encoding_max_len",
    }
    _refuse_other_values(settings, _TEMPORAL_FIXED, known=known, source=source)
    needed = {2**stage for stage in range(num_stages)}
    resolutions = set(settings.get("motion_module_resolutions", needed))
    if not needed <= resolutions:
        raise CheckpointError(
            f"{source}: motion modules at the resolutions {sorted(resolutions)} alone cannot be loaded; "
            f"expected all of {sorted(needed)}."
        )
    return {
        "temporal": True,
        "temporal_num_heads": settings.get("num_attention_heads", 8),
        "temporal_max_frames": settings.get("temporal_position_encoding_max_len", 24),
        "temporal_mid_block": bool(settings.get("motion_module_mid_block", False)),
    }


def _refuse_other_values(config: Config, fixed: Config, *, known: Iterable[str], source: str) -> None:
    known = set(known)
    for key, value in config.items():
        if key in known:
            continue
        # Newer releases of diffusers write out every option; those that are off say nothing.
        if key not in fixed and not value:
            continue
        if key not in fixed or (value is not None and value != fixed[key]):
            expected = f"expected {fixed[key]!r}" if key in fixed else "the option is not known"
            raise CheckpointError(f"{source}: the network has {key} = {value!r}, which cannot be loaded; {expected}.")


def _single(value: Any, name: str, source: str) -> int:
    values = set(value) if isinstance(value, (list, tuple)) else {value}
    if len(values) != 1:
        raise CheckpointError(f"{source}: {name} = {value!r} differs between stages, which cannot be loaded.")
    return int(values.pop())


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
