"""Stage `vae`: an autoencoder for latents, trained on frames alone."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn

from animate_anyone.data.procedural import Split
from animate_anyone.errors import ConfigError
from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from animate_anyone.models.pixels import to_bytes, to_model_range
from animate_anyone.models.vae import decode_latents, downscale_factor, encode_images
from animate_anyone.train.batches import Draw, Sample, pick, seeded_generator
from animate_anyone.train.config import TrainConfig, VaeLoss
from animate_anyone.train.pictures import grid
from animate_anyone.train.sources import make_source
from animate_anyone.train.stage import Networks, Stage, all_parameters, device_of

CLIPS_MEASURED, FRAMES_MEASURED = 16, 4
CLIPS_ANALYSED = 64
NUM_SHOWN = 8


class VaeObjective(nn.Module):
    """Errors of pixels, squared and absolute, and of their gradients, and a small pull on the latents.

    The gradient term keeps edges sharp. There is no adversary, so pictures stay smooth where the latents say nothing.
    """

    def __init__(self, vae: PatchAutoencoder, weights: VaeLoss):
        super().__init__()
        self.vae = vae
        self.weights = weights

    def forward(self, batch: Sample) -> dict[str, Tensor]:
        pixels = to_model_range(rearrange(batch["frames"], "b f c h w -> (b f) c h w"))
        latents = self.vae.encode(pixels)
        noise = rearrange(batch["noise"], "b f c h w -> (b f) c h w")
        restored = self.vae.decode(latents + self.weights.latent_noise * noise).float()
        mse = F.mse_loss(restored, pixels)
        l1 = F.l1_loss(restored, pixels)
        edges = edge_loss(restored, pixels)
        spread = latents.float().square().mean()
        weights = self.weights
        loss = mse + weights.l1_weight * l1 + weights.edge_weight * edges + weights.latent_weight * spread
        return {"loss": loss, "mse": mse, "l1": l1, "edges": edges, "spread": spread}


def edge_loss(a: Float[Tensor, "n 3 h w"], b: Float[Tensor, "n 3 h w"], *, num_scales: int = 3) -> Float[Tensor, ""]:
    """Mean absolute difference of horizontal and vertical gradients, averaged over halved resolutions."""
    total = torch.zeros((), device=a.device)
    for _ in range(num_scales):
        for axis in (2, 3):
            total = total + F.l1_loss(a.diff(dim=axis), b.diff(dim=axis))
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return total / num_scales


def draw(config: TrainConfig, networks: Networks, *, split: Split = "train") -> Draw:
    """Draws a few frames of a random clip, cropped alike, mirrored or not."""
    source = make_source(config.data, split=split)
    vae: PatchAutoencoder = networks["vae"]  # pyright: ignore[reportAssignmentType]
    whole = config.data.frame_size
    height, width = (config.vae.crop or side for side in (whole.height, whole.width))
    factor = downscale_factor(vae)
    if height % factor or width % factor:
        raise ConfigError(
            f"The VAE reads frames whose sides are multiples of {factor}; vae.crop and data give {width} x {height}."
        )
    num_frames = config.vae.frames_per_clip
    noise_shape = (num_frames, vae.config["latent_channels"], height // factor, width // factor)

    def draw_sample(generator: torch.Generator) -> Sample:
        numbers = [pick(source.num_frames, generator) for _ in range(num_frames)]
        frames = source.frames(pick(len(source), generator), numbers)
        top, left = pick(whole.height - height + 1, generator), pick(whole.width - width + 1, generator)
        if pick(2, generator):
            frames = frames.flip(3)
        return {
            "frames": frames[:, :, top : top + height, left : left + width].contiguous(),
            "noise": torch.randn(noise_shape, generator=generator),
        }

    return draw_sample


def objective(config: TrainConfig, networks: Networks) -> nn.Module:
    """The stage's loss as a module."""
    return VaeObjective(networks["vae"], config.vae)  # pyright: ignore[reportArgumentType]


def fixed_frames(config: TrainConfig, *, num_clips: int, frames_per_clip: int = 1) -> Float[Tensor, "n 3 h w"]:
    """The same validation frames at every call, in [-1, 1]."""
    source = make_source(config.data, split="validation")
    generator = seeded_generator(0)
    frames = [
        source.frames(index % len(source), [pick(source.num_frames, generator) for _ in range(frames_per_clip)])
        for index in range(num_clips)
    ]
    return to_model_range(torch.cat(frames))


def start(config: TrainConfig, networks: Networks) -> None:
    """Gives a new autoencoder the principal components of frames of the training split."""
    vae: PatchAutoencoder = networks["vae"]  # pyright: ignore[reportAssignmentType]
    source = make_source(config.data, split="train")
    generator = seeded_generator(config.seed)
    frames: list[Tensor] = []
    for _ in range(CLIPS_ANALYSED):
        numbers = [pick(source.num_frames, generator) for _ in range(FRAMES_MEASURED)]
        frames.append(source.frames(pick(len(source), generator), numbers))
    vae.set_principal_components(to_model_range(torch.cat(frames)))


@torch.no_grad()
def picture(config: TrainConfig, networks: Networks) -> Image.Image:
    """Originals above, what comes back below."""
    vae: PatchAutoencoder = networks["vae"].eval()  # pyright: ignore[reportAssignmentType]
    pixels = fixed_frames(config, num_clips=NUM_SHOWN)
    restored = decode_latents(vae, encode_images(vae, pixels.to(device_of(vae))))
    return grid([list(to_bytes(row)) for row in (pixels, restored)])


@torch.no_grad()
def set_statistics(config: TrainConfig, networks: Networks) -> None:
    """Measures the latents' channels: each is brought to unit variance, as the schedule of diffusion presumes."""
    vae: PatchAutoencoder = networks["vae"].eval()  # pyright: ignore[reportAssignmentType]
    pixels = fixed_frames(config, num_clips=CLIPS_MEASURED, frames_per_clip=FRAMES_MEASURED).to(device_of(vae))
    latents = torch.cat([vae.encode(frame[None]) for frame in pixels]).double().cpu()
    std, mean = torch.std_mean(latents, dim=(0, 2, 3))
    vae.register_to_config(
        latents_mean=[round(value, 5) for value in mean.tolist()],
        latents_std=[max(round(value, 5), 1e-5) for value in std.tolist()],
    )


VAE_STAGE = Stage(
    name="vae",
    trains=("vae",),
    trainable=all_parameters("vae"),
    start=start,
    draw=draw,
    objective=objective,
    picture=picture,
    finish=set_statistics,
)
