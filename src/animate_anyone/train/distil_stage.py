"""Stage `distil`: the denoising UNet learns to do in few steps, without guidance, what it did in many with guidance."""

from copy import deepcopy
from typing import Any

from diffusers import DiffusionPipeline
from PIL import Image
from torch import nn

from animate_anyone.data.procedural import Split
from animate_anyone.train.animation_stages import clip_length, drawing, make_pipeline, objective, picturing, window
from animate_anyone.train.batches import Draw
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.distillation import DistillationObjective, Segments
from animate_anyone.train.stage import Networks, Stage, all_parameters

TEACHER = "teacher"


def add_teacher(_: TrainConfig, networks: Networks) -> None:
    """Keeps the denoising UNet as it came."""
    networks[TEACHER] = deepcopy(networks["denoising_unet"])


def distillation(config: TrainConfig, networks: Networks) -> nn.Module:
    """The loss as a module.

    Raises:
        ConfigError: If the timesteps cannot be cut as `distillation` says.
    """
    student: Any = objective(config, networks)
    teacher: Any = networks[TEACHER]
    return DistillationObjective(
        student=student,
        teacher=teacher,
        segments=Segments.of(student.scheduler, config.distillation),
        guidance_scale=config.distillation.guidance_scale,
    )


def draw(config: TrainConfig, networks: Networks, *, split: Split = "train") -> Draw:
    """A `Stage.draw`, as that of stage 2, with the noise that the student will start from."""
    return drawing(window)(as_sampled(config), networks, split=split)


def as_sampled(config: TrainConfig) -> TrainConfig:
    """With the settings of sampling that the student learns for."""
    sampling = {"num_inference_steps": config.distillation.segments, "guidance_scale": 1.0, "noise_scale": 1.0}
    return config.model_copy(update={"diffusion": config.diffusion.model_copy(update=sampling)})


def student_alone(networks: Networks) -> Networks:
    """The components of a pipeline."""
    return {name: network for name, network in networks.items() if name != TEACHER}


def picture(config: TrainConfig, networks: Networks) -> Image.Image:
    """A `Stage.picture`, as that of stage 2."""
    return picturing(clip_length)(as_sampled(config), student_alone(networks))


def few_step_pipeline(config: TrainConfig, networks: Networks) -> DiffusionPipeline:
    """The whole pipeline around the student."""
    return make_pipeline(as_sampled(config), student_alone(networks))


DISTIL_STAGE = Stage(
    name="distil",
    trains=("denoising_unet",),
    needs=("vae", "image_encoder", "reference_net", "denoising_unet", "pose_guider"),
    temporal=None,
    adapt=add_teacher,
    trainable=all_parameters("denoising_unet"),
    draw=draw,
    objective=distillation,
    picture=picture,
    pipeline=few_step_pipeline,
)
