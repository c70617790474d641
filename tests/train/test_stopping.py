"""A run that is asked to stop ends after its step; asked again, at once."""

import os
import signal
import time

import pytest

from animate_anyone.train import stopping
from animate_anyone.train.stopping import StopSignal


def test_a_signal_that_is_passed_on_is_one_signal():
    with StopSignal(started=time.monotonic(), minutes=None) as stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
    assert stop.received == signal.SIGINT


def test_a_later_signal_does_not_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stopping, "ECHO", -1.0)
    with StopSignal(started=time.monotonic(), minutes=None), pytest.raises(KeyboardInterrupt):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
