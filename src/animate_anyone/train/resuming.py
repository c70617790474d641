"""What may change between a run and its continuation, and what may not, because it decides what is learnt."""

from animate_anyone.train.config import LOSS_OF, TrainConfig

RESUMABLE = frozenset(
    {
        *("output", "steps", "accumulation", "device", "num_threads", "num_workers", "cache", "log_every"),
        *("checkpoint_every", "keep_checkpoints", "validation_every", "validation_samples", "stop_after_minutes"),
        "gradient_checkpointing",
    }
)
"""Fields that may change when a run is resumed: they do not say what is learnt, only how long and how fast."""

SAMPLING = ("guidance_scale", "num_inference_steps", "noise_scale")
"""Those of `diffusion` that say nothing of what is learnt either, but how it is used."""


def changed_fields(old: TrainConfig, new: TrainConfig) -> list[str]:
    """Top-level fields, of those that decide what is learnt, in which two configurations differ."""
    unused = {"vae", "contrast", "diffusion"} - {LOSS_OF[new.stage]}
    unused |= {table for table, stage in (("lora", "lora"), ("distillation", "distil")) if new.stage != stage}
    old, new = (
        config.model_copy(update={"diffusion": config.diffusion.model_dump(exclude=set(SAMPLING))})
        for config in (old, new)
    )
    return [
        name
        for name in TrainConfig.model_fields
        if name not in RESUMABLE | unused and getattr(old, name) != getattr(new, name)
    ]
