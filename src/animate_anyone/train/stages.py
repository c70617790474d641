"""The four stages by name, in the order in which they are trained."""

from animate_anyone.train.stage import Stage
from animate_anyone.train.vae_stage import VAE_STAGE

STAGES: dict[str, Stage] = {stage.name: stage for stage in (VAE_STAGE,)}
