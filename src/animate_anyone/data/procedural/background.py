"""Still backgrounds, the same in every frame of a clip."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from animate_anyone.data.procedural.character import Character
from animate_anyone.data.procedural.colours import shade
from animate_anyone.data.procedural.paint import Part, paint_part
from animate_anyone.data.procedural.scenery import SCENES, Scene
from animate_anyone.data.procedural.seeds import generator
from animate_anyone.data.procedural.shapes import coverage


@lru_cache(maxsize=2)
def paint_background(
    character: Character, seed: int, *, width: int, height: int, floor: float, device: torch.device
) -> Tensor:
    """The backdrop (3, H, W) in [0, 1]; `floor` is the row in pixels at which the character stands.

    The last ones are kept, since reference picture and clip share theirs: do not write into what is returned.
    """
    rng = generator("background", seed)
    base, detail = (
        torch.tensor(colour, device=device)[:, None, None]
        for colour in (character.palette.background, character.palette.background_detail)
    )
    x = torch.arange(width, dtype=torch.float32, device=device)[None, :]
    y = torch.arange(height, dtype=torch.float32, device=device)[:, None]
    side = float(min(width, height))
    horizon = floor - side * rng.uniform(0.05, 0.16)
    match character.backdrop:
        case "gradient":
            share = (y / height).expand(height, width)
        case "stripes":
            period = side * rng.uniform(0.16, 0.3)
            slope = rng.uniform(-0.8, 0.8)
            phase = (x + slope * y) / period
            share = coverage(((phase - phase.floor() - 0.5).abs() - 0.25) * period)
        case "spots":
            period = side * rng.uniform(0.14, 0.24)
            row = (y / period).floor()
            u = x / period + 0.5 * (row - 2.0 * (0.5 * row).floor())
            u, v = u - u.floor() - 0.5, y / period - row - 0.5
            share = coverage(((u * u + v * v).sqrt() - rng.uniform(0.18, 0.3)) * period)
        case "floor":
            ground = torch.tensor(shade(character.palette.background_detail, 0.85), device=device)[:, None, None]
            sky = base + 0.5 * (y / height) * (detail - base)
            share = coverage(horizon - y).expand(height, width)
            return sky + share * (ground - sky)
        case "plain":
            share = torch.zeros(height, width, device=device)
        case scenic:
            canvas = base.expand(3, height, width)[:, None].clone()
            scene = Scene(np.array([width / 2, horizon]), side, character.palette.background, rng)
            SCENES[scenic](scene)
            part = Part(shapes=scene.shapes, outline=np.zeros(1), outline_colour=character.palette.outline)
            paint_part(canvas, part, np.zeros(1, dtype=np.intp))
            return canvas[:, 0]
    return base + share * (detail - base)
