"""What commands show while they work: progress bars with the time left, and lines; all on the error stream.

The output stream is left to results, so that they can be piped.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

TITLES = {
    "poses": ("Finding poses", "frames"),
    "denoising": ("Denoising", "steps"),
    "frames": ("Decoding and writing", "frames"),
    "drawing": ("Drawing", "frames"),
    "clips": ("Drawing", "clips"),
    "preparing": ("Preparing", "videos"),
    "scoring": ("Scoring", "clips"),
}
"""For each phase, what the bar is called and what it counts."""


def say(text: str) -> None:
    """One line for the user, whole, whatever the width of the terminal."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(text)


def quiet_libraries() -> None:
    """Keeps the libraries' own progress bars and remarks on loading weights from the terminal."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


class Terminal:
    """Progress bars, one for each phase; a `job.Listener`."""

    def __init__(self, bars: Progress):
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    @classmethod
    @contextmanager
    def open(cls) -> Generator[Self]:
        """Shows the bars within the block."""
        console = Console(file=sys.stderr, highlight=False)
        columns = (
            TextColumn("{task.description:<20}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        terminal = cls(Progress(*columns, console=console))
        try:
            yield terminal
        finally:
            if terminal._tasks:
                terminal._bars.stop()

    def progress(self, phase: str, done: float, total: float) -> None:
        """A part of a phase is done; the bar appears with its first part."""
        if not self._tasks:
            self._bars.start()
        if phase not in self._tasks:
            title, unit = TITLES[phase]
            self._tasks[phase] = self._bars.add_task(title, total=total, unit=unit)
        self._bars.update(self._tasks[phase], completed=done, total=total)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(f"Note: {text}", soft_wrap=True, markup=False)
