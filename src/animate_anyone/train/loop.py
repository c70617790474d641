"""The training loop: one for all stages. Running the same configuration again resumes it, exactly."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console
from torch import Tensor
from torch.utils.data import DataLoader

from animate_anyone.checkpoints.notices import save_notices
from animate_anyone.errors import ConfigError, MissingExtraError
from animate_anyone.media.atomic import replaced_folder
from animate_anyone.train.batches import Batches, Sample
from animate_anyone.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from animate_anyone.train.config import Optimiser, TrainConfig, load_config
from animate_anyone.train.ema import MovingAverage, assign
from animate_anyone.train.muon import Muon
from animate_anyone.train.networks import init_folder, init_notices, make_networks, save_networks
from animate_anyone.train.record import Record, progress_bar, terminal_line
from animate_anyone.train.resuming import claim_folder, claim_inputs, inputs_of
from animate_anyone.train.stage import round_frozen
from animate_anyone.train.stages import stage_of
from animate_anyone.train.stopping import StopSignal
from animate_anyone.train.validation import draw_validation, validation_losses

if TYPE_CHECKING:
    from accelerate import Accelerator

CHECKPOINTS = "checkpoints"
STEPS = "steps"
"""Among the sums of losses: how many steps are in them."""

OPTIMISERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = MappingProxyType(
    {"adamw": torch.optim.AdamW, "muon": Muon}
)
"""By their name in the configuration."""


def train(config_path: Path, overrides: Mapping[str, Any] | None = None) -> Path:
    """Train as a TOML file says; see `run`. `overrides` replace its values by dotted name."""
    return run(load_config(config_path, overrides))


def run(config: TrainConfig) -> Path:
    """Train one stage, or resume it where the folder `config.output` already holds a part of this run.

    Start several processes with `torchrun --nproc_per_node N`; what is learnt does not depend on their number,
    rounding and the image encoder's negatives aside.

    Returns:
        `config.output`, which then holds one folder for each trained component (averaged weights), `pipeline` if all
        components are at hand, the loss log, checkpoints and validation pictures.

    Raises:
        ConfigError: If the configuration cannot be used, differs from that of the run to resume, or the loss is no
            longer finite.
        MissingExtraError: If accelerate is not installed.
        SystemExit: After SIGTERM or SIGINT (128 + its number) or `stop_after_minutes` (`OUT_OF_TIME`), once a
            checkpoint is written.
    """
    started = time.monotonic()
    # --- Processes and devices ---
    try:
        from accelerate import Accelerator
    except ImportError as error:
        raise MissingExtraError("accelerate", extra="train", purpose="Training") from error
    if config.num_threads is not None:
        torch.set_num_threads(config.num_threads)
    # Without `cpu=True` accelerate starts no process group on a machine that has only CPUs.
    accelerator = Accelerator(cpu=config.device == "cpu" or not torch.accelerator.is_available())
    parts = accelerator.num_processes * config.accumulation
    if config.batch_size % parts:
        raise ConfigError(
            f"batch_size is {config.batch_size}; with {accelerator.num_processes} processes and {config.accumulation} "
            f"accumulation steps it must be a multiple of {parts}."
        )
    console = Console(stderr=True, quiet=not accelerator.is_main_process)
    stage = stage_of(config)
    if config.channels_last and config.stage == "stage2" and accelerator.device.type == "cpu":
        # Seen with torch 2.13; the frozen norms of stage 2 ask for a gradient of their input alone.
        raise ConfigError(
            "channels_last ends stage2 on a CPU by a crash inside torch's group norm. Set channels_last = false."
        )

    # --- The run's folder ---
    if accelerator.is_main_process:
        for notice in claim_folder(config, trains=stage.trains):
            console.print(notice)
    accelerator.wait_for_everyone()

    # --- Networks, what trains in them, its optimiser and average ---
    networks = make_networks(config, stage)
    checkpoint = load_checkpoint(config.output / CHECKPOINTS)
    if stage.start is not None and checkpoint is None and not any(init_folder(config.init, n) for n in stage.trains):
        stage.start(config, networks)
    if config.frozen_precision == "bf16":
        stage.prepare(networks)
        round_frozen(networks)  # before they take room on the device
    layout = torch.channels_last if config.channels_last else torch.preserve_format
    for network in networks.values():
        network.to(device=accelerator.device, memory_format=layout)  # pyright: ignore[reportCallIssue]
    parameters = stage.prepare(networks)
    if accelerator.is_main_process:
        inputs = inputs_of(config, networks, trained=parameters.values())
        claim_inputs(config.output, inputs, going_on=checkpoint is not None)
    objective = accelerator.prepare_model(stage.objective(config, networks))
    optimiser = OPTIMISERS[config.optimiser.kind](
        parameters.values(),
        lr=config.optimiser.learning_rate,
        betas=config.optimiser.betas,
        weight_decay=config.optimiser.weight_decay,
    )
    average = MovingAverage(parameters, decay=config.optimiser.ema_decay)
    num_trained = sum(parameter.numel() for parameter in parameters.values())
    console.print(
        f"{config.stage}: {num_trained / 1e6:.2f} M parameters train in {', '.join(stage.trains)}, "
        f"{accelerator.num_processes} process(es) on {accelerator.device.type}, {config.precision}"
    )

    # --- Resume ---
    start = 0
    sums: dict[str, Tensor] = {}  # of losses since the last line of the log
    if checkpoint is not None:
        start = checkpoint.step
        assign(parameters, checkpoint.weights)
        average.load(checkpoint.ema)
        optimiser.load_state_dict(dict(checkpoint.optimiser))
        # Sums of an earlier version do not say of how many steps they are; the next line is then of fewer.
        if STEPS in checkpoint.sums:
            sums = {name: torch.tensor(value, dtype=torch.float64) for name, value in checkpoint.sums.items()}
        console.print(f"resuming after step {start}")
    accelerator.wait_for_everyone()

    # --- Data: a batch is a function of the step ---
    batches = Batches(
        draw=stage.draw(config, networks),
        seed=config.seed,
        batch_size=config.batch_size,
        num_processes=accelerator.num_processes,
        process=accelerator.process_index,
        accumulation=config.accumulation,
    )
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, max(start, config.steps)),
        num_workers=config.num_workers,
        persistent_workers=False,
    )

    validation: list[Sample] = []
    if accelerator.is_main_process and start < config.steps:
        validation = draw_validation(stage.draw(config, networks, split="validation"), config)

    # --- The loop ---
    record = Record(config.output, step=start) if accelerator.is_main_process else None
    autocast = torch.autocast(accelerator.device.type, dtype=torch.bfloat16, enabled=config.precision == "bf16")
    clock = time.monotonic()
    with StopSignal(started=started, minutes=config.stop_after_minutes) as stop, progress_bar(console) as progress:
        task = progress.add_task(config.stage, total=config.steps, completed=start)
        for step, micro_batches in enumerate(loader, start + 1):
            learning_rate = learning_rate_at(step, config.optimiser, steps=config.steps)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate

            for number, batch in enumerate(micro_batches, 1):
                # Processes exchange gradients once a step, not once a part.
                with accelerator.no_sync(objective) if number < len(micro_batches) else nullcontext():
                    with autocast:
                        losses: dict[str, Tensor] = objective(to_device(batch, accelerator.device))
                    accelerator.backward(losses["loss"] / len(micro_batches))
                for name, value in losses.items():
                    sums[name] = sums.get(name, 0) + value.detach().double() / len(micro_batches)
            norm = accelerator.clip_grad_norm_(list(parameters.values()), config.optimiser.max_grad_norm)
            sums["grad_norm"] = sums.get("grad_norm", 0) + torch.as_tensor(norm).double()
            sums[STEPS] = sums.get(STEPS, torch.zeros((), dtype=torch.float64)) + 1
            optimiser.step()
            optimiser.zero_grad()
            average.update(step)
            progress.update(task, completed=step)

            last = step == config.steps
            stopping = stop.seen(accelerator, last=last)
            due_log = last or step % config.log_every == 0
            due_checkpoint = last or stopping or step % config.checkpoint_every == 0
            due_validation = last or step % config.validation_every == 0
            if due_log or due_checkpoint:
                sums = mean_over_processes(sums, accelerator)
                check_finite(sums, step=step, config=config)
            if due_log:
                num_summed = int(sums.pop(STEPS))
                means = {name: float(value) / num_summed for name, value in sums.items()}
                sums = {}
                if record is not None:
                    record.write(step, means | {"learning_rate": learning_rate})
                now = time.monotonic()
                speed = min(num_summed, step - start) * config.batch_size / (now - clock)
                clock = now
                progress.console.print(
                    terminal_line(step, config.steps, means, samples_per_second=speed), soft_wrap=True
                )
            if due_validation and record is not None:
                with average.applied():
                    if validation:
                        with autocast:
                            losses = validation_losses(accelerator.unwrap_model(objective), validation)
                        record.validation(step, {name: float(value) for name, value in losses.items()})
                    if stage.picture is not None:
                        # Networks of mixed precision work together in autocast only.
                        with autocast if config.frozen_precision == "bf16" else nullcontext():
                            picture = stage.picture(config, networks)
                        record.picture(step, picture)
                stage.prepare(networks)
            if due_checkpoint and record is not None:
                state = Checkpoint(
                    step=step,
                    weights=parameters,
                    ema=average.values,
                    optimiser=optimiser.state_dict(),
                    sums={name: float(value) for name, value in sums.items()},
                )
                save_checkpoint(state, config.output / CHECKPOINTS, keep=config.keep_checkpoints)
            if due_validation or due_checkpoint:
                accelerator.wait_for_everyone()
            if stopping:
                console.print(f"stopped after step {step}; run the same command again to go on")
                raise SystemExit(stopping)
    if record is not None:
        record.close()

    # --- The trained components ---
    if accelerator.is_main_process:
        with average.applied():
            if stage.finish is not None:
                stage.finish(config, networks)
            if stage.saves:
                if config.frozen_precision == "bf16":
                    # What does not train is saved as it was before it was rounded.
                    networks = make_networks(config, stage)
                    assign(stage.prepare(networks), parameters)
                save_networks(networks, config.output, trained=stage.trains)
            if stage.pipeline is not None:
                with replaced_folder(config.output / "pipeline") as temporary:
                    stage.pipeline(config, networks).save_pretrained(temporary)
                    save_notices(init_notices(config.init), temporary)
    accelerator.wait_for_everyone()
    return config.output


def learning_rate_at(step: int, optimiser: Optimiser, *, steps: int) -> float:
    """The learning rate of a step, the first being 1: linear warm-up, then constant or half a cosine to zero."""
    if step <= optimiser.warmup_steps:
        return optimiser.learning_rate * step / optimiser.warmup_steps
    if optimiser.schedule == "constant":
        return optimiser.learning_rate
    done = (step - optimiser.warmup_steps) / max(1, steps - optimiser.warmup_steps)
    return optimiser.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def to_device(batch: Sample, device: torch.device) -> Sample:
    """The batch on another device."""
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}


def mean_over_processes(sums: dict[str, Tensor], accelerator: "Accelerator") -> dict[str, Tensor]:
    """The same sums on every process, in float64 on the CPU."""
    reduce: Callable[..., Any] = accelerator.reduce
    return {name: reduce(value.to(accelerator.device), reduction="mean").cpu() for name, value in sums.items()}


def check_finite(sums: Mapping[str, Tensor], *, step: int, config: TrainConfig) -> None:
    """Ends a run that can only get worse, before a checkpoint of it takes the place of a good one."""
    bad = {name: float(value) for name, value in sums.items() if not math.isfinite(value)}
    if bad:
        raise ConfigError(
            f"At step {step} {' and '.join(f'{name} is {value}' for name, value in bad.items())}. Lower "
            "optimiser.learning_rate or use precision 'fp32', then run again with another output. The checkpoints in "
            f"{config.output / CHECKPOINTS} are of before, and can be gone on from with the same settings alone."
        )
