"""Checks this project against recorded tensors of Moore-AnimateAnyone: `python tools/check_parity.py DIR [--full]`.

DIR holds fixtures: a .json sidecar each, with the .safetensors of the same name. Salt, architecture, cases and shapes
come from the sidecars. One line is printed for each check; the exit status is 0 only if there was one and none missed.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from parity_checks import clip_vae_checks, model_checks, pipeline_checks, sampling_checks
from parity_checks.fixture import Fixture, Result

Check = Callable[[Fixture, Path], None]

CHECKS: Sequence[tuple[Callable[[Fixture], bool], Check]] = (
    (sampling_checks.recognises_schedule, sampling_checks.check_schedule),
    (sampling_checks.recognises_windows, sampling_checks.check_windows),
    (sampling_checks.recognises_interpolation, sampling_checks.check_interpolation),
    (pipeline_checks.recognises, pipeline_checks.check),
    (model_checks.recognises, model_checks.check),
    (clip_vae_checks.recognises, clip_vae_checks.check),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of fixtures")
    parser.add_argument("--full", action="store_true", help="also the networks at full width (needs up to 20 GB)")
    options = parser.parse_args(arguments)
    results = check_folder(options.folder, full=options.full)
    print(summary(results))
    return 0 if results and all(result.passed for result in results) else 1


def check_folder(folder: Path, *, full: bool) -> list[Result]:
    """Runs every check that there is a fixture for, and prints each result as it is found."""
    results: list[Result] = []

    def report(result: Result) -> None:
        results.append(result)
        print(result, flush=True)

    sidecars = sorted(folder.glob("*.json"))
    for tensors in sorted(folder.glob("*.safetensors")):
        if tensors.with_suffix(".json") not in sidecars:
            report(Result(name=tensors.stem, passed=False, note="tensors without a sidecar"))
    for sidecar in sidecars:
        check_fixture(Fixture.read(sidecar, report), folder, full=full)
    return results


def check_fixture(fixture: Fixture, folder: Path, *, full: bool) -> None:
    """Finds the check that knows this kind of fixture; what was recorded and not looked at is missed."""
    if fixture.is_full_width and not full:
        print(f"left out {fixture.name}: full width, needs --full")
        return
    check = next((check for recognises, check in CHECKS if recognises(fixture)), None)
    if check is None and not fixture.metas and not fixture.stored:
        print(f"left out {fixture.name}: no fixture")
        return
    reason = "no check for this"
    started = time.monotonic()
    try:
        if check is not None:
            check(fixture, folder)
    except Exception as error:  # whatever goes wrong is a miss of this fixture, and the others are still checked
        reason = f"stopped: {type(error).__name__}: {error}"
        fixture.expect("run", False, note=reason)
    fixture.miss_the_rest(reason)
    print(f"         {fixture.name}: {time.monotonic() - started:.0f} s, peak memory so far {_peak_memory():.1f} GB")


def summary(results: Sequence[Result]) -> str:
    """The last line: how many passed, and the check that came nearest to its limit."""
    if not results:
        return "nothing was checked"
    missed = sum(not result.passed for result in results)
    worst = max((result for result in results if result.limit > 0), key=lambda result: result.ratio, default=None)
    nearest = f"; worst error/limit {worst.ratio:.3f} at {worst.name}" if worst is not None else ""
    return f"{len(results)} checks, {len(results) - missed} passed, {missed} missed{nearest}"


def _peak_memory() -> float:
    """Largest resident size of this process, in GB."""
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1e9 if sys.platform == "darwin" else 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    sys.exit(main())
