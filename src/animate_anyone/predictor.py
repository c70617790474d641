"""How the denoising loop asks the network: windows of frames, with conditions and without, and what can be reused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from animate_anyone.models.conditions import Conditions
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.sampling.guidance import DeepFeatures, Prediction


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What the network is given of some windows, on its device."""

    noisy: Float[Tensor, "b c f h w"]
    timestep: Int[Tensor, " b"]
    pose: Float[Tensor, "b c0 f h w"]


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

    def on(self, unet: DenoisingUNet, device: torch.device) -> "WindowPredictor":
        """The same on another device, where `unet` is, with the conditions copied there."""
        unconditional = None if self.unconditional is None else self.unconditional.to(device)
        return replace(
            self, unet=unet, device=device, conditional=self.conditional.to(device), unconditional=unconditional
        )

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
        """Predicts; see `Denoise`."""
        return self.predict(self.bring(latents, timestep, frames), guided=guided, deep=deep)

    def bring(
        self, latents: Float[Tensor, "b c f h w"], timestep: Int[Tensor, " b"], frames: Sequence[tuple[int, ...]]
    ) -> Windows:
        """Brings windows to the device, with the poses of their frames."""
        pose = torch.cat([self.pose_features(window) for window in frames]).to(self.device)
        return Windows(noisy=latents.to(self.device, pose.dtype), timestep=timestep.to(self.device), pose=pose)

    @torch.no_grad()
    def predict(self, windows: Windows, *, guided: bool, deep: DeepFeatures | None) -> Prediction:
        """Predicts windows that are there. The two branches come one after the other: half the memory of both."""

        def branch(conditions: Conditions, kept: Tensor | None) -> tuple[Tensor, Tensor | None]:
            inputs = windows.noisy, windows.timestep, conditions
            if deep is None:
                return self.unet(*inputs, pose_features=windows.pose), None
            if kept is None:
                kept = self.unet.deep_features(*inputs, pose_features=windows.pose)
            return self.unet(*inputs, pose_features=windows.pose, deep=kept), kept

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


@dataclass(frozen=True, kw_only=True)
class SharedPredictor:
    """Predictors on several devices, which share the windows they are given, or the branches of few windows.

    All inputs are brought to their devices before any is computed with, as what comes from another GPU waits for what
    that one is at. And all work is handed out before any result is waited for.
    """

    predictors: tuple[WindowPredictor, ...]

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
        """Predicts; see `Denoise`."""
        parts = self._parts(len(frames))
        kept = [None] * len(parts) if deep is None else list(deep.parts or [DeepFeatures()] * len(parts))
        brought = [
            part.predictor.bring(latents[part.windows], timestep[part.windows], frames[part.windows])
            if guided or not part.unconditional
            else None
            for part in parts
        ]
        answers = [
            None if windows is None else part.predictor.predict(windows, guided=guided, deep=features)
            for part, windows, features in zip(parts, brought, kept, strict=True)
        ]

        def gathered(predictions: Sequence[Tensor | None]) -> Tensor | None:
            there = [prediction.to(latents.device) for prediction in predictions if prediction is not None]
            return torch.cat(there) if there else None

        given = list(zip(parts, answers, strict=True))
        conditional = gathered([a.conditional for part, a in given if a is not None and not part.unconditional])
        assert conditional is not None
        unconditional = gathered(
            [a.conditional if part.unconditional else a.unconditional for part, a in given if a is not None]
        )
        features = tuple(old if a is None else a.deep for old, a in zip(kept, answers, strict=True))
        return Prediction(
            conditional=conditional,
            unconditional=unconditional,
            deep=DeepFeatures(parts=tuple(part for part in features if part is not None)),
        )

    def _parts(self, num_windows: int) -> "list[_Part]":
        """Who predicts what; the same for a number of windows at every step, as features stay where they are."""
        count = len(self.predictors)
        first = self.predictors[0]
        if num_windows >= count or first.unconditional is None:
            bounds = [num_windows * index // count for index in range(count + 1)]
            return [
                _Part(predictor, slice(start, stop))
                for predictor, start, stop in zip(self.predictors, bounds, bounds[1:], strict=False)
                if start < stop
            ]
        parts: list[_Part] = []
        for window in range(num_windows):
            one, other = (self.predictors[(2 * window + branch) % count] for branch in range(2))
            assert other.unconditional is not None
            some = slice(window, window + 1)
            parts.append(_Part(replace(one, unconditional=None), some))
            parts.append(
                _Part(replace(other, conditional=other.unconditional, unconditional=None), some, unconditional=True)
            )
        return parts


@dataclass(frozen=True)
class _Part:
    """Windows for a predictor, both branches of them; or one branch, which it takes for its conditional one."""

    predictor: WindowPredictor
    windows: slice
    unconditional: bool = False
