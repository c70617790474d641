"""How a model is placed on a machine: a value that is checked before anything is loaded, and what puts it into effect.

Offloading, tiling, compiling and storage in float8 are diffusers', int8 is torchao's; nothing of them is done here
again. Each is for a model, or for a clip, that does not fit as it is.
"""

import copy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal

import torch
from diffusers import AutoencoderKL
from diffusers.hooks.layerwise_casting import DEFAULT_SKIP_MODULES_PATTERN
from torch import nn

from animate_anyone.devices.openvino_unet import OpenVinoUNet
from animate_anyone.errors import ConfigError, MissingExtraError
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.sampling.presets import OfferedPreset

DTypeName = Literal["float32", "float16", "bfloat16"]
Offload = Literal["none", "model", "sequential", "group"]
Weights = Literal["full", "int8", "float8"]
Runtime = Literal["torch", "openvino"]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where and how a model computes; `resolved` fills in what is left open, and checks the rest."""

    device: str | None = None
    """By torch's name; a GPU if there is one, if None. Of several GPUs, with commas between them, the first has the
    whole model, and the others copies of the denoising UNet to share windows and branches of guidance."""
    dtype: DTypeName | None = None
    """If None, float16 on a GPU, as the published checkpoints are used, and float32 elsewhere."""
    offload: Offload = "none"
    """What waits in main memory until it is needed: a network at a time ("model"), or a layer at a time, by accelerate
    ("sequential") or by diffusers ("group")."""
    vae_tiling: bool = False
    """Decode one frame at a time, in tiles that overlap."""
    compile: bool = False
    """Compile the transformer blocks of the denoising UNet (torch.compile), once for each shape."""
    weights: Weights = "full"
    """How the weights of the two UNets are kept: in the data type; their linear layers as int8; or all but norms and
    embeddings as float8. They compute in the data type whatever it is."""
    runtime: Runtime = "torch"
    """What runs the denoising UNet; OpenVINO is for CPUs, and takes the data type as a hint for its precision."""

    @property
    def opened_dtype(self) -> torch.dtype:
        """What torch's part of the model is opened in; OpenVINO starts from single precision."""
        return torch.float32 if self.runtime == "openvino" else torch_dtype(self.dtype or "float32")

    @property
    def torch_device(self) -> torch.device:
        """Of a resolved placement: the one that has the whole model."""
        return self.torch_devices[0]

    @property
    def torch_devices(self) -> list[torch.device]:
        """All of a resolved placement."""
        return [torch.device(name) for name in (self.device or "cpu").split(",")]

    def resolved(self) -> "Placement":
        """With device and data type filled in.

        Raises:
            ConfigError: the device cannot be used here, or something does not go with something else.
            MissingExtraError: a package is needed for it.
        """
        names = [None] if self.device is None else [name.strip() for name in self.device.split(",")]
        devices = [choose_device(name) for name in names]
        device = devices[0]
        chosen = replace(self, device=",".join(map(str, devices)), dtype=self.dtype or usual_dtype(device))
        _check(chosen, device)
        return chosen

    def check_preset(self, preset: OfferedPreset) -> None:
        """Refuses a preset that a resolved placement cannot compute.

        Raises:
            ConfigError: it cannot.
        """
        if self.runtime == "openvino" and preset == "fast":
            raise ConfigError("OpenVINO runs the whole denoising UNet, and 'fast' parts of it. Choose another preset.")
        if len(self.torch_devices) > 1 and preset == "stream":
            raise ConfigError("The preset 'stream' has one window, and nothing to share. Give one device.")

    def notes(self) -> list[str]:
        """What a user should know of a resolved placement before waiting for it."""
        on_cpu = self.torch_device.type == "cpu"
        said: list[str] = []
        if self.compile and on_cpu:
            said.append("Compiling takes minutes on a CPU and gains a few percent; it pays on a GPU.")
        if self.runtime == "openvino":
            said.append("OpenVINO converts the network before its first window, which takes up to a minute or two.")
        return said


def choose_device(name: str | None) -> torch.device:
    """The device of torch's name, or a GPU if there is one.

    Raises:
        ConfigError: it cannot be used here.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"The device '{name}' cannot be used: {reason} Leave it out to take what is there, or give cpu."
        ) from error
    return device


def usual_dtype(device: torch.device) -> DTypeName:
    """What published checkpoints are used in on a GPU, and what is fast on a CPU."""
    return "float32" if device.type == "cpu" else "float16"


def torch_dtype(name: DTypeName) -> torch.dtype:
    """Torch's data type of this name."""
    return getattr(torch, name)


def place(pipeline: AnimateAnyonePipeline, placement: Placement) -> AnimateAnyonePipeline:
    """Puts a pipeline, opened in `placement.opened_dtype` on the CPU, where a resolved placement says, and returns it.

    Raises:
        ConfigError: the model has no use for what is asked for.
    """
    device, *others = placement.torch_devices
    if placement.vae_tiling:
        _tile(pipeline)
    networks = [network for network in (pipeline.denoising_unet, pipeline.reference_net) if network is not None]
    if placement.weights == "int8":
        for network in networks:
            _to_int8(network)
    if placement.weights == "float8":
        for network in networks:
            # The timestep embedding reads the type of its weights, which is to be the one that it computes in.
            network.enable_layerwise_casting(
                compute_dtype=placement.opened_dtype,
                skip_modules_pattern=(*DEFAULT_SKIP_MODULES_PATTERN, "time_embedding"),
            )
    # Tensor cores take convolutions in this order, and in the other one they are rearranged around each. On a CPU the
    # VAE gains by it, a sixth of its time or more, and the UNets do not.
    for network in (*networks, pipeline.vae) if device.type == "cuda" else (pipeline.vae,):
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    pipeline.replicas = tuple(copy.deepcopy(pipeline.denoising_unet).to(other) for other in others)
    if placement.compile:
        for unet in (pipeline.denoising_unet, *pipeline.replicas):
            # All windows of a clip have one shape, and code for one shape is faster than code for any.
            unet.compile_repeated_blocks(fullgraph=True, dynamic=False)
    if placement.runtime == "openvino":
        unet = OpenVinoUNet(pipeline.denoising_unet, precision="bf16" if placement.dtype == "bfloat16" else "f32")
        pipeline.denoising_unet = unet  # pyright: ignore[reportAttributeAccessIssue]  (called like the network)
    return _offload(pipeline, placement.offload, device)


def _offload(pipeline: AnimateAnyonePipeline, offload: Offload, device: torch.device) -> AnimateAnyonePipeline:
    match offload:
        case "none":
            return pipeline.to(device)
        case "model":
            pipeline.enable_model_cpu_offload(device=device)
        case "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        case "group":
            # By leaf, as keys and values of the reference are projected by single layers, outside of their blocks.
            pipeline.enable_group_offload(onload_device=device, offload_type="leaf_level")
    return pipeline


def _tile(pipeline: AnimateAnyonePipeline) -> None:
    if not isinstance(pipeline.vae, AutoencoderKL):
        raise ConfigError(
            f"The VAE of this model, {type(pipeline.vae).__name__}, does not work in tiles, and is too small to need "
            "it. Leave the tiling out."
        )
    pipeline.vae.enable_tiling()
    pipeline.vae.enable_slicing()


def _to_int8(network: nn.Module) -> None:
    from torchao.quantization import (  # pyright: ignore[reportMissingImports]  (an extra)
        Int8WeightOnlyConfig,
        quantize_,
    )

    quantize_(network, Int8WeightOnlyConfig())


def _check(placement: Placement, device: torch.device) -> None:
    """Refuses what does not go together.

    Raises:
        ConfigError: it does not.
        MissingExtraError: a package is missing.
    """
    on_cpu = device.type == "cpu"
    offloaded = placement.offload != "none"
    devices = placement.torch_devices
    if len(devices) > 1 and (
        len(set(devices)) < len(devices) or {each.type for each in devices} != {device.type} or device.type != "cuda"
    ):
        raise ConfigError(
            f"Windows are shared by GPUs, each another one, such as cuda:0,cuda:1; got {placement.device}."
        )
    if len(devices) > 1 and offloaded:
        raise ConfigError(
            f"Several GPUs ({placement.device}) each keep their weights: that does not go with the offload "
            f"'{placement.offload}'. Give one device, or leave the offload out."
        )
    openvino = placement.runtime == "openvino"
    if on_cpu and placement.dtype == "float16":
        raise ConfigError(
            "float16 on a CPU is about 70 times slower than float32 there. Give the data type bfloat16, which takes as "
            "little memory, or float32."
        )
    if device.type == "cuda" and placement.dtype == "bfloat16" and not torch.cuda.is_bf16_supported():
        raise ConfigError(f"The GPU {device} has no bfloat16. Give the data type float16.")
    if on_cpu and offloaded:
        raise ConfigError(
            f"Offloading ('{placement.offload}') moves weights from main memory to a GPU when they are needed, and the "
            "device is the CPU, which has them already. Leave it out; for less memory give the data type bfloat16, a "
            "smaller area, or weights in int8 or float8."
        )
    if placement.weights == "int8" and placement.offload in ("sequential", "group"):
        raise ConfigError(
            f"Weights in int8 cannot be moved layer by layer (offload '{placement.offload}'). Give the offload model, "
            "or weights in float8."
        )
    if placement.compile and (placement.offload in ("sequential", "group") or placement.weights == "float8"):
        raise ConfigError(
            "Compiled blocks keep their weights in one place and one type: compiling does not go with the offload "
            "sequential or group, nor with weights in float8. Leave out one or the other."
        )
    if openvino and (not on_cpu or placement.compile or placement.weights != "full"):
        raise ConfigError(
            "OpenVINO runs the network on a CPU, compiled by itself, from its full weights. Give the device cpu, and "
            "leave compiling and int8 or float8 weights out."
        )
    needs = (
        (placement.offload in ("model", "sequential"), "accelerate", "offload", f"Offloading ('{placement.offload}')"),
        (placement.weights == "int8", "torchao", "int8", "Keeping weights in int8"),
        (openvino, "openvino", "openvino", "The runtime OpenVINO"),
    )
    for needed, package, extra, purpose in needs:
        if needed and find_spec(package) is None:
            raise MissingExtraError(package, extra=extra, purpose=purpose)
