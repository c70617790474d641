"""What the calls of a clip take, from the shapes of a model's networks: counted once, then multiplied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from animate_anyone.devices.counting import Count, Work, counted, num_values
from animate_anyone.devices.openvino_unet import tensors_in
from animate_anyone.media.size import Size
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import embed_images
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import Autoencoder, decode_latents, downscale_factor, encode_images
from animate_anyone.pipeline import DECODED_PIXELS, POSE_FEATURE_BYTES
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
    predicting: tuple[Count, ...]
    """Each prediction of a window."""
    decoding: Count
    """The VAE, for the frames that it decodes at once."""
    decoded_at_once: int
    latents: int
    """Values of a frame."""
    pose_features: int
    """Values of a frame."""
    conditions: int
    """Values that are kept of the reference for all windows."""

    def denoising(self, *, num_frames: int, num_steps: int) -> Work:
        """All windows of all steps, in the plan that the pipeline has by default."""
        plan = OverlappingWindows(self.window, overlap=self.window // 6)
        windows = sum(len(plan(num_frames, step)) for step in range(num_steps))
        return _sum(self.predicting) * windows

    def preparing(self, *, num_frames: int) -> Work:
        """What comes before the first step, and the Pose Guider."""
        once = _sum((self.embedding, self.encoding, self.reading, *self.projecting))
        return once + self.guiding.work * num_frames

    def finishing(self, *, num_frames: int) -> Work:
        """Decoding of all frames."""
        return self.decoding.work * (num_frames / self.decoded_at_once)

    def total(self, *, num_frames: int, num_steps: int) -> Work:
        """All there is to compute for a clip in the pipeline's own windows."""
        denoising = self.denoising(num_frames=num_frames, num_steps=num_steps)
        return self.preparing(num_frames=num_frames) + denoising + self.finishing(num_frames=num_frames)

    def values_of_denoising(self, *, num_frames: int, bytes_each: int) -> int:
        """The most values on the device while windows are denoised, without the weights."""
        kept_pose = min(num_frames * self.pose_features, POSE_FEATURE_BYTES // bytes_each)
        guiding = self.window * self.guiding.peak
        # Latents, predictions and pose features of the window itself, beside what the network makes of them.
        window = self.window * (3 * self.latents + self.pose_features)
        return self.conditions + kept_pose + max(guiding, window + max(count.peak for count in self.predicting))

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
    predicting = tuple(
        counted(lambda given=given: unet(noisy, timestep, given, pose_features=pose))[0] for _, given in projected
    )
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
        predicting=predicting,
        decoding=decoding,
        decoded_at_once=decoded_at_once,
        latents=still.numel(),
        pose_features=guided.numel(),
        conditions=conditions + num_values(tensors_in(features)),
    )


def _image_size(config: Any) -> int:
    return config.image_size
