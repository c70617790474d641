"""Everything about sampling that needs no network: the noise schedule, the window plan, interpolation."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler

from animate_anyone.sampling.schedule import animate_anyone_schedule, set_timesteps
from animate_anyone.sampling.windows import ClosedLoopWindows
from parity_checks.fixture import Fixture
from parity_checks.interpolate import interpolate_frames, linear, slerp

INTERPOLATIONS = {"linear": linear, "slerp": slerp}


def scheduler_of(config: Mapping[str, Any]) -> DDIMScheduler:
    """Our schedule if the configuration says the same, else one of that configuration."""
    ours = animate_anyone_schedule()
    if all(ours.config.get(key) == value for key, value in config.items()):
        return ours
    return DDIMScheduler(**config)


def recognises_schedule(fixture: Fixture) -> bool:
    """Whether this is a fixture of the noise schedule."""
    return "alphas_cumprod" in fixture.metas and "config" in fixture.sidecar


def check_schedule(fixture: Fixture, _folder: Path) -> None:
    """Betas, timesteps, single steps, and noising for training."""
    config = fixture.sidecar["config"]
    scheduler = scheduler_of(config)
    before = DDIMScheduler(**(config | {"rescale_betas_zero_snr": False}))
    fixture.judge("betas", scheduler.betas)
    fixture.judge("alphas_cumprod", scheduler.alphas_cumprod)
    fixture.judge("alphas_cumprod_before_zero_snr", before.alphas_cumprod)
    _check_timesteps(fixture, scheduler)
    _check_steps(fixture, scheduler)
    _check_training(fixture, config)


def _check_timesteps(fixture: Fixture, scheduler: DDIMScheduler) -> None:
    for steps, expected in fixture.sidecar.get("timesteps", {}).items():
        # Step -1 is a rounding error of the recorded program, which ours does not repeat.
        listed = [timestep for timestep in expected if timestep >= 0]
        fixture.expect(f"timesteps/{steps}", set_timesteps(scheduler, int(steps)).tolist() == listed)
    for steps in fixture.sidecar.get("step_counts_with_wrong_length", {}):
        timesteps = set_timesteps(scheduler, int(steps))
        note = "the recorded program makes a step too many; ours does not"
        fixture.expect(f"timesteps/{steps}", len(timesteps) == int(steps) and int(timesteps[-1]) >= 0, note=note)


def _check_steps(fixture: Fixture, scheduler: DDIMScheduler) -> None:
    for steps, entries in fixture.sidecar.get("steps", {}).items():
        set_timesteps(scheduler, int(steps))
        for entry in entries:
            timestep, previous = entry["t"], entry["prev_t"]
            name = f"step/{steps}/{timestep}"
            alpha = float(scheduler.alphas_cumprod[timestep])
            alpha_before = float(scheduler.alphas_cumprod[previous] if previous >= 0 else scheduler.final_alpha_cumprod)
            close = math.isclose(alpha, entry["alpha_cumprod_t"], rel_tol=1e-5, abs_tol=1e-9) and math.isclose(
                alpha_before, entry["alpha_cumprod_prev"], rel_tol=1e-5, abs_tol=1e-9
            )
            fixture.expect(f"{name}/alphas", close)
            stepped: Any = scheduler.step(fixture.input("in/model_output"), timestep, fixture.input("in/sample"))
            fixture.judge(f"{name}/prev_sample", stepped.prev_sample)
            fixture.judge(f"{name}/pred_x0", stepped.pred_original_sample)


def _check_training(fixture: Fixture, config: Mapping[str, Any]) -> None:
    changes = {key: value for key, value in fixture.sidecar.get("train_config", {}).items() if key != "note"}
    scheduler = scheduler_of({**config, **changes})
    fixture.judge("train_scheduler/alphas_cumprod", scheduler.alphas_cumprod)
    for name, transform in (("train/add_noise", scheduler.add_noise), ("train/velocity", scheduler.get_velocity)):
        if fixture.wants(name):
            timesteps: Any = torch.tensor(fixture.metas[name]["timesteps"])
            fixture.judge(name, transform(fixture.input("train/in/x0"), fixture.input("train/in/noise"), timesteps))


def recognises_windows(fixture: Fixture) -> bool:
    """Whether this is a fixture of window plans."""
    return "rows" in fixture.sidecar and "windows" in fixture.sidecar["rows"][0]


def check_windows(fixture: Fixture, _folder: Path) -> None:
    """The published checkpoint's own window plan, row by row."""
    for row in fixture.sidecar["rows"]:
        frames, size, stride, overlap = (
            row[key] for key in ("num_frames", "context_size", "context_stride", "context_overlap")
        )
        name = f"{frames} frames, size {size}, stride {stride}, overlap {overlap}"
        if not row.get("closed_loop", True) or row.get("step", 0):
            fixture.expect(name, False, note="only closed loops at step 0 are known")
            continue
        windows = ClosedLoopWindows(size=size, overlap=overlap, stride=stride).indices(frames)
        fixture.expect(name, [list(window) for window in windows] == row["windows"])


def recognises_interpolation(fixture: Fixture) -> bool:
    """Whether this is a fixture of interpolated latents."""
    return any(name.startswith(f"{method}/factor") for name in fixture.metas for method in INTERPOLATIONS)


def check_interpolation(fixture: Fixture, _folder: Path) -> None:
    """Latents between latents, by every method and factor that was recorded."""
    for name in fixture.metas:
        method, _, factor = name.partition("/factor")
        if method in INTERPOLATIONS and factor.isdigit():
            latents = interpolate_frames(fixture.input("in/latents"), int(factor), INTERPOLATIONS[method])
            fixture.judge(name, latents)
