"""The measures by name: what each is called, what exactly it is, and what takes it."""

from collections.abc import Callable, Mapping
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from animate_anyone.evaluation.probe import Measure, Probe, Scored, SetDistance, Values
from animate_anyone.metrics.background import background_error
from animate_anyone.metrics.flicker import background_flicker, limb_flicker
from animate_anyone.metrics.frames import l1, l1_legacy, psnr, psnr_legacy, ssim
from animate_anyone.metrics.identity import FaceNetwork, clip_similarity, face_similarity
from animate_anyone.metrics.limbs import LIMBS, colour_error
from animate_anyone.metrics.pattern import body_correlation, chest_correlation
from animate_anyone.metrics.pose_following import detect_in_frames, pose_following
from animate_anyone.metrics.warping import temporal_difference, warping_error
from animate_anyone.pose.detect import PoseDetector

if TYPE_CHECKING:
    from transformers import CLIPVisionModelWithProjection

PSNR_CEILING = 100.0
"""dB that a frame without any error counts as, so that means stay finite."""

SCIKIT_IMAGE = "skimage"
"""As it is imported; the extra `evaluate` has it."""


def _frame(title: str, higher_is_better: bool, definition: str, *, digits: int = 2) -> Measure:
    return Measure(title=title, higher_is_better=higher_is_better, definition=definition, level="frame", digits=digits)


def _known(value: Any) -> Any:
    """What a probe asked for in its `needs`."""
    assert value is not None
    return value


def _limb_colour(clip: Scored) -> float:
    errors = [colour_error(clip.result, clip.truth, _known(clip.poses), limb) for limb in LIMBS]
    seen = [error for error in errors if not np.isnan(error)]
    return float(np.mean(seen)) if seen else float("nan")


def _background(clip: Scored, _: None) -> Values:
    reference = _known(clip.reference)
    return {
        "background": background_error(clip.result, clip.truth, reference),
        "background_flicker": background_flicker(clip.result, clip.truth, reference),
        "background_flicker_truth": background_flicker(clip.truth, clip.truth, reference),
    }


def _along_limbs(clip: Scored, _: None) -> Values:
    poses = _known(clip.poses)
    return {
        "limb_flicker": limb_flicker(clip.result, poses),
        "limb_flicker_truth": limb_flicker(clip.truth, poses),
        "limb_colour": _limb_colour(clip),
        "trunk_colour": colour_error(clip.result, clip.truth, poses, "trunk"),
        "hair_colour": colour_error(clip.result, clip.truth, poses, "hair"),
        "body_correlation": body_correlation(clip.result, clip.truth, poses),
        "chest_correlation": chest_correlation(clip.result, clip.truth, poses),
    }


def _warping(clip: Scored, _: None) -> Values:
    error = warping_error(clip.result, clip.truth, clip.motion)
    return {"warping_error": 1e3 * error.result, "warping_error_truth": 1e3 * error.truth}


def _following(clip: Scored, make_detector: Callable[[], PoseDetector]) -> Values:
    detector = make_detector()
    try:
        found = detect_in_frames(clip.result, detector, fps=clip.fps)
    finally:
        detector.close()
    measured = pose_following(_known(clip.poses), found)
    return {
        "akd": measured.distance_pixels,
        "mkr": measured.missing,
        "pck": measured.pck,
        "person_found": measured.found,
    }


def _clip_similarity(clip: Scored, model: "CLIPVisionModelWithProjection") -> Values:
    return {"clip_truth": clip_similarity(clip.result, clip.truth, model)}


def _clip_reference(clip: Scored, model: "CLIPVisionModelWithProjection") -> Values:
    return {"clip_reference": clip_similarity(clip.result, _known(clip.reference)[None], model)}


def _face(clip: Scored, network: FaceNetwork) -> Values:
    reference = _known(clip.reference)[None]
    poses, pose = _known(clip.poses), _known(clip.reference_pose)
    return {"face_reference": face_similarity(clip.result, poses, reference, pose, network)}


PROBES: tuple[Probe, ...] = (
    Probe(
        measures={"l1": _frame("L1 (of 255)", False, "Mean absolute difference over pixels and channels, 0 to 255.")},
        take=lambda clip, _: {"l1": l1(clip.result, clip.truth)},
    ),
    Probe(
        measures={
            "l1_legacy": _frame(
                "L1 (legacy) (10⁻⁴)",
                False,
                "What the field prints as L1: the absolute difference by the number of pixels; falls with their size.",
            )
        },
        take=lambda clip, _: {"l1_legacy": 1e4 * l1_legacy(clip.result, clip.truth)},
    ),
    Probe(
        measures={
            "psnr": _frame(
                "PSNR (dB)",
                True,
                f"10 log10(255² / MSE) of each frame; {PSNR_CEILING:g} dB for frames without any difference.",
            )
        },
        take=lambda clip, _: {"psnr": psnr(clip.result, clip.truth).clip(max=PSNR_CEILING)},
    ),
    Probe(
        measures={
            "psnr_legacy": _frame(
                "PSNR (legacy, wraps) (dB)",
                True,
                "What the field printed for years: differences wrap round in 8 bits, so that large ones count as "
                "small. Kept for comparison with those numbers only.",
            )
        },
        take=lambda clip, _: {"psnr_legacy": psnr_legacy(clip.result, clip.truth).clip(max=PSNR_CEILING)},
    ),
    Probe(
        measures={
            "ssim": _frame(
                "SSIM", True, "scikit-image's structural similarity: 7 x 7 windows, range 255, by channel.", digits=3
            )
        },
        take=lambda clip, _: {"ssim": ssim(clip.result, clip.truth)},
        package=SCIKIT_IMAGE,
    ),
    Probe(
        measures={"lpips": _frame("LPIPS", False, "LPIPS 0.1 (Zhang et al. 2018) of each frame.", digits=3)},
        take=lambda clip, network: {"lpips": network(clip.result, clip.truth)},
        instrument="lpips",
    ),
    Probe(
        measures={
            "temporal_difference": Measure(
                title="temporal difference (of 255)",
                higher_is_better=False,
                definition="Mean absolute difference between the changes from frame to frame of result and truth.",
            )
        },
        take=lambda clip, _: {"temporal_difference": temporal_difference(clip.result, clip.truth)},
    ),
    Probe(
        measures={
            "warping_error": Measure(
                title="warping error (10⁻³)",
                higher_is_better=False,
                definition="Mean squared difference, values in 0 to 1, of each frame from the next one brought back "
                "along the true motion, over visible pixels (Lai et al. 2018); flow by TV-L1 of scikit-image.",
            ),
            "warping_error_truth": Measure(
                title="warping error of the true video (10⁻³)",
                higher_is_better=False,
                definition="The warping error of the true video: what is there without any fault.",
            ),
        },
        take=_warping,
        package=SCIKIT_IMAGE,
    ),
    Probe(
        measures={
            "background": Measure(
                title="background (of 255)",
                higher_is_better=False,
                definition="Mean absolute difference on the pixels that nothing moves over in truth and reference.",
            ),
            "background_flicker": Measure(
                title="background flicker (of 255)",
                higher_is_better=False,
                definition="Mean absolute change from frame to frame on those pixels.",
            ),
            "background_flicker_truth": Measure(
                title="background flicker of the true video (of 255)",
                higher_is_better=False,
                definition="What the true video has of it.",
            ),
        },
        take=_background,
        needs=("reference",),
    ),
    Probe(
        measures={
            "limb_flicker": Measure(
                title="limb flicker (of 255)",
                higher_is_better=False,
                definition="Mean absolute change of colour from frame to frame at points that move with the limbs.",
            ),
            "limb_flicker_truth": Measure(
                title="limb flicker of the true video (of 255)",
                higher_is_better=False,
                definition="What the true video has of it.",
            ),
            "limb_colour": Measure(
                title="colour of limbs (error of 255)",
                higher_is_better=False,
                digits=1,
                definition="Difference of mean colour along upper arms, forearms, thighs and shins from the true one.",
            ),
            "trunk_colour": Measure(
                title="colour of trunk (error of 255)",
                higher_is_better=False,
                digits=1,
                definition="The same from neck to hips.",
            ),
            "hair_colour": Measure(
                title="colour of hair (error of 255)",
                higher_is_better=False,
                digits=1,
                definition="The same above the brow.",
            ),
            "body_correlation": Measure(
                title="correlation, body",
                higher_is_better=True,
                digits=3,
                definition="Mean correlation of result and truth within the box around the body.",
            ),
            "chest_correlation": Measure(
                title="correlation, chest pattern",
                higher_is_better=True,
                digits=3,
                definition="The same from shoulders to hips, where the chest is not flat.",
            ),
        },
        take=_along_limbs,
        needs=("poses",),
    ),
    Probe(
        measures={
            "akd": Measure(
                title="AKD (pixels)",
                higher_is_better=False,
                definition="Average distance of body keypoints found in the result from the driving ones (Siarohin "
                "et al. 2019; straight distances).",
            ),
            "mkr": Measure(
                title="MKR",
                higher_is_better=False,
                digits=3,
                definition="Share of the driving body keypoints not found in the result (Siarohin et al. 2019).",
            ),
            "pck": Measure(
                title="PCK at 0.1",
                higher_is_better=True,
                digits=3,
                definition="Share of the driving body keypoints that are found within 0.1 of the body's longer side "
                "(Yang and Ramanan 2013).",
            ),
            "person_found": Measure(
                title="frames with a person found",
                higher_is_better=True,
                digits=3,
                definition="Share of the frames in which the detector finds a body at all.",
            ),
        },
        take=_following,
        needs=("poses",),
        instrument="detector",
    ),
    Probe(
        measures={
            "clip_truth": _frame(
                "CLIP similarity to the truth", True, "Cosine similarity of CLIP's embeddings of each frame.", digits=3
            )
        },
        take=_clip_similarity,
        instrument="clip",
    ),
    Probe(
        measures={
            "clip_reference": _frame(
                "CLIP similarity to the reference", True, "The same with the reference picture.", digits=3
            )
        },
        take=_clip_reference,
        needs=("reference",),
        instrument="clip",
    ),
    Probe(
        measures={
            "face_reference": _frame(
                "face similarity to the reference",
                True,
                "Cosine similarity of face embeddings, where a face is seen; faces are found by the driving poses.",
                digits=3,
            )
        },
        take=_face,
        needs=("reference", "poses", "reference_pose"),
        instrument="face",
    ),
)

DISTANCES: Mapping[str, SetDistance] = MappingProxyType(
    {
        "fid": SetDistance(
            measure=Measure(
                title="FID",
                higher_is_better=False,
                level="set",
                digits=1,
                definition="Fréchet distance of Inception-v3 features of all frames.",
            ),
            instrument="fid",
            whole_clips=False,
        ),
        "fid_vid": SetDistance(
            measure=Measure(
                title="FID-VID",
                higher_is_better=False,
                level="set",
                digits=1,
                definition="Fréchet distance of 3D ResNet-50 features of stretches of video.",
            ),
            instrument="fid-vid",
            whole_clips=True,
        ),
        "fvd": SetDistance(
            measure=Measure(
                title="FVD",
                higher_is_better=False,
                level="set",
                digits=1,
                definition="Fréchet distance of I3D features of stretches of video (Unterthiner et al. 2018).",
            ),
            instrument="fvd",
            whole_clips=True,
        ),
    }
)

MEASURES: Mapping[str, Measure] = MappingProxyType(
    dict(chain.from_iterable(probe.measures.items() for probe in PROBES))
    | {name: distance.measure for name, distance in DISTANCES.items()}
)
"""All of them; tables have the order of the protocol."""


def probe_of(measure: str) -> Probe:
    """The probe that takes a measure of clips."""
    return next(probe for probe in PROBES if measure in probe.measures)
