"""Published weights in, our one-folder layout out. Start reading at `registry.py`, then `moore.py` for one family."""

from animate_anyone.checkpoints.adapters import merge_adapters
from animate_anyone.checkpoints.animatediff import load_motion_modules
from animate_anyone.checkpoints.base_weights import BASE_WEIGHTS, locate_base_weights, pull_base_weights
from animate_anyone.checkpoints.moore import import_moore
from animate_anyone.checkpoints.notices import Notice, format_notices, read_notices, save_notices
from animate_anyone.checkpoints.registry import (
    REGISTRY,
    KnownModel,
    convert_moore,
    locate,
    model_folder,
    open_pipeline,
    pull,
)
from animate_anyone.checkpoints.sd15 import init_from_sd15, open_sd15

__all__ = [
    "BASE_WEIGHTS",
    "REGISTRY",
    "KnownModel",
    "Notice",
    "convert_moore",
    "format_notices",
    "import_moore",
    "init_from_sd15",
    "load_motion_modules",
    "locate",
    "locate_base_weights",
    "merge_adapters",
    "model_folder",
    "open_pipeline",
    "open_sd15",
    "pull",
    "pull_base_weights",
    "read_notices",
    "save_notices",
]
