"""CLIP image tokens for cross-attention, from a transformers `CLIPVisionModelWithProjection`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def vision_config(options: dict[str, Any]) -> CLIPVisionConfig:
    """The configuration of an image encoder, from the options in its folder.

    Raises:
        ValueError: an option chooses what computes it, which transformers may then download from the hub and run.
    """
    for name in options:
        if name.endswith("_implementation"):
            raise ValueError(
                f"{name} = {options[name]!r} chooses code to compute with, which a model may not; remove it."
            )
    return CLIPVisionConfig.from_dict(options)


def preprocess_images(images: Sequence[Image.Image], size: int) -> Float[Tensor, "b 3 {size} {size}"]:
    """Resizes to a square by Pillow's bicubic filter, then normalises as CLIP was trained.

    The aspect ratio is not kept: the published checkpoints were trained so.
    """
    resized = [image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC) for image in images]
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in resized])).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(values)[None, :, None, None] for values in (CLIP_MEAN, CLIP_STD))
    return (pixels - mean) / std


def embed_images(
    image_encoder: CLIPVisionModelWithProjection, pixels: Float[Tensor, "b 3 s s"]
) -> Float[Tensor, "b 1 e"]:
    """One token an image: the projected class embedding (paper section 3.2, "Cross-Attention")."""
    return image_encoder(pixels.to(image_encoder.dtype)).image_embeds.unsqueeze(1)
