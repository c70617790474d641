"""The stages by name, in the order in which they are trained."""

from animate_anyone.train.animation_stages import STAGE_1, STAGE_2
from animate_anyone.train.image_encoder_stage import IMAGE_ENCODER_STAGE
from animate_anyone.train.lora_stage import LORA_STAGE
from animate_anyone.train.stage import Stage
from animate_anyone.train.vae_stage import VAE_STAGE

STAGES: dict[str, Stage] = {
    stage.name: stage for stage in (VAE_STAGE, IMAGE_ENCODER_STAGE, STAGE_1, STAGE_2, LORA_STAGE)
}
