"""Frame by frame: how far two videos are from each other."""

from typing import Any

import numpy as np
import numpy.typing as npt

from animate_anyone.errors import MissingExtraError

Frames = npt.NDArray[np.uint8]
"""A video, (F, H, W, 3), RGB."""
PerFrame = npt.NDArray[np.float64]
"""One value for each frame, (F,)."""

SSIM_WINDOW = 7
"""Sides of the window of SSIM in pixels; pictures must not be smaller."""
LEGACY_PSNR_OF_EQUALS = 100.0
"""dB that `psnr_legacy` counts a frame without any error as."""


def check_frames(result: Frames, truth: Frames) -> None:
    """Refuses videos that cannot be compared.

    Raises:
        ValueError: Not uint8 of shape (F, H, W, 3) with at least one frame, or not of one shape.
    """
    for frames in (result, truth):
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or len(frames) == 0:
            raise ValueError(f"Frames must be uint8 of shape (F, H, W, 3); got {frames.dtype} of {frames.shape}.")
    if result.shape != truth.shape:
        raise ValueError(f"The result must have the shape of the truth, {truth.shape}; got {result.shape}.")


def l1(result: Frames, truth: Frames) -> PerFrame:
    """Mean absolute difference of a frame's values, over pixels and channels, in levels of 0 to 255."""
    check_frames(result, truth)
    return np.abs(result.astype(np.int16) - truth).mean(axis=(1, 2, 3))


def l1_unit(result: Frames, truth: Frames) -> PerFrame:
    """Mean absolute difference of a frame's values in 0 to 1: `l1` / 255."""
    return l1(result, truth) / 255


def l1_legacy(result: Frames, truth: Frames) -> PerFrame:
    """What papers print as "L1" with values of about 1E-4: `l1` divided by the number of pixels of a frame.

    So does the evaluation program of DisCo (Wang et al. 2023), which many papers use: the absolute differences in
    levels of 0 to 255, divided by height x width, then their mean. It falls with the size of the pictures (by 4 from
    256 x 256 to 512 x 512) and compares only at one size; kept for comparison with printed values.
    """
    return l1(result, truth) / (truth.shape[1] * truth.shape[2])


def psnr(result: Frames, truth: Frames) -> PerFrame:
    """Peak signal-to-noise ratio in dB: 10 log10(255² / MSE), the MSE over a frame's pixels and channels.

    Infinite for equal frames.
    """
    check_frames(result, truth)
    # Frame by frame: a whole clip in double precision takes many times its bytes.
    mse = np.array(
        [np.square(ours.astype(np.float64) - theirs).mean() for ours, theirs in zip(result, truth, strict=True)]
    )
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255**2 / mse)


def psnr_legacy(result: Frames, truth: Frames) -> PerFrame:
    """PSNR with a known fault, kept to compare with printed values: arithmetic in 8 bits, which wraps at 256.

    The first evaluation program of DisCo (Wang et al. 2023) subtracted and squared uint8 pictures as they were, so
    that both the difference and its square are taken modulo 256; papers that used it print 28 to 38 dB where `psnr`
    is 12 to 28. It is 20 log10(255 / sqrt(MSE)) of that MSE, and 100 where it is 0: which it also is where all
    differences are multiples of 16. Where all pixels are wrong by a lot it is about 28, however wrong they are. Do
    not judge a result by it.
    """
    check_frames(result, truth)
    mse = np.square(result - truth).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return np.where(mse == 0, LEGACY_PSNR_OF_EQUALS, 20 * np.log10(255 / np.sqrt(mse)))


def ssim(result: Frames, truth: Frames) -> PerFrame:
    """Structural similarity (Wang et al. 2004), at most 1: scikit-image's for uint8 RGB, with its defaults.

    Windows of 7 x 7 pixels that count evenly, sample covariance, K1 = 0.01, K2 = 0.03, a range of 255; each channel by
    itself, then their mean.

    Raises:
        MissingExtraError: scikit-image is not installed.
        ValueError: The videos cannot be compared, or are smaller than a window.
    """
    check_frames(result, truth)
    if min(truth.shape[1:3]) < SSIM_WINDOW:
        raise ValueError(f"SSIM needs sides of at least {SSIM_WINDOW} pixels; got frames of shape {truth.shape}.")
    try:
        from skimage.metrics import structural_similarity
    except ImportError as error:
        raise MissingExtraError("scikit-image", extra="evaluate", purpose="SSIM") from error
    similarity: Any = structural_similarity
    return np.array(
        [similarity(*pair, win_size=SSIM_WINDOW, channel_axis=2) for pair in zip(result, truth, strict=True)]
    )
