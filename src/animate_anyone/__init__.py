"""Animate Anyone: one image of a character and a motion become a video.

The public names are here. They are imported when they are first used, so that a command which needs no network starts
without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from animate_anyone.models.control_net import ControlNet
    from animate_anyone.models.denoising_unet import DenoisingUNet
    from animate_anyone.models.pose_guider import PoseGuider
    from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures
    from animate_anyone.models.reference_net import ReferenceNet
    from animate_anyone.pipeline import AnimateAnyonePipeline

__version__ = "0.1.0"
__all__ = [
    "AnimateAnyonePipeline",
    "ControlNet",
    "ControlResiduals",
    "DenoisingUNet",
    "PoseGuider",
    "ReferenceFeatures",
    "ReferenceNet",
]

_HOMES = {
    "AnimateAnyonePipeline": "animate_anyone.pipeline",
    "ControlNet": "animate_anyone.models.control_net",
    "ControlResiduals": "animate_anyone.models.reference_features",
    "DenoisingUNet": "animate_anyone.models.denoising_unet",
    "PoseGuider": "animate_anyone.models.pose_guider",
    "ReferenceFeatures": "animate_anyone.models.reference_features",
    "ReferenceNet": "animate_anyone.models.reference_net",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'animate_anyone' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
