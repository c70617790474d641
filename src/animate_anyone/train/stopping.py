"""When a run is to stop before its last step: a signal, or the end of the time it was given."""

import math
import signal
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import torch

if TYPE_CHECKING:
    from accelerate import Accelerator

OUT_OF_TIME = 75
"""Exit code of a run that `stop_after_minutes` ended: there is more to do (EX_TEMPFAIL of sysexits.h)."""

ECHO = 2.0
"""Seconds within which a signal is the same one again: a launcher passes on what the terminal has sent to all."""


class StopSignal:
    """Notes SIGTERM, SIGINT and the end of the time within its block, so that the loop can end with a checkpoint."""

    def __init__(self, *, started: float, minutes: float | None) -> None:
        self.received = 0
        self.received_at = 0.0
        self.deadline = math.inf if minutes is None else started + 60 * minutes

    def __enter__(self) -> Self:
        self.previous = {number: signal.signal(number, self.note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def note(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not self.received:
            self.received, self.received_at = number, now
        elif now - self.received_at > ECHO:
            raise KeyboardInterrupt  # a second signal does not wait for the step to end

    def seen(self, accelerator: "Accelerator", *, last: bool) -> int:
        """The exit code with which to stop after this step, 0 to go on; the same on all processes.

        A run whose time is up after its last step is done, and does not stop but end.
        """
        code = OUT_OF_TIME if not last and time.monotonic() >= self.deadline else 0
        if self.received:
            code = 128 + self.received
        if accelerator.num_processes == 1:
            return code
        everyones: Any = accelerator.gather(torch.tensor([code], device=accelerator.device))
        return int(everyones.max())
