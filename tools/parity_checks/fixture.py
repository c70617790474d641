"""A recorded fixture: its sidecar, its tensors, and the judgement of a candidate against them."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

RELATIVE_LIMIT = 2e-5
"""Of the root mean square of a tensor."""
ROUNDING_FACTOR = 8
"""Times the largest rounding error that the recorded program itself made, fp32 against fp64."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one check."""

    name: str
    passed: bool
    error: float = math.nan
    limit: float = math.nan
    note: str = ""

    @property
    def ratio(self) -> float:
        """Error in units of the limit; 0 where both are zero."""
        return 0.0 if self.error == 0 else self.error / self.limit if self.limit else math.inf

    def __str__(self) -> str:
        numbers = "" if math.isnan(self.limit) else f"  error {self.error:.2e}  limit {self.limit:.2e}"
        return f"{'ok    ' if self.passed else 'MISSED'} {self.name}{numbers}{f'  ({self.note})' if self.note else ''}"


@dataclass
class Fixture:
    """Tensors of one file, and what has been judged so far. `report` receives every result as it is found."""

    name: str
    sidecar: Mapping[str, Any]
    stored: Mapping[str, Tensor]
    report: Callable[[Result], None]
    judged: set[str] = field(default_factory=lambda: set[str]())

    @classmethod
    def read(cls, sidecar: Path, report: Callable[[Result], None]) -> "Fixture":
        tensors = sidecar.with_suffix(".safetensors")
        return cls(
            name=sidecar.stem,
            sidecar=json.loads(sidecar.read_text(encoding="utf-8")),
            stored=load_file(tensors) if tensors.is_file() else {},
            report=report,
        )

    @property
    def metas(self) -> Mapping[str, Any]:
        return self.sidecar.get("tensors", {})

    @property
    def salt(self) -> str:
        return self.sidecar.get("salt", "")

    @property
    def is_full_width(self) -> bool:
        return str(self.sidecar.get("set", "")).startswith("full") or self.name.startswith("full")

    def input(self, name: str) -> Tensor:
        """An input; inputs are always stored in full."""
        return self.stored[name].reshape(self.metas[name]["shape"])

    def prefixes(self, input_name: str) -> list[str]:
        """What stands before `input_name` in the names of tensors: one prefix for each case."""
        return [name.removesuffix(input_name) for name in self.metas if name.endswith(input_name)]

    def wants(self, name: str) -> bool:
        """Whether an output of this name was recorded."""
        return name in self.metas

    def judge(self, name: str, candidate: Tensor, *, note: str = "") -> None:
        """Compares a tensor with the recorded one of that name, if there is one."""
        if not self.wants(name):
            return
        self.judged.add(name)
        meta, full_name = self.metas[name], f"{self.name} {name}"
        if name not in self.stored:
            self.report(Result(name=full_name, passed=False, note="in the sidecar, but not among the tensors"))
            return
        if list(candidate.shape) != list(meta["shape"]):
            note = f"shape {list(candidate.shape)}, expected {meta['shape']}"
            self.report(Result(name=full_name, passed=False, note=note))
            return
        expected = self.stored[name].reshape(-1).double()
        actual = candidate.detach().reshape(-1).double()
        if meta.get("stored") == "strided":
            actual = actual[:: meta["stride"]]
        rms = meta["stats"]["rms"] if "stats" in meta else float(expected.square().mean().sqrt())
        rounding = meta.get("peer_fp32_vs_fp64", {}).get("max_abs", 0.0)
        limit = RELATIVE_LIMIT * rms + ROUNDING_FACTOR * rounding
        error = float((expected - actual).abs().max()) if expected.shape == actual.shape else math.inf
        # A comparison with NaN is false, so a NaN is a miss.
        self.report(Result(name=full_name, passed=error <= limit, error=error, limit=limit, note=note))

    def expect(self, name: str, passed: bool, *, note: str = "") -> None:
        """Reports a check that is true or false rather than near or far."""
        self.report(Result(name=f"{self.name} {name}", passed=bool(passed), note=note))

    def miss_the_rest(self, reason: str) -> None:
        """Reports every recorded output that no check has looked at."""
        outputs = {name for name, meta in self.metas.items() if meta.get("role") != "input"}
        unlisted = set(self.stored) - set(self.metas)
        for name in sorted((outputs - self.judged) | unlisted):
            self.report(Result(name=f"{self.name} {name}", passed=False, note=reason))


def as_tensor(array: np.ndarray[Any, Any]) -> Tensor:
    """The same memory as a tensor."""
    return torch.from_numpy(array)
