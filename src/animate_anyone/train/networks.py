"""The components of a run: loaded where the configuration names a folder, made anew otherwise; and saved at the end."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.checkpoints.animatediff import load_motion_modules, motion_options
from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS, locate_base_weights
from animate_anyone.checkpoints.model_folder import check_component, read_config
from animate_anyone.checkpoints.moore import load_image_encoder, load_vae
from animate_anyone.checkpoints.notices import Notice, notice_of, read_notices
from animate_anyone.checkpoints.registry import REGISTRY, locate
from animate_anyone.checkpoints.sd15 import open_sd15
from animate_anyone.errors import ConfigError
from animate_anyone.media.atomic import replaced_folder
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.unet import ATTENTION_STAGE, PLAIN_STAGE
from animate_anyone.models.vae import AUTOENCODERS
from animate_anyone.pose.draw import STYLES
from animate_anyone.train.config import ImageEncoderSize, Init, Models, TrainConfig, UNetSize, VaeSize
from animate_anyone.train.stage import Networks, Stage

CLASSES: dict[str, Any] = {
    "vae": PatchAutoencoder,
    "image_encoder": CLIPVisionModelWithProjection,
    "reference_net": ReferenceNet,  # or another, if `models.reference` says so
    "denoising_unet": DenoisingUNet,
    "pose_guider": PoseGuider,
}
"""Of components made anew, in the order in which they depend on each other's sizes."""

REFERENCE_NETWORKS: dict[str, Any] = {"reference-net": ReferenceNet, "controlnet": ControlNet}
"""By the name in `models.reference`."""


def make_networks(config: TrainConfig, stage: Stage) -> Networks:
    """The components that a stage needs and trains.

    New weights depend on `config.seed` only.

    Raises:
        ConfigError: If `init` lacks a component that the stage does not train, names a folder without one, components
            that do not fit each other, or another network of the reference than `models.reference` says.
        CheckpointError: If files that `init` names cannot be loaded whole.
    """
    if config.models.reference == "none" and "denoising_unet" in stage.trains:
        folder = init_folder(config.init, "reference_net")
        if folder is not None and folder.exists():
            raise ConfigError(
                f"models.reference is 'none', but the pipeline of init has a network for the reference ({folder}). "
                "Set models.reference to what it was trained with, or start from another pipeline."
            )
    published: Networks = {}
    if config.init.unet is not None:
        reference_net, denoising_unet = open_sd15(locate_base_weights(config.init.unet))
        published = {"reference_net": reference_net, "denoising_unet": denoising_unet}
    networks: Networks = {}
    for name in CLASSES:
        if name not in (*stage.needs, *stage.trains):
            continue
        folder = init_folder(config.init, name)
        if folder is not None:
            networks[name] = load_network(name, folder, config.models)
        elif name in published:
            networks[name] = published[name]
        elif name in stage.trains and name not in stage.needs:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(config.seed)
                networks[name] = new_network(name, config, networks)
        else:
            raise ConfigError(
                f"Stage {stage.name} needs a trained {name}: set init.{name} to its folder, or init.pipeline to the "
                "folder of a whole pipeline."
            )
    if "denoising_unet" in networks:
        networks["denoising_unet"] = fit_temporal(networks["denoising_unet"], config, stage)
        check_fit(networks)
    if "pose_guider" in networks:
        check_pose_style(networks["pose_guider"], config.diffusion.pose_style)
    if config.gradient_checkpointing:
        for name in ("reference_net", "denoising_unet"):
            if name in networks:
                networks[name].enable_gradient_checkpointing()  # pyright: ignore[reportCallIssue]
    if stage.adapt is not None:
        stage.adapt(config, networks)
    return networks


def check_fit(networks: Networks) -> None:
    """Whether the UNets read the latents of the VAE and the tokens of the image encoder.

    Raises:
        ConfigError: If one of them is of another width.
    """
    channels = setting(networks["vae"], "latent_channels")
    width: int = networks["image_encoder"].config.projection_dim  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]
    for name in sorted({"reference_net", "denoising_unet"} & set(networks)):
        for option, expected, maker in (
            ("in_channels", channels, "vae"),
            ("cross_attention_dim", width, "image_encoder"),
        ):
            found = setting(networks[name], option)
            if found != expected:
                raise ConfigError(
                    f"The {name} of init has {option} {found}, but the {maker} gives {expected}: they belong to "
                    "different models."
                )


def check_pose_style(pose_guider: nn.Module, name: str) -> None:
    """Whether the poses are drawn as the Pose Guider reads them.

    Raises:
        ConfigError: If one is about body maps and the other is not.
    """
    reads_maps, draws_maps = setting(pose_guider, "body_map"), STYLES[name].body_map
    if reads_maps != draws_maps:
        raise ConfigError(
            f"diffusion.pose_style is '{name}', which {'draws' if draws_maps else 'does not draw'} body maps, but the "
            f"Pose Guider {'needs' if reads_maps else 'does not read'} them: networks with models.unet.body_heads go "
            "with the style 'body-map', all others with another."
        )


def init_folder(init: Init, name: str) -> Path | None:
    """The folder that `init` names for a component, if any."""
    folder: Path | None = getattr(init, name)
    if folder is not None:
        return locate_base_weights(folder)
    if init.pipeline is not None:
        return pipeline_folder(init.pipeline) / name
    return None


def pipeline_folder(pipeline: Path) -> Path:
    """The folder of a pulled model by its name, or of any by its path."""
    return Path(locate(str(pipeline))) if str(pipeline) in REGISTRY else pipeline


def init_notices(init: Init) -> list[Notice]:
    """The licences of what a run starts from, as far as they are known."""
    named = (init.unet, init.motion_modules, init.vae, init.image_encoder, init.pose_guider)
    known = [notice_of(BASE_WEIGHTS[str(place)].source) for place in named if str(place) in BASE_WEIGHTS]
    return known + (read_notices(pipeline_folder(init.pipeline)) if init.pipeline is not None else [])


def load_network(name: str, folder: Path, sizes: Models) -> nn.Module:
    """A component from its folder, in float32.

    Raises:
        ConfigError: If there is no such folder, or it holds another network than the configuration says.
        CheckpointError: If its weights do not fit its configuration.
    """
    if not (folder / "config.json").is_file():
        raise ConfigError(f"init names {folder} for the {name}, but there is no config.json in it.")
    kind = CLASSES[name]
    if name == "image_encoder":
        return load_image_encoder(folder)
    if name in ("vae", "reference_net"):
        found = str(read_config(folder / "config.json").get("_class_name"))
        if name == "vae":
            if found not in AUTOENCODERS:
                known = ", ".join(AUTOENCODERS)
                raise ConfigError(f"The vae in {folder} is of the class {found!r}; it must be one of {known}.")
            kind = AUTOENCODERS[found]
            if kind is AutoencoderKL:
                return load_vae(folder)
        else:
            kind = REFERENCE_NETWORKS[sizes.reference]
            if kind.__name__ != found:
                raise ConfigError(
                    f"models.reference is '{sizes.reference}', which is a {kind.__name__}, but {folder} holds a "
                    f"{found}. Set models.reference to what it was trained with."
                )
    check_component(folder, name)
    return kind.from_pretrained(folder, torch_dtype=torch.float32)


def new_network(name: str, config: TrainConfig, networks: Networks) -> nn.Module:
    """A component with fresh weights, of the configured size, fitting those that already exist."""
    sizes = config.models
    match name:
        case "vae":
            return new_vae(sizes.vae)
        case "image_encoder":
            return new_image_encoder(sizes.image_encoder)
        case "reference_net":
            return REFERENCE_NETWORKS[sizes.reference](**unet_arguments(sizes.unet, networks))
        case "denoising_unet":
            arguments = unet_arguments(sizes.unet, networks)
            return DenoisingUNet(
                **arguments,
                out_channels=arguments["in_channels"],
                temporal=False,
                temporal_num_heads=sizes.unet.temporal_num_heads,
                temporal_norm_num_groups=sizes.unet.temporal_norm_num_groups,
                temporal_max_frames=sizes.unet.temporal_max_frames,
            )
        case _:
            return PoseGuider(
                conditioning_embedding_channels=setting(networks["denoising_unet"], "block_out_channels")[0],
                block_out_channels=sizes.pose_guider.block_out_channels,
                body_map=setting(networks["denoising_unet"], "body_heads") > 0,
            )


def fit_temporal(network: nn.Module, config: TrainConfig, stage: Stage) -> nn.Module:
    """The denoising UNet with temporal attention, new or AnimateDiff's, if the stage wants it and it has none yet.

    Raises:
        ConfigError: If it has temporal attention and the stage is about stills, where it would be lost, or `init`
            names other motion modules.
        CheckpointError: If AnimateDiff's file does not fit.
    """
    motion = None if config.init.motion_modules is None else locate_base_weights(config.init.motion_modules)
    if motion is not None and setting(network, "temporal"):
        raise ConfigError(
            "The denoising_unet of init has temporal attention already, which init.motion_modules would replace. "
            "Remove the one or start from a denoising_unet that was saved by stage1."
        )
    if stage.temporal is None or setting(network, "temporal") == stage.temporal:
        return network
    if not stage.temporal:
        raise ConfigError(
            f"Stage {stage.name} trains on stills, but the denoising_unet of init has temporal attention already. "
            "Start from one that was saved by stage1."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        settings: dict[str, Any] = {**network.config, "temporal": True}  # pyright: ignore[reportGeneralTypeIssues]
        if motion is not None:
            settings |= motion_options(motion, num_stages=len(setting(network, "block_out_channels")))
        whole: Any = DenoisingUNet.from_config(settings)
    weights = network.state_dict()
    missing, unexpected = whole.load_state_dict(weights, strict=False)
    strangers = [name for name in missing if "motion_modules" not in name] + unexpected
    if strangers:
        raise ConfigError(f"The denoising_unet of init does not fit: {', '.join(strangers[:5])}.")
    if motion is not None:
        load_motion_modules(motion, whole)
    return whole


def new_vae(size: VaeSize) -> PatchAutoencoder:
    """An autoencoder; the stage that trains it gives it the principal components of its data."""
    return PatchAutoencoder(
        latent_channels=size.latent_channels,
        block_out_channels=size.block_out_channels,
        encoder_layers=size.encoder_layers,
        decoder_layers=size.decoder_layers,
    )


def new_image_encoder(size: ImageEncoderSize) -> CLIPVisionModelWithProjection:
    """A CLIP vision transformer with a projection."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            image_size=size.image_size,
            patch_size=size.patch_size,
            hidden_size=size.hidden_size,
            intermediate_size=4 * size.hidden_size,
            num_hidden_layers=size.num_hidden_layers,
            num_attention_heads=size.num_attention_heads,
            projection_dim=size.projection_dim,
        )
    )


def unet_arguments(size: UNetSize, networks: Networks) -> dict[str, Any]:
    """What the denoising UNet and the network of the reference have in common."""
    return {
        "in_channels": setting(networks["vae"], "latent_channels"),
        "block_out_channels": size.block_out_channels,
        "down_block_types": tuple(ATTENTION_STAGE if attention else PLAIN_STAGE for attention in size.attention),
        "layers_per_block": size.layers_per_block,
        "cross_attention_dim": networks["image_encoder"].config.projection_dim,  # pyright: ignore[reportAttributeAccessIssue]
        "num_attention_heads": size.num_attention_heads,
        "norm_num_groups": size.norm_num_groups,
        "rotary_positions": size.rotary_positions,
        "local_heads": size.local_heads,
        "body_heads": size.body_heads,
    }


def setting(network: nn.Module, name: str) -> Any:
    """A value of a diffusers component's configuration."""
    return network.config[name]  # pyright: ignore[reportIndexIssue, reportArgumentType]


def save_networks(networks: Networks, folder: Path, *, trained: tuple[str, ...]) -> None:
    """Write each trained component to a folder of its name, as diffusers and transformers read them."""
    for name in trained:
        with replaced_folder(folder / name) as temporary:
            networks[name].save_pretrained(temporary)  # pyright: ignore[reportCallIssue]
