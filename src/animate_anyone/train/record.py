"""The record of a run: logs that a restart leaves as if never stopped, TensorBoard, one line in the terminal."""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from animate_anyone.media.atomic import write_file

LOSS_LOG, VALIDATION_LOG = "losses.jsonl", "validation.jsonl"


class LossLog:
    """One JSON object a line, `step` first. Holds no times, so equal runs have equal logs."""

    def __init__(self, path: Path, *, step: int):
        """Opens the log of a run that has done `step` steps; lines of later steps will come again and are cut off."""
        self.path = path
        kept = [line for line in read_log(self.path) if line["step"] <= step]
        write_file(self.path, "".join(as_line(values) for values in kept).encode())

    def write(self, values: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(as_line(values))


def as_line(values: Mapping[str, Any]) -> str:
    """Values as a line of the log."""
    return json.dumps(values) + "\n"


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a loss log, without a last one that was cut short; empty if there is no file."""
    if not path.exists():
        return []
    complete, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in complete.splitlines()]


class Curves:
    """Writes scalars and pictures to TensorBoard where it is installed."""

    def __init__(self, folder: Path, *, step: int):
        self.writer = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        if self.writer is not None:
            for name, value in values.items():
                self.writer.add_scalar(name, value, step)

    def picture(self, step: int, picture: Image.Image) -> None:
        if self.writer is not None:
            self.writer.add_image("validation", np.asarray(picture), step, dataformats="HWC")

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


def progress_bar(console: Console) -> Progress:
    """The bar of a run: done, total, time gone, time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def terminal_line(step: int, steps: int, values: Mapping[str, float], *, samples_per_second: float) -> str:
    """The one style of line that a run prints."""
    numbers = " ".join(f"{name} {value:.4g}" for name, value in values.items())
    return f"step {step}/{steps} {numbers} {samples_per_second:.1f} samples/s"


class Record:
    """Everything a run writes down beside its checkpoints; kept by the first process only."""

    def __init__(self, folder: Path, *, step: int):
        self.folder = folder
        self.losses = LossLog(folder / LOSS_LOG, step=step)
        self.validation_losses = LossLog(folder / VALIDATION_LOG, step=step)
        self.curves = Curves(folder, step=step)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """One line of the loss log and the same on TensorBoard."""
        self.losses.write({"step": step, **values})
        self.curves.write(step, values)

    def validation(self, step: int, values: Mapping[str, float]) -> None:
        """One line of the validation log and the same on TensorBoard, beside the curves of training."""
        self.validation_losses.write({"step": step, **values})
        self.curves.write(step, {f"validation/{name}": value for name, value in values.items()})

    def picture(self, step: int, picture: Image.Image) -> Path:
        """Saves a validation picture, and puts it on TensorBoard."""
        path = self.folder / "pictures" / f"step-{step:08d}.png"
        path.parent.mkdir(exist_ok=True)
        picture.save(path)
        self.curves.picture(step, picture)
        return path

    def close(self) -> None:
        self.curves.close()
