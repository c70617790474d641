"""Errors come home from other processes as they were."""

import pickle

import pytest

from animate_anyone.errors import AnimateAnyoneError, MediaError, MissingExtraError, MissingNetworkError


@pytest.mark.parametrize(
    "error",
    [
        MediaError("a.mp4: cannot be read."),
        MissingExtraError("mediapipe", extra="pose", purpose="Finding poses"),
        MissingNetworkError("the weights 'a.pth'", purpose="LPIPS", remedy="Pull them."),
    ],
)
def test_an_error_survives_the_way_between_processes(error: AnimateAnyoneError):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert getattr(again, "needs", None) == getattr(error, "needs", None)
