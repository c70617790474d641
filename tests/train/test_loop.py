"""A run ends with usable components, and a run that was killed ends as if it had not been."""

import shutil
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from animate_anyone.errors import ConfigError
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.patch_autoencoder import PatchAutoencoder
from animate_anyone.models.vae import encode_images
from animate_anyone.pipeline import AnimateAnyonePipeline
from animate_anyone.train.batches import Batches
from animate_anyone.train.config import Optimiser, TrainConfig
from animate_anyone.train.loop import learning_rate_at, run
from animate_anyone.train.networks import make_networks
from animate_anyone.train.record import LOSS_LOG, read_log
from animate_anyone.train.resuming import INPUTS, claim_inputs
from animate_anyone.train.stages import STAGES
from animate_anyone.train.vae_stage import fixed_frames
from train.conftest import tiny
from train.processes import start, start_together

Configure = Callable[..., TrainConfig]


def wait_for_lines(config: TrainConfig, process: BaseProcess, *, number: int) -> None:
    """Returns once the loss log has that many lines."""
    while len(read_log(config.output / LOSS_LOG)) < number:
        assert process.is_alive(), "the run ended before it was to be stopped"
        time.sleep(0.02)


def loss_log(folder: Path) -> bytes:
    return (folder / LOSS_LOG).read_bytes()


def picture_size(folder: Path) -> tuple[int, int]:
    with Image.open(folder / "pictures/step-00000008.png") as picture:
        return picture.size


def test_a_run_leaves_components_pictures_and_a_pipeline(trained: Path):
    pipeline = AnimateAnyonePipeline.from_pretrained(trained / "stage2/pipeline")
    assert pipeline.denoising_unet.config["temporal"]
    assert pipeline.config["pose_style"] == "compact"
    assert len(pipeline.vae.config["latents_std"]) == pipeline.vae.config["latent_channels"]
    result = pipeline(Image.new("RGB", (32, 32)), [Image.new("RGB", (32, 32))] * 3, num_inference_steps=2)
    assert len(result.frames) == 3
    assert picture_size(trained / "vae") == (8 * 32, 2 * 32)
    # Rows of reference, pose, truth and prediction; stage 2 shows four frames of each.
    assert picture_size(trained / "stage1") == (4 * 32, 4 * 32)
    assert picture_size(trained / "stage2") == (13 * 32, 4 * 32)


def test_latents_have_about_unit_variance(trained: Path, configure: Configure):
    vae = PatchAutoencoder.from_pretrained(trained / "vae/vae")
    with torch.no_grad():
        latents = encode_images(vae, fixed_frames(configure("vae"), num_clips=16))
    assert 0.8 < latents.std() < 1.2


def test_a_run_learns(configure: Configure):
    """On four pictures, which principal components and chance alone do not tell by heart."""
    pictures: dict[str, Any] = {"data.num_clips": 2, "data.num_frames": 2, "vae.crop": None}
    sizes: dict[str, Any] = {"models.vae.block_out_channels": (16, 32), "batch_size": 4, "keep_checkpoints": 1}
    config = configure("vae", steps=60, **pictures, **sizes, **{"optimiser.learning_rate": 5e-3})
    lines = read_log(run(config) / LOSS_LOG)
    assert [line["step"] for line in lines] == list(range(2, 61, 2))
    first, last = (sum(line["mse"] for line in some) for some in (lines[:3], lines[-3:]))
    assert last < 0.7 * first
    assert lines[-1]["learning_rate"] == pytest.approx(0, abs=1e-12)
    assert [path.name for path in (config.output / "checkpoints").iterdir()] == ["step-00000060"]


def test_a_killed_run_resumes_as_if_it_had_not_been(configure: Configure, tmp_path: Path):
    steps: dict[str, Any] = {"steps": 9, "log_every": 1, "checkpoint_every": 3, "batch_size": 1}
    unbroken = run(configure("stage1", **steps))
    config = configure("stage1", output=tmp_path / "killed", **steps)
    process = start(config)
    wait_for_lines(config, process, number=4)
    process.kill()
    process.join()
    assert not (config.output / "denoising_unet").exists()
    # What a kill in the middle of a write leaves behind.
    with (config.output / LOSS_LOG).open("a") as file:
        file.write('{"step": 9, "lo')
    run(config)
    assert loss_log(config.output) == loss_log(unbroken)
    name = "denoising_unet/diffusion_pytorch_model.safetensors"
    assert (config.output / name).read_bytes() == (unbroken / name).read_bytes()


def test_a_run_that_is_asked_to_stop_does_so_in_the_middle_of_a_log_interval(configure: Configure, tmp_path: Path):
    pace = {"log_every": 4, "checkpoint_every": 500, "batch_size": 2, "optimiser.schedule": "constant"}
    config = configure("vae", steps=500, **pace)
    process = start(config)
    wait_for_lines(config, process, number=1)
    process.terminate()
    process.join()
    assert process.exitcode == 128 + signal.SIGTERM
    (checkpoint,) = (config.output / "checkpoints").iterdir()
    steps = int(checkpoint.name.removeprefix("step-")) + 6
    run(configure("vae", steps=steps, **pace))
    unbroken = run(configure("vae", output=tmp_path / "unbroken", steps=steps, **pace))
    assert loss_log(config.output) == loss_log(unbroken)


@pytest.fixture(scope="module")
def four_steps(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the VAE's stage, for others to be compared with."""
    return run(tiny("vae", trained, steps=4, output=tmp_path_factory.mktemp("four-steps")))


def test_two_processes_learn_what_one_learns(configure: Configure, four_steps: Path):
    config = configure("vae", steps=4)
    processes = start_together(config, number=2)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    alone = read_log(four_steps / LOSS_LOG)
    both = read_log(config.output / LOSS_LOG)
    assert [line["step"] for line in both] == [line["step"] for line in alone]
    for one, two in zip(alone, both, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)


def test_accumulation_and_precision(configure: Configure, four_steps: Path, tmp_path: Path):
    whole = read_log(four_steps / LOSS_LOG)
    parts = read_log(run(configure("vae", steps=4, output=tmp_path / "parts", accumulation=2)) / LOSS_LOG)
    half = read_log(run(configure("vae", steps=4, output=tmp_path / "half", precision="bf16")) / LOSS_LOG)
    assert parts[-1]["loss"] == pytest.approx(whole[-1]["loss"], rel=1e-4)
    assert half[-1]["loss"] == pytest.approx(whole[-1]["loss"], rel=0.05)


@pytest.mark.parametrize("stage", ["stage1", "stage2"])
def test_gradient_checkpointing_changes_nothing_but_memory(configure: Configure, stage: str):
    def gradients(**settings: bool) -> list[torch.Tensor]:
        config = configure(stage, batch_size=1, **settings)
        networks = make_networks(config, STAGES[stage])
        parameters = STAGES[stage].prepare(networks)
        batch = Batches(draw=STAGES[stage].draw(config, networks), seed=0, batch_size=1)[0][0]
        loss = STAGES[stage].objective(config, networks)(batch)["loss"]
        loss.backward()
        return [loss, *(parameter.grad for parameter in parameters.values())]

    for plain, saving in zip(gradients(), gradients(gradient_checkpointing=True), strict=True):
        assert torch.equal(plain, saving)


def test_workers_change_nothing(configure: Configure, four_steps: Path):
    helped = run(configure("vae", steps=4, num_workers=2))
    assert loss_log(four_steps) == loss_log(helped)


def test_a_folder_holds_one_run(configure: Configure):
    run(configure("vae", steps=1))
    with pytest.raises(ConfigError, match="other settings: batch_size, seed differ"):
        run(configure("vae", steps=1, seed=9, batch_size=2))


def test_a_run_is_not_gone_on_with_beside_other_weights(configure: Configure, trained: Path, tmp_path: Path):
    start = tmp_path / "pipeline"
    shutil.copytree(trained / "stage1/pipeline", start)
    run(configure("stage2", steps=1, **{"init.pipeline": start}))
    changed = DenoisingUNet.from_pretrained(start / "denoising_unet")
    with torch.no_grad():
        changed.conv_in.weight.add_(0.1)
    changed.save_pretrained(start / "denoising_unet")
    with pytest.raises(ConfigError, match="other contents of: denoising_unet"):
        run(configure("stage2", steps=2, **{"init.pipeline": start}))


def test_what_was_never_trained_may_begin_with_anything(tmp_path: Path):
    claim_inputs(tmp_path, {"data": "a"}, going_on=False)
    claim_inputs(tmp_path, {"data": "b"}, going_on=False)
    claim_inputs(tmp_path, {"data": "b"}, going_on=True)
    (tmp_path / INPUTS).write_text("{")
    with pytest.raises(ConfigError, match="is damaged"):
        claim_inputs(tmp_path, {"data": "b"}, going_on=True)


def test_a_run_does_not_replace_what_it_starts_from(trained: Path, tmp_path: Path):
    start = tmp_path / "pipeline"
    shutil.copytree(trained / "stage1/pipeline", start)
    for output in (start, tmp_path):
        with pytest.raises(ConfigError, match=r"init\.pipeline is .* which this run would replace"):
            run(tiny("stage2", trained, output=output, **{"init.pipeline": start}))
    with pytest.raises(ConfigError, match=r"init\.vae is .* which this run would replace"):
        run(tiny("stage1", trained, output=tmp_path, **{"init.vae": start / "vae"}))
    assert (start / "denoising_unet/diffusion_pytorch_model.safetensors").exists()


def test_the_log_holds_means_of_the_steps_since_its_last_line(configure: Configure, tmp_path: Path):
    pace: dict[str, Any] = {"optimiser.schedule": "constant", "optimiser.warmup_steps": 0}
    run(configure("vae", steps=3, **pace))
    pieces = read_log(run(configure("vae", steps=5, **pace)) / LOSS_LOG)
    whole = read_log(run(configure("vae", output=tmp_path / "whole", steps=5, log_every=1, **pace)) / LOSS_LOG)
    assert [line["step"] for line in pieces] == [2, 3, 4, 5]
    assert [line["loss"] for line in pieces[1:]] == [line["loss"] for line in whole[2:]]


def test_a_gradient_that_is_lost_leaves_the_last_good_checkpoint(configure: Configure, monkeypatch: pytest.MonkeyPatch):
    config = configure("vae", steps=2, log_every=100, checkpoint_every=1, keep_checkpoints=1)
    true_norm = Accelerator.clip_grad_norm_
    calls: list[Any] = []

    def lost(*given: Any) -> Any:
        calls.append(given)
        return true_norm(*given) if len(calls) == 1 else torch.tensor(float("nan"))

    monkeypatch.setattr(Accelerator, "clip_grad_norm_", lost)
    with pytest.raises(ConfigError, match="At step 2 grad_norm is nan"):
        run(config)
    assert [path.name for path in (config.output / "checkpoints").iterdir()] == ["step-00000001"]


def test_parts_of_a_batch_must_be_equal(configure: Configure):
    with pytest.raises(ConfigError, match="must be a multiple of 3"):
        run(configure("vae", accumulation=3))


def test_a_layout_that_crashes_torch_is_refused(configure: Configure):
    with pytest.raises(ConfigError, match="channels_last = false"):
        run(configure("stage2", channels_last=True))


def test_a_loss_that_is_lost_ends_the_run(configure: Configure):
    with pytest.raises(ConfigError, match=r"At step 1 loss is (nan|inf)|At step 2 loss is (nan|inf)"):
        run(configure("vae", **{"optimiser.learning_rate": 1e30, "optimiser.warmup_steps": 0}))


def test_the_learning_rate_warms_up_and_falls():
    optimiser = Optimiser(learning_rate=1.0, warmup_steps=4, schedule="cosine")
    rates = [learning_rate_at(step, optimiser, steps=14) for step in (1, 2, 4, 9, 14)]
    assert rates == pytest.approx([0.25, 0.5, 1.0, 0.5, 0.0])
    constant = Optimiser(learning_rate=1.0, warmup_steps=0, schedule="constant")
    assert learning_rate_at(1, constant, steps=2) == learning_rate_at(2, constant, steps=2) == 1.0
