"""Stage `image-encoder`: an embedding of how a character looks whatever its pose, learnt by contrast (InfoNCE)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from animate_anyone.data.procedural import Split
from animate_anyone.models.image_encoder import embed_images, preprocess_images
from animate_anyone.train.batches import Draw, Sample, pick
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.pictures import to_image
from animate_anyone.train.sources import make_source
from animate_anyone.train.stage import Networks, Stage, all_parameters

SMALLEST_CROP = 0.75
LARGEST_GAIN = 0.1


class ContrastObjective(nn.Module):
    """Two views of one character are to be more alike than views of different ones (van den Oord et al. 2018)."""

    def __init__(self, image_encoder: CLIPVisionModelWithProjection, *, temperature: float):
        super().__init__()
        self.image_encoder = image_encoder
        self.temperature = temperature

    def forward(self, batch: Sample) -> dict[str, Tensor]:
        views = torch.cat([batch["first"], batch["second"]])
        first, second = F.normalize(embed_images(self.image_encoder, views)[:, 0].float(), dim=-1).chunk(2)
        return contrast(first, second, batch["identity"], temperature=self.temperature)


def contrast(
    first: Float[Tensor, "n e"], second: Float[Tensor, "n e"], identity: Int[Tensor, " n"], *, temperature: float
) -> dict[str, Tensor]:
    """Symmetric InfoNCE of unit vectors, and the share of views whose nearest one is their own partner.

    A character that is in the batch twice is no negative of itself.
    """
    similarity = first @ second.T / temperature
    own = torch.eye(len(identity), dtype=torch.bool, device=identity.device)
    similarity = similarity.masked_fill((identity[:, None] == identity) & ~own, -torch.inf)
    target = torch.arange(len(identity), device=identity.device)
    loss = (F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)) / 2
    return {"loss": loss, "accuracy": (similarity.argmax(dim=1) == target).float().mean()}


def view(frame: Tensor, size: int, generator: torch.Generator, *, mirrored: bool) -> Float[Tensor, "3 s s"]:
    """A crop of a frame at another brightness; hues are left alone, since they are what is to be told apart."""
    image = to_image(frame)
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    share, x, y, gain = torch.rand(4, generator=generator).tolist()
    share = SMALLEST_CROP + (1 - SMALLEST_CROP) * share
    width, height = image.width * share, image.height * share
    left, top = (image.width - width) * x, (image.height - height) * y
    image = image.crop((round(left), round(top), round(left + width), round(top + height)))
    image = image.point(lambda value: value * (1 + LARGEST_GAIN * (2 * gain - 1)))
    return preprocess_images([image], size)[0]


def draw(config: TrainConfig, networks: Networks, *, split: Split = "train") -> Draw:
    """Draws two frames of one clip; mirrored both or neither, so that left and right stay apart."""
    source = make_source(config.data, split=split)
    size: int = networks["image_encoder"].config.image_size  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]

    def draw_sample(generator: torch.Generator) -> Sample:
        index = pick(len(source), generator)
        mirrored = bool(pick(2, generator))
        frames = source.frames(index, [pick(source.num_frames, generator) for _ in range(2)])
        first, second = (view(frame, size, generator, mirrored=mirrored) for frame in frames)
        return {"first": first, "second": second, "identity": torch.tensor(source.identity(index))}

    return draw_sample


def objective(config: TrainConfig, networks: Networks) -> nn.Module:
    """The stage's loss as a module."""
    encoder: CLIPVisionModelWithProjection = networks["image_encoder"]  # pyright: ignore[reportAssignmentType]
    return ContrastObjective(encoder, temperature=config.contrast.temperature)


IMAGE_ENCODER_STAGE = Stage(
    name="image-encoder",
    trains=("image_encoder",),
    trainable=all_parameters("image_encoder"),
    draw=draw,
    objective=objective,
)
