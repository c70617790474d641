"""The denoising loss of all stages that denoise, on a batch that already holds its noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from diffusers import DDIMScheduler
from jaxtyping import Float, Int
from torch import Tensor, nn

from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.train.batches import Sample, pick
from animate_anyone.train.config import DiffusionLoss


def draw_noise(
    shape: Sequence[int], scheduler: DDIMScheduler, settings: DiffusionLoss, generator: torch.Generator
) -> Sample:
    """All that is random in the loss of one sample.

    Args:
        shape: Of the latents, (c, f, h, w).
        scheduler: Gives the number of timesteps.
        settings: Gives noise offset and dropout.
        generator: The only source of randomness.

    Returns:
        `noise` (c, f, h, w); `timestep`; `keep`, False if the sample is to be denoised without reference;
        `keep_reference_pose`, False if the ReferenceNet is not to be told the pose in the reference.
    """
    noise = torch.randn(tuple(shape), generator=generator)
    num_timesteps = scheduler.config["num_train_timesteps"]
    timestep = draw_timestep(num_timesteps, settings.timestep_power, generator)
    # A shift common to all pixels and frames, without which a model hardly learns the overall brightness.
    noise = noise + settings.noise_offset * torch.randn((shape[0], 1, 1, 1), generator=generator)
    if settings.last_timestep_share and torch.rand((), generator=generator) < settings.last_timestep_share:
        timestep, noise = torch.tensor(num_timesteps - 1), noise * settings.noise_scale
    return {
        "noise": noise,
        "timestep": timestep,
        "keep": torch.rand((), generator=generator) >= settings.conditioning_dropout,
        "keep_reference_pose": torch.rand((), generator=generator) < settings.reference_pose_share,
    }


def draw_timestep(count: int, power: float, generator: torch.Generator) -> Int[Tensor, ""]:
    """A timestep in [0, count), drawn with a density of t^(power - 1)."""
    if power == 1:
        return torch.tensor(pick(count, generator))
    share = torch.rand((), generator=generator, dtype=torch.float64) ** (1 / power)
    return (share * count).long().clamp(max=count - 1)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the denoising UNet is given beside latents and timestep."""

    image_tokens: Float[Tensor, "b k e"]
    pose_features: Float[Tensor, "b c0 f h w"]
    reference: ReferenceFeatures | ControlResiduals | None


class DenoisingObjective(nn.Module):
    """Mean squared error of the predicted velocity (Salimans and Ho 2022), weighted by timestep and channel if wanted.

    The batch holds `latents` (b, c, f, h, w), `pose` (b, 3, f, H, W) uint8, `reference` (b, c, h, w), `reference_pose`
    (b, 3, 1, H, W) uint8, `image_token` (b, 1, e), and what `draw_noise` gives.
    """

    def __init__(
        self,
        *,
        reference_net: ReferenceNet | ControlNet | None,
        denoising_unet: DenoisingUNet,
        pose_guider: PoseGuider,
        scheduler: DDIMScheduler,
        snr_gamma: float | None,
        channel_weights: Float[Tensor, " c"] | None,
        reference_pose: bool,
        image_tokens: bool,
    ):
        super().__init__()
        self.reference_net = reference_net
        self.denoising_unet = denoising_unet
        self.pose_guider = pose_guider
        self.scheduler = scheduler
        self.snr_gamma = snr_gamma
        weights = torch.ones(1) if channel_weights is None else channel_weights
        self.register_buffer("channel_weights", weights[:, None, None, None], persistent=False)
        self.reference_pose = reference_pose
        self.image_tokens = image_tokens

    def forward(self, batch: Sample) -> dict[str, Tensor]:
        latents, noise, timestep = (batch[name] for name in ("latents", "noise", "timestep"))
        noisy = self.scheduler.add_noise(latents, noise, timestep)  # pyright: ignore[reportArgumentType]
        velocity = self.scheduler.get_velocity(latents, noise, timestep)  # pyright: ignore[reportArgumentType]
        prediction = predict_velocity(self.denoising_unet, noisy, timestep, self.given(batch))
        return self.errors(prediction, velocity, timestep)

    def given(self, batch: Sample) -> Given:
        """Reads reference and poses of a batch."""
        # Without reference means without both of its ways in: image token, and spatial attention or residuals.
        keep = batch["keep"]
        image_tokens = batch["image_token"] * (keep & self.image_tokens)[:, None, None]
        pose, reference_pose = batch["pose"], None
        if self.reference_pose:
            both = self.pose_guider(torch.cat([batch["reference_pose"], pose], dim=2).float() / 255)
            reference_pose = both[:, :, 0] * batch["keep_reference_pose"][:, None, None, None]
            pose_features = both[:, :, 1:]
        else:
            pose_features = self.pose_guider(pose.float() / 255)
        reference = None
        if self.reference_net is not None:
            reference = self.reference_net(batch["reference"], image_tokens, pose_features=reference_pose).keep(keep)
        return Given(image_tokens=image_tokens, pose_features=pose_features, reference=reference)

    def errors(
        self,
        prediction: Float[Tensor, "b c f h w"],
        velocity: Float[Tensor, "b c f h w"],
        timestep: Int[Tensor, " b"],
    ) -> dict[str, Tensor]:
        """The weighted error that is minimised, `loss`, and the plain one, `mse`."""
        squares = (prediction.float() - velocity).square()
        error = squares * self.get_buffer("channel_weights")
        weight = min_snr_weight(self.scheduler, timestep, gamma=self.snr_gamma)
        return {"loss": (error.mean(dim=(1, 2, 3, 4)) * weight).mean(), "mse": squares.mean()}


def predict_velocity(
    network: DenoisingUNet, noisy: Float[Tensor, "b c f h w"], timestep: Int[Tensor, " b"], given: Given
) -> Float[Tensor, "b c f h w"]:
    """The prediction of a denoising UNet."""
    return network(noisy, timestep, given.image_tokens, pose_features=given.pose_features, reference=given.reference)


def min_snr_weight(
    scheduler: DDIMScheduler, timestep: Int[Tensor, " b"], *, gamma: float | None
) -> Float[Tensor, " b"]:
    """Weight of the squared velocity error (Hang et al. 2023, "Efficient Diffusion Training via Min-SNR").

    The velocity's own weight is SNR + 1; it is capped at `gamma`, and the rest divided out. Capping SNR alone, as for
    noise prediction, would give the last timestep, whose SNR is zero, no weight at all, and sampling starts there.
    """
    if gamma is None:
        return torch.ones(timestep.shape, device=timestep.device)
    signal = scheduler.alphas_cumprod.to(timestep.device)[timestep]
    # SNR + 1 = signal / (1 - signal) + 1 = 1 / (1 - signal)
    return (gamma * (1 - signal)).clamp(max=1)
