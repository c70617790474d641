"""What the calls of a clip take, from the shapes of a model's networks: counted once, then multiplied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from animate_anyone.devices.counting import Count, Work, counted, num_values
from animate_anyone.media.size import Size
from animate_anyone.models.conditions import Conditions, tensors_in
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import embed_images
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import Autoencoder, decode_latents, downscale_factor, encode_images
from animate_anyone.pipeline import DECODED_PIXELS, POSE_FEATURE_BYTES
from animate_anyone.sampling.presets import EXACT, Preset
from animate_anyone.sampling.windows import OverlappingWindows


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The networks of a model, on the meta device."""

    vae: Autoencoder
    image_encoder: CLIPVisionModelWithProjection
    reference_net: ReferenceNet | ControlNet | None
    denoising_unet: DenoisingUNet
    pose_guider: PoseGuider

    @property
    def by_name(self) -> Mapping[str, nn.Module]:
        """Those that there are."""
        return {name: network for name, network in vars(self).items() if network is not None}


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A prediction of a window: with the reference or without."""

    whole: Count
    deep: Work
    """All but the last layer."""
    last_layer: Work
    """The last layer, on deep features that are there."""
    features: int
    """Values of these, for all frames of the window."""


@dataclass(frozen=True, kw_only=True)
class ClipWork:
    """What the calls of a clip take; memory is in values, whatever the data type."""

    size: Size
    window: int
    """Frames in a window."""
    embedding: Count
    """The image encoder, once."""
    encoding: Count
    """The VAE on the reference image, once."""
    reading: Count
    """The ReferenceNet, once."""
    projecting: tuple[Count, ...]
    """What is done once of each prediction: one, or two with guidance."""
    guiding: Count
    """The Pose Guider, for a frame."""
    branches: tuple[Branch, ...]
    """The predictions of a window: one, or two with guidance."""
    decoding: Count
    """The VAE, for the frames that it decodes at once."""
    decoded_at_once: int
    latents: int
    """Values of a frame."""
    pose_features: int
    """Values of a frame."""
    conditions: int
    """Values that are kept of the reference for all windows."""

    def denoising(self, *, num_frames: int, num_steps: int, preset: Preset = EXACT) -> Work:
        """All windows of all steps, in the plan that the pipeline has by default."""
        plan = OverlappingWindows(self.window, overlap=self.window // 6)
        together = preset.steps_together(num_steps)
        work = Work()
        for first in range(0, num_steps, together):
            steps = range(first, min(first + together, num_steps))
            num_guided = sum(preset.guides(step, num_steps) for step in steps)
            for branch, num_predicted in zip(self.branches, (len(steps), num_guided), strict=False):
                if num_predicted == 0:
                    continue
                once = branch.whole.work if together == 1 else branch.deep + branch.last_layer * num_predicted
                work += once * len(plan(num_frames, first))
        return work

    def streaming(self, *, num_frames: int, num_steps: int) -> Work:
        """All steps of all frames in a rolling window; those at start and end count as if the window were full."""
        return self.branches[0].whole.work * (num_steps * num_frames / self.window)

    def preparing(self, *, num_frames: int) -> Work:
        """What comes before the first step, and the Pose Guider."""
        once = _sum((self.embedding, self.encoding, self.reading, *self.projecting))
        return once + self.guiding.work * num_frames

    def finishing(self, *, num_frames: int) -> Work:
        """Decoding of all frames."""
        return self.decoding.work * (num_frames / self.decoded_at_once)

    def values_of_denoising(
        self, *, num_frames: int, bytes_each: int, windows_at_once: int = 1, num_features_kept: int = 0
    ) -> int:
        """The most values on the device while windows are denoised, without the weights.

        Args:
            num_frames: of the clip.
            bytes_each: of a value.
            windows_at_once: windows that are denoised together.
            num_features_kept: batches of windows whose deep features wait for a later step.
        """
        kept_pose = min(num_frames * self.pose_features, POSE_FEATURE_BYTES // bytes_each)
        kept_deep = num_features_kept * windows_at_once * sum(branch.features for branch in self.branches)
        guiding = self.window * self.guiding.peak
        # Latents, predictions and pose features of the window itself, beside what the network makes of them.
        window = self.window * (3 * self.latents + self.pose_features)
        predicting = windows_at_once * (window + max(branch.whole.peak for branch in self.branches))
        return self.conditions + kept_pose + kept_deep + max(guiding, predicting)

    def values_of_decoding(self, *, tiled: bool) -> int:
        """The most values on the device while frames are decoded, without the weights."""
        return self.decoding.peak // (self.decoded_at_once * 4 if tiled else 1)


def _sum(counts: tuple[Count, ...]) -> Work:
    return sum((count.work for count in counts), Work())


def count_clip(networks: Networks, size: Size, *, window: int, guidance: bool) -> ClipWork:
    """Counts the calls for a clip of pictures of this size, in windows of `window` frames."""
    factor = downscale_factor(networks.vae)
    height, width = size.height // factor, size.width // factor
    unet, clip_size = networks.denoising_unet, _image_size(networks.image_encoder.config)
    decoded_at_once = min(max(1, DECODED_PIXELS // size.area), window)
    with torch.device("meta"):
        picture = torch.empty(1, 3, size.height, size.width)
        still = torch.empty(1, int(unet.config["in_channels"]), height, width)
        timestep = torch.empty(1, dtype=torch.int64)
        clip_picture = torch.empty(1, 3, clip_size, clip_size)
    embedding, token = counted(lambda: embed_images(networks.image_encoder, clip_picture))
    encoding, _ = counted(lambda: encode_images(networks.vae, picture))
    reading, features = counted(
        lambda: None if networks.reference_net is None else networks.reference_net(still, token)
    )
    references: tuple[Any, ...] = (features, None) if guidance else (features,)
    projected = [counted(lambda reference=reference: unet.project(token, reference)) for reference in references]
    guiding, guided = counted(lambda: networks.pose_guider(picture[:, :, None]))
    noisy = still[:, :, None].expand(-1, -1, window, -1, -1)
    pose = guided.expand(-1, -1, window, -1, -1)
    branches = tuple(_branch(unet, noisy, timestep, given, pose) for _, given in projected)
    some: Tensor = still.expand(decoded_at_once, -1, -1, -1)
    decoding, _ = counted(lambda: decode_latents(networks.vae, some))
    conditions = sum(num_values(tensors_in(given)) for _, given in projected)
    return ClipWork(
        size=size,
        window=window,
        embedding=embedding,
        encoding=encoding,
        reading=reading,
        projecting=tuple(count for count, _ in projected),
        guiding=guiding,
        branches=branches,
        decoding=decoding,
        decoded_at_once=decoded_at_once,
        latents=still.numel(),
        pose_features=guided.numel(),
        conditions=conditions + num_values(tensors_in(features)),
    )


def _branch(unet: DenoisingUNet, noisy: Tensor, timestep: Tensor, given: Conditions, pose: Tensor) -> Branch:
    whole, _ = counted(lambda: unet(noisy, timestep, given, pose_features=pose))
    deep, features = counted(lambda: unet.deep_features(noisy, timestep, given, pose_features=pose))
    last_layer, _ = counted(lambda: unet(noisy, timestep, given, pose_features=pose, deep=features))
    return Branch(whole=whole, deep=deep.work, last_layer=last_layer.work, features=features.numel())


def _image_size(config: Any) -> int:
    return config.image_size
