"""How much of a GPU's arithmetic is used: counted work over time, against what large matrix products reach on it.

The networks are of Stable Diffusion 1.5's width with weights of noise; a multiplication and an addition are two
operations.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from animate_anyone.devices.clip_work import Networks
from animate_anyone.media.size import Size
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.reference_net import ReferenceNet
from benchmarks.networks import full_size_networks
from benchmarks.work import SIZE, TERA, WINDOW

WARM_UPS = 2
MATRIX_SIDE = 8192
STILLS = 4
"""In a batch of the training step."""


@dataclass(frozen=True, kw_only=True)
class Utilisation:
    """What a device does with the full networks; each time is the least of all rounds.

    `peak` is in TFLOP/s, for products of square matrices of float16; work is in TFLOP.
    """

    device: str
    torch: str
    rounds: int
    peak: float
    window_work: float
    window_seconds: float
    """The denoising UNet with its reference, for a window of frames, float16."""
    training_work: float
    training_seconds: float
    """Forward and backward through ReferenceNet and denoising UNet, for a batch of stills, bfloat16 by autocast."""

    @property
    def window_share(self) -> float:
        """Of the peak."""
        return self.window_work / self.window_seconds / self.peak

    @property
    def training_share(self) -> float:
        """Of the peak."""
        return self.training_work / self.training_seconds / self.peak


def measure_utilisation(
    device: torch.device,
    *,
    rounds: int,
    size: Size = SIZE,
    frames: int = WINDOW,
    matrix_side: int = MATRIX_SIDE,
    networks: Callable[[], tuple[Networks, AutoencoderTiny]] = full_size_networks,
) -> Utilisation:
    """Counts on the meta device and takes the time on `device`.

    Args:
        device: A GPU; anything else is for tests.
        rounds: Times that everything is computed.
        size: Of the frames.
        frames: In the window.
        matrix_side: Of the matrices that the peak is measured with.
        networks: Makes the networks, on the meta device.
    """
    made, _ = networks()
    reference_net, unet = made.reference_net, made.denoising_unet
    assert isinstance(reference_net, ReferenceNet)
    window = _window(reference_net, unet, frames=frames, size=size)
    training = _training(reference_net, unet, size=size, precision=nullcontext())
    with torch.no_grad():
        window_work = _flops(window)
    training_work = _flops(training)

    for network in (reference_net, unet):
        network.zero_grad()
        network.to_empty(device=device)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.02)
    autocast = torch.autocast(device.type, dtype=torch.bfloat16)
    training_seconds = _least(_training(reference_net, unet, size=size, precision=autocast), device, rounds)
    for network in (reference_net, unet):
        network.zero_grad()
        network.half()
    with torch.no_grad():
        window_seconds = _least(_window(reference_net, unet, frames=frames, size=size), device, rounds)
    matrix = torch.randn(matrix_side, matrix_side, device=device, dtype=torch.float16)
    peak = 2 * matrix_side**3 / _least(lambda: matrix @ matrix, device, rounds)
    return Utilisation(
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        torch=torch.__version__,
        rounds=rounds,
        peak=peak / TERA,
        window_work=window_work / TERA,
        window_seconds=window_seconds,
        training_work=training_work / TERA,
        training_seconds=training_seconds,
    )


def _window(reference_net: ReferenceNet, unet: DenoisingUNet, *, frames: int, size: Size) -> Callable[[], Tensor]:
    """One pass of the denoising UNet, all that belongs to the clip computed before."""
    latents, token, timestep = _inputs(unet, batch=1, frames=frames, size=size)
    with torch.no_grad():
        conditions = unet.project(token, reference_net(latents[:, :, 0], token))
        pose = torch.zeros_like(latents[:, :1]).expand(-1, unet.config["block_out_channels"][0], -1, -1, -1)
    return lambda: unet(latents, timestep, conditions, pose_features=pose)


def _training(
    reference_net: ReferenceNet,
    unet: DenoisingUNet,
    *,
    size: Size,
    precision: AbstractContextManager[Any],
) -> Callable[[], Tensor]:
    """Forward and backward on a batch of stills."""
    latents, token, timestep = _inputs(unet, batch=STILLS, frames=1, size=size)
    pose = torch.zeros_like(latents[:, :1]).expand(-1, unet.config["block_out_channels"][0], -1, -1, -1)

    def step() -> Tensor:
        with precision:
            features = reference_net(latents[:, :, 0], token)
            loss = unet(latents, timestep, token, pose_features=pose, reference=features).float().square().mean()
        loss.backward()
        return loss

    return step


def _inputs(unet: DenoisingUNet, *, batch: int, frames: int, size: Size) -> tuple[Tensor, Tensor, Any]:
    like = next(unet.parameters())
    shape = (batch, unet.config["in_channels"], frames, size.height // 8, size.width // 8)
    token = like.new_zeros(batch, 1, unet.config["cross_attention_dim"])
    return like.new_zeros(shape), token, torch.zeros(batch, dtype=torch.int64, device=like.device)


def _flops(run: Callable[[], Tensor]) -> int:
    """Counted here, as what the package counts for sampling sees no gradients."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def _least(run: Callable[[], Tensor], device: torch.device, rounds: int) -> float:
    seconds: list[float] = []
    for _ in range(WARM_UPS + rounds):
        start = time.perf_counter()
        run()
        if device.type != "cpu":
            torch.accelerator.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds[WARM_UPS:])
