"""What is compared: the variants of the paper's ablations (section 4.4), each with the runs that train it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Printed:
    """What the paper prints for a variant, on UBC fashion videos; None where it prints nothing."""

    ssim: float | None = None
    psnr: float | None = None
    lpips: float | None = None
    fvd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One row of the table.

    Attributes:
        title: In the table.
        changes: To the configuration of each of its runs, by dotted name.
        runs: Stages that are trained for it, in order, by the name of their run.
        model: The run whose pipeline is measured.
        printed: The paper's own numbers.
    """

    title: str
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    runs: Mapping[str, str]
    model: str
    printed: Printed


SHARED: Mapping[str, str] = MappingProxyType({"vae": "vae", "image-encoder": "image-encoder"})
"""Runs whose results all variants start from, by name, with their stage."""

FULL = "full"


def two_stages(name: str, title: str, printed: Printed, **changes: Any) -> Variant:
    """A variant that is trained as the paper trains: stage 1, then stage 2."""
    runs = {f"{name}-stage1": "stage1", f"{name}-stage2": "stage2"}
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return Variant(title=title, changes=named, runs=runs, model=f"{name}-stage2", printed=printed)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "clip": two_stages(
            "clip",
            "CLIP only",
            Printed(0.897, 36.09, 0.089, 208.5),
            models__reference="none",
            diffusion__reference_pose_share=0.0,
        ),
        "controlnet": two_stages(
            "controlnet",
            "ControlNet only",
            Printed(0.892, 35.89, 0.105, 213.9),
            models__reference="controlnet",
            diffusion__image_tokens=False,
        ),
        "clip-controlnet": two_stages(
            "clip-controlnet",
            "CLIP + ControlNet",
            Printed(0.898, 36.03, 0.086, 205.4),
            models__reference="controlnet",
        ),
        FULL: two_stages(FULL, "CLIP + ReferenceNet (full)", Printed(0.931, 38.49, 0.044, 81.6)),
        "no-temporal": Variant(
            title="full, without temporal attention",
            runs={f"{FULL}-stage1": "stage1"},
            model=f"{FULL}-stage1",
            printed=Printed(fvd=176.7),
        ),
        "one-stage": Variant(
            title="full, trained in one stage",
            runs={"one-stage": "one-stage"},
            model="one-stage",
            printed=Printed(fvd=89.3),
        ),
    }
)
"""In the paper's order."""
