"""How the denoising loop asks the network: windows of frames, with conditions and without, and what can be reused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.models.conditions import Conditions
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.sampling.guidance import DeepFeatures, Prediction


@dataclass(frozen=True, kw_only=True)
class WindowPredictor:
    """The denoising UNet with all that it is given of a clip but the noise: what `sampling.sampler` calls `Denoise`."""

    unet: DenoisingUNet
    device: torch.device
    conditional: Conditions
    unconditional: Conditions | None
    """None: there is no guidance."""
    pose_features: Callable[[Sequence[int]], Float[Tensor, "1 c f h w"]]
    """What the Pose Guider makes of these frames of the clip."""

    def __call__(
        self,
        latents: Float[Tensor, "b c f h w"],
        timestep: Int[Tensor, " b"],
        frames: Sequence[tuple[int, ...]],
        /,
        *,
        guided: bool,
        deep: DeepFeatures | None,
    ) -> Prediction:
        """Predicts; see `Denoise`. The two branches come one after the other, which takes half the memory of both."""
        pose = torch.cat([self.pose_features(window) for window in frames])
        noisy, timestep = latents.to(self.device, pose.dtype), timestep.to(self.device)

        def branch(conditions: Conditions, kept: Tensor | None) -> tuple[Tensor, Tensor | None]:
            if deep is None:
                return self.unet(noisy, timestep, conditions, pose_features=pose), None
            if kept is None:
                kept = self.unet.deep_features(noisy, timestep, conditions, pose_features=pose)
            return self.unet(noisy, timestep, conditions, pose_features=pose, deep=kept), kept

        kept = deep or DeepFeatures()
        conditional, conditional_kept = branch(self.conditional, kept.conditional)
        unconditional, unconditional_kept = None, kept.unconditional
        if guided and self.unconditional is not None:
            unconditional, unconditional_kept = branch(self.unconditional, kept.unconditional)
        return Prediction(
            conditional=conditional,
            unconditional=unconditional,
            deep=DeepFeatures(conditional=conditional_kept, unconditional=unconditional_kept),
        )
