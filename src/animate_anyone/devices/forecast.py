"""Time and memory of a clip before it is made, and what to change where memory is too small."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from diffusers import AutoencoderKL
from diffusers.hooks.layerwise_casting import DEFAULT_SKIP_MODULES_PATTERN
from torch import nn

from animate_anyone.devices.clip_work import ClipWork, Networks
from animate_anyone.devices.counting import Work
from animate_anyone.devices.placement import Placement
from animate_anyone.devices.rates import Rates
from animate_anyone.sampling.presets import EXACT, PRESETS, OfferedPreset, Preset

SINGLE = 4
"""Bytes of a value in single precision."""
LATENT_COPIES = 5
"""Noise, latents, scaled latents, output, and the scheduler's prediction of the clean ones."""
CUDA_CONTEXT = 600 * 2**20
"""What a GPU keeps for a process beside tensors, and lends to convolutions."""
WRITING = 80 * 2**20
"""What encoding a video and handling its pictures takes; measured."""
OPENVINO = 300 * 2**20
"""What OpenVINO takes to convert a network, beside its weights; measured."""
SMALLER_AREAS = (0.75, 0.5, 0.25)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The clip that is asked for."""

    num_frames: int
    num_steps: int
    guidance_scale: float
    area: int
    preset: OfferedPreset = "exact"
    windows_at_once: int = 1

    @property
    def left_out(self) -> Preset:
        """What is left out of the work of whole windows, in which a stream has no part."""
        return PRESETS.get(self.preset, EXACT)

    @property
    def num_features_kept(self) -> int:
        """Batches of windows whose deep features wait for a later step, at most."""
        together = self.left_out.steps_together(self.num_steps)
        return together + 1 if together > 1 else 0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes at the worst moment. Where the device computes in main memory, `device` is empty."""

    main: Mapping[str, int]
    device: Mapping[str, int]

    @property
    def main_total(self) -> int:
        """All of the main memory."""
        return sum(self.main.values())

    @property
    def device_total(self) -> int:
        """All of the GPU's memory."""
        return sum(self.device.values())


@dataclass(frozen=True, kw_only=True)
class Room:
    """Free memory in bytes; None where it is not known."""

    main: int | None
    device: int | None

    def holds(self, memory: Memory) -> bool | None:
        """Whether it is enough; None if nobody knows."""
        pairs = ((self.main, memory.main_total), (self.device, memory.device_total))
        if any(free is not None and needed > free for free, needed in pairs):
            return False
        return None if self.main is None or (memory.device and self.device is None) else True


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something to change, after the changes before it, and what memory is needed then."""

    text: str
    memory: Memory
    fits: bool | None


def predict_seconds(clip: ClipWork, asked: Asked, rates: Rates, *, num_devices: int = 1) -> dict[str, float]:
    """How long each part takes; opening the model and writing the video are not in it.

    Devices that share the windows are taken to be equally fast, and to have equally much of them.
    """
    seconds = {name: rates.seconds(work) for name, work in work_by_part(clip, asked).items()}
    return seconds | {"denoising": seconds["denoising"] / num_devices}


def work_by_part(clip: ClipWork, asked: Asked) -> dict[str, Work]:
    """What there is to compute, all networks together."""
    if asked.preset == "stream":
        denoising = clip.streaming(num_frames=asked.num_frames, num_steps=asked.num_steps)
    else:
        denoising = clip.denoising(num_frames=asked.num_frames, num_steps=asked.num_steps, preset=asked.left_out)
    return {
        "reference and poses": clip.preparing(num_frames=asked.num_frames),
        "denoising": denoising,
        "decoding": clip.finishing(num_frames=asked.num_frames),
    }


def predict_memory(networks: Networks, clip: ClipWork, asked: Asked, placement: Placement, *, program: int) -> Memory:
    """The most memory that a resolved placement takes.

    Args:
        networks: of the model.
        clip: its calls, counted for pictures of any area near the one asked for: values grow with it.
        asked: the clip.
        placement: where and how it computes.
        program: bytes of the process before a model is opened.
    """
    program += WRITING
    bytes_each = placement.opened_dtype.itemsize
    share = asked.area / clip.size.area
    # A stream has no more of a clip at a time than its window.
    num_held = min(clip.window, asked.num_frames) if asked.preset == "stream" else asked.num_frames
    windows = share * bytes_each * clip.values_of_denoising(
        num_frames=num_held,
        bytes_each=bytes_each,
        windows_at_once=asked.windows_at_once,
        num_features_kept=asked.num_features_kept,
    )  # fmt: skip
    decoding = share * bytes_each * clip.values_of_decoding(tiled=placement.vae_tiling)
    latents = int(share * SINGLE * LATENT_COPIES * num_held * clip.latents)
    by_network = {name: weight_bytes(network, name, placement) for name, network in networks.by_name.items()}
    opened = [SINGLE * _num_parameters(network) for network in networks.by_name.values()]
    # Files are mapped while weights are read from them, and stay in memory so long.
    opening = max(opened)
    at_work = int(max(windows, decoding))
    weights = sum(by_network.values())
    if placement.runtime == "openvino":
        weights += _num_parameters(networks.denoising_unet) * (2 if placement.dtype == "bfloat16" else SINGLE)
        program += OPENVINO
    if _shares_memory(placement):
        grown = max(sum(opened) + opening - weights, at_work + latents, 0)
        return Memory(main={"program": program, "weights": weights, "opening or computing": grown}, device={})
    match placement.offload:
        case "none":
            held = weights
        case "model":
            held = max(by_network.values())
        case "sequential" | "group":
            held = max(_largest_layer(network) for network in networks.by_name.values()) * bytes_each
    return Memory(
        main={"program": program, "weights": sum(opened), "opening": opening, "latents": latents},
        device={"CUDA": CUDA_CONTEXT, "weights": held, "computing": at_work},
    )


def weight_bytes(network: nn.Module, name: str, placement: Placement) -> int:
    """Bytes of a network's weights as they are placed."""
    bytes_each = placement.opened_dtype.itemsize
    if placement.weights == "full" or name not in ("denoising_unet", "reference_net"):
        return bytes_each * _num_parameters(network)
    small = 0
    for layer_name, layer in network.named_modules():
        if placement.weights == "int8" and isinstance(layer, nn.Linear):
            small += layer.weight.numel()
        elif placement.weights == "float8" and isinstance(layer, (nn.Linear, nn.Conv2d)):
            kept = any(word in layer_name for word in (*DEFAULT_SKIP_MODULES_PATTERN, "time_embedding"))
            small += 0 if kept else _num_parameters(layer)
    return bytes_each * (_num_parameters(network) - small) + small


def what_to_change(
    networks: Networks, clip: ClipWork, asked: Asked, placement: Placement, *, program: int, room: Room
) -> list[Change]:
    """Changes for a clip that does not fit, the ones that cost least first, up to where it fits."""
    changes: list[Change] = []
    needed = predict_memory(networks, clip, asked, placement, program=program)
    if room.holds(needed) is not False:
        return changes
    for text, changed, wanted in _possible(networks, asked, placement):
        memory = predict_memory(networks, clip, wanted, changed, program=program)
        if memory == needed:
            continue
        needed = memory
        changes.append(Change(text=text, memory=memory, fits=room.holds(memory)))
        if changes[-1].fits is not False:
            break
    return changes


def _possible(networks: Networks, asked: Asked, placement: Placement) -> list[tuple[str, Placement, Asked]]:
    """Each on top of those before it."""
    on_cpu, shared = _is_cpu(placement), _shares_memory(placement)
    steps: list[tuple[str, Placement, Asked]] = []
    current = placement
    if asked.windows_at_once > 1:
        asked = replace(asked, windows_at_once=1)
        steps.append(("--windows-at-once 1", current, asked))
    if current.opened_dtype.itemsize > 2 and current.runtime == "torch":
        current = replace(current, dtype="bfloat16" if on_cpu else "float16")
        steps.append((f"--dtype {current.dtype}", current, asked))
    if not shared and current.offload == "none":
        current = replace(current, offload="model")
        steps.append(("--offload model", current, asked))
    if not shared and current.offload == "model" and current.weights != "int8" and not current.compile:
        current = replace(current, offload="group")
        steps.append(("--offload group in its place", current, asked))
    if isinstance(networks.vae, AutoencoderKL) and not current.vae_tiling:
        current = replace(current, vae_tiling=True)
        steps.append(("--vae-tiling", current, asked))
    for share in SMALLER_AREAS:
        asked_less = replace(asked, area=int(asked.area * share))
        steps.append((f"--area {asked_less.area}", current, asked_less))
    if current.weights == "full" and current.runtime == "torch" and not current.compile:
        steps.append(("--weights float8", replace(current, weights="float8"), steps[-1][2]))
    return steps


def _shares_memory(placement: Placement) -> bool:
    """Whether the device computes in main memory."""
    return _is_cpu(placement) or placement.torch_device.type == "mps"


def _is_cpu(placement: Placement) -> bool:
    return placement.torch_device.type == "cpu"


def _num_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _largest_layer(network: nn.Module) -> int:
    return max(_num_parameters(layer) for layer in network.modules() if not list(layer.children()))
