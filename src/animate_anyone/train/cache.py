"""Clips as the networks see them, kept on disk: each is drawn and encoded once, by whoever needs it first."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from animate_anyone.models.image_encoder import embed_images, preprocess_images
from animate_anyone.models.pixels import to_model_range
from animate_anyone.models.vae import Autoencoder, encode_images
from animate_anyone.pose.skeleton import PoseSequence
from animate_anyone.train.pictures import to_image
from animate_anyone.train.sources import Source

logger = logging.getLogger(__name__)

FORMAT = 1
"""Part of every name in the cache; to be raised when what is stored, or how it is computed, changes."""

ENCODED_AT_ONCE = 8

Float16Array = npt.NDArray[np.float16]


@dataclass(frozen=True, kw_only=True)
class EncodedClip:
    """A clip of F frames: scaled latents and image tokens in float16, and the person's pose."""

    latents: Float[Tensor, "f c h w"]
    image_tokens: Float[Tensor, "f k e"]
    poses: PoseSequence


class ClipCache:
    """The clips of a source, encoded; item i is clip i.

    Files are named by a hash of all that they depend on: the clip's specification and the weights of both encoders.
    Another VAE or another size of pictures thus never meets stale latents, and runs may share one folder.
    """

    def __init__(self, folder: Path, source: Source, *, vae: Autoencoder, image_encoder: CLIPVisionModelWithProjection):
        self.source = source
        self.vae = vae
        self.image_encoder = image_encoder
        self.image_size: int = image_encoder.config.image_size  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]
        encoders = (
            f"{FORMAT} {scale_of(vae)} {weights_hash(vae.state_dict().items())} "
            f"{weights_hash(image_encoder.state_dict().items())}"
        )
        self.folder = folder / hashlib.sha256(encoders.encode()).hexdigest()[:16]
        self.folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> EncodedClip:
        path = self.path(index)
        try:
            tensors = load_file(path)
        except FileNotFoundError:
            tensors = self.fill(index)
        except SafetensorError as error:
            logger.warning("Encoding a clip anew, its file %s is damaged: %s", path, error)
            tensors = self.fill(index)
        width, height, fps = tensors["canvas"].tolist()
        return EncodedClip(
            latents=tensors["latents"],
            image_tokens=tensors["image_tokens"],
            poses=PoseSequence(
                keypoints=tensors["keypoints"].numpy(),
                scores=tensors["scores"].numpy(),
                width=int(width),
                height=int(height),
                fps=fps,
            ),
        )

    def path(self, index: int) -> Path:
        """The file of a clip."""
        spec = json.dumps(self.source.spec(index), sort_keys=True)
        return self.folder / f"{hashlib.sha256(spec.encode()).hexdigest()[:32]}.safetensors"

    def fill(self, index: int) -> dict[str, Tensor]:
        """Encodes a clip and writes its file; atomically, as other processes may be at the same."""
        clip = self.source.clip(index)
        encoded = [self.encode(frames) for frames in clip.frames.split(ENCODED_AT_ONCE)]
        poses = clip.poses
        tensors = {
            "latents": torch.from_numpy(np.ascontiguousarray(np.concatenate([latents for latents, _ in encoded]))),
            "image_tokens": torch.from_numpy(np.ascontiguousarray(np.concatenate([tokens for _, tokens in encoded]))),
            "keypoints": torch.from_numpy(np.ascontiguousarray(poses.keypoints)),
            "scores": torch.from_numpy(np.ascontiguousarray(poses.scores)),
            "canvas": torch.tensor([poses.width, poses.height, poses.fps], dtype=torch.float64),
        }
        path = self.path(index)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        save_file(tensors, temporary)
        temporary.rename(path)
        return tensors

    @torch.no_grad()
    def encode(self, frames: Tensor) -> tuple[Float16Array, Float16Array]:
        """Latents and image tokens of frames, in full precision: a run's own must not leak into the cache."""
        device = self.vae.device
        images = preprocess_images([to_image(frame) for frame in frames], self.image_size).to(device)
        pixels = to_model_range(frames).to(device)
        with torch.autocast(device.type, enabled=False):
            latents, tokens = encode_images(self.vae, pixels), embed_images(self.image_encoder, images)
        return latents.cpu().numpy().astype(np.float16), tokens.cpu().numpy().astype(np.float16)


def scale_of(vae: Autoencoder) -> list[Any]:
    """The settings by which latents are brought to unit variance."""
    return [vae.config.get(name) for name in ("scaling_factor", "latents_mean", "latents_std")]


def weights_hash(weights: Iterable[tuple[str, Tensor]]) -> str:
    """SHA-256 of named weights, in whatever order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights, key=itemgetter(0)):
        digest.update(name.encode())
        digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
