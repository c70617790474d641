"""All measures of one clip, by name, with what each is called and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from animate_anyone.metrics.background import background_error
from animate_anyone.metrics.flicker import background_flicker, flicker_ratio, limb_flicker
from animate_anyone.metrics.frames import Frames, l1, psnr, ssim
from animate_anyone.metrics.limbs import PARTS, colour_error
from animate_anyone.metrics.pattern import body_correlation, chest_correlation
from animate_anyone.pose.skeleton import PoseSequence

PSNR_CEILING = 100.0
"""dB that a frame without any error counts as, so that means stay finite."""


@dataclass(frozen=True)
class Measure:
    """What a measure is called in a table, and whether more of it is better."""

    title: str
    higher_is_better: bool
    digits: int = 2


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "psnr": Measure("PSNR (dB)", higher_is_better=True),
        "ssim": Measure("SSIM", higher_is_better=True, digits=3),
        "l1": Measure("L1 (of 255)", higher_is_better=False),
        **{
            f"colour {part}": Measure(f"colour of {part} (error of 255)", higher_is_better=False, digits=1)
            for part in PARTS
        },
        "background": Measure("background (error of 255)", higher_is_better=False),
        "background flicker": Measure("flicker of the background (of 255)", higher_is_better=False),
        "background flicker ratio": Measure("the same, times the truth's", higher_is_better=False),
        "limb flicker": Measure("flicker along limbs (of 255)", higher_is_better=False),
        "limb flicker ratio": Measure("the same, times the truth's", higher_is_better=False),
        "body correlation": Measure("correlation, body", higher_is_better=True, digits=3),
        "chest correlation": Measure("correlation, chest pattern", higher_is_better=True, digits=3),
    }
)


def measure_clip(result: Frames, truth: Frames, reference: Frames, poses: PoseSequence) -> dict[str, float]:
    """Everything in `MEASURES`, of one clip; not a number where there is nothing to measure.

    Args:
        result: What was made.
        truth: What should have been.
        reference: The picture (H, W, 3) it was made from.
        poses: The poses in the true video.

    Raises:
        ValueError: The shapes do not fit.
        MissingExtraError: The extra `evaluate` is not installed.
    """
    background, true_background = (background_flicker(frames, truth, reference) for frames in (result, truth))
    limbs, true_limbs = (limb_flicker(frames, poses) for frames in (result, truth))
    return {
        "psnr": float(psnr(result, truth).clip(max=PSNR_CEILING).mean()),
        "ssim": float(ssim(result, truth).mean()),
        "l1": float(l1(result, truth).mean()),
        **{f"colour {part}": colour_error(result, truth, poses, part) for part in PARTS},
        "background": background_error(result, truth, reference),
        "background flicker": background,
        "background flicker ratio": flicker_ratio(background, true_background),
        "limb flicker": limbs,
        "limb flicker ratio": flicker_ratio(limbs, true_limbs),
        "body correlation": body_correlation(result, truth, poses),
        "chest correlation": chest_correlation(result, truth, poses),
    }
