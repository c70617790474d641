"""The stages by name, in the order in which they are trained; `one-stage` stands in for the two before it."""

from animate_anyone.train.animation_stages import ONE_STAGE, STAGE_1, STAGE_2
from animate_anyone.train.config import TrainConfig
from animate_anyone.train.distil_stage import DISTIL_STAGE
from animate_anyone.train.image_encoder_stage import IMAGE_ENCODER_STAGE
from animate_anyone.train.lora_stage import LORA_STAGE
from animate_anyone.train.stage import Stage
from animate_anyone.train.vae_stage import VAE_STAGE

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (VAE_STAGE, IMAGE_ENCODER_STAGE, STAGE_1, STAGE_2, ONE_STAGE, LORA_STAGE, DISTIL_STAGE)
}


def stage_of(config: TrainConfig) -> Stage:
    """The stage that a configuration asks for, less the network of the reference where it wants none."""
    stage = STAGES[config.stage]
    return stage.without("reference_net") if config.models.reference == "none" else stage
