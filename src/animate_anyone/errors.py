"""Errors a user can cause, and therefore should see without a traceback.

    AnimateAnyoneError
    ├── MediaError          an image or video cannot be read or written
    ├── PoseError           no usable pose: nobody found, bad pose file, unknown layout
    ├── CheckpointError     weights missing, left over, of the wrong shape, or not finite
    ├── ConfigError         a training or model configuration that makes no sense
    ├── MissingNetworkError a measure needs a network whose weights are not here
    └── MissingExtraError   an optional dependency is needed and not installed

Wrong arguments inside the library are plain ``ValueError``: they are bugs of the caller, not of the user.
"""

from functools import partial


class AnimateAnyoneError(Exception):
    """Base of every error whose message is written for the user: what was got, expected, and what to do."""


class MediaError(AnimateAnyoneError):
    """An image or video cannot be read or written."""


class PoseError(AnimateAnyoneError):
    """There is no usable pose in what was given."""


class CheckpointError(AnimateAnyoneError):
    """Weights are missing, left over, of the wrong shape, not finite, or of an unknown layout."""


class ConfigError(AnimateAnyoneError):
    """A configuration cannot be used."""


class MissingNetworkError(AnimateAnyoneError):
    """A measure needs a network whose weights are not on this machine. `needs` names them, for a report."""

    def __init__(self, needs: str, *, purpose: str, remedy: str):
        super().__init__(f"{purpose} needs {needs}: not on this machine. {remedy}")
        self.needs = needs
        self._words = {"purpose": purpose, "remedy": remedy}

    def __reduce__(self):  # for other processes, which send errors home
        return partial(type(self), **self._words), (self.needs,)


class MissingExtraError(AnimateAnyoneError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, *, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed. "
            f"Install it with: pip install 'animate-anyone[{extra}]'"
        )
        self._words = {"package": package, "extra": extra, "purpose": purpose}

    def __reduce__(self):
        return partial(type(self), **self._words), ()
