"""What a training run is told: frozen values read from a TOML file, every bad field reported at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from animate_anyone.config_file import Values, parse, read_values, with_overrides
from animate_anyone.media.size import Size

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Widths = Annotated[tuple[Count, ...], Field(min_length=1)]
StageName = Literal["vae", "image-encoder", "stage1", "stage2", "one-stage", "lora", "distil"]


class VaeSize(Values):
    """Size of a new autoencoder; see `PatchAutoencoder`. Every width halves the resolution."""

    block_out_channels: Widths = (24, 64, 128)
    encoder_layers: tuple[Annotated[int, Field(ge=0)], ...] = (0, 1, 1)
    decoder_layers: tuple[Annotated[int, Field(ge=0)], ...] = (1, 2, 2)
    latent_channels: Count = 48

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        for name in ("encoder_layers", "decoder_layers"):
            layers: tuple[int, ...] = getattr(self, name)
            if len(layers) != len(self.block_out_channels) or layers[-1] < 1:
                raise ValueError(
                    f"{name} is {layers}; give one number for each of block_out_channels {self.block_out_channels}, "
                    "the last of them at least 1"
                )
        return self


class ImageEncoderSize(Values):
    """Size of a new CLIP vision transformer with a projection."""

    image_size: Count = 64
    patch_size: Count = 8
    hidden_size: Count = 128
    num_hidden_layers: Count = 4
    num_attention_heads: Count = 4
    projection_dim: Count = 128


class UNetSize(Values):
    """Size shared by the ReferenceNet and the denoising UNet; the latents' channels come from the VAE."""

    block_out_channels: Widths = (64, 96, 128)
    attention: tuple[bool, ...] = (True, True, True)
    layers_per_block: Count = 1
    num_attention_heads: Count = 4
    norm_num_groups: Count = 16
    rotary_positions: bool = False
    local_heads: Annotated[int, Field(ge=0)] = 0
    """Heads of spatial attention that begin with looking at their own place; needs `rotary_positions`."""
    body_heads: Annotated[int, Field(ge=0)] = 0
    """Heads that begin with looking at their own place on the body; needs the pose style "body-map" too."""
    temporal_num_heads: Count = 4
    temporal_norm_num_groups: Count = 16
    temporal_max_frames: Count = 32

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        if len(self.attention) != len(self.block_out_channels):
            raise ValueError(
                f"attention has {len(self.attention)} entries, block_out_channels {len(self.block_out_channels)}; "
                "give one of each for every level"
            )
        guided = self.local_heads + self.body_heads
        if guided and not (self.rotary_positions and guided <= self.num_attention_heads):
            raise ValueError(
                f"local_heads and body_heads are {self.local_heads} and {self.body_heads}; set rotary_positions, and "
                f"no more of both than the {self.num_attention_heads} of num_attention_heads"
            )
        return self


class PoseGuiderSize(Values):
    """Widths of a new pose guider; every width after the first halves the resolution, as in the VAE."""

    block_out_channels: Widths = (16, 32, 64, 96)


class Models(Values):
    """Sizes of the components that are made anew; one that `init` names keeps the size it was saved with."""

    reference: Literal["reference-net", "controlnet", "none"] = "reference-net"
    """What reads the reference: the paper's ReferenceNet, or what it is compared with (section 4.4). Without any, the
    image token is all that is known of the character."""
    vae: VaeSize = VaeSize()
    image_encoder: ImageEncoderSize = ImageEncoderSize()
    unet: UNetSize = UNetSize()
    pose_guider: PoseGuiderSize = PoseGuiderSize()


class Init(Values):
    """Folders of components to start from; `pipeline` gives all that are not named one by one.

    What was pulled may be given by name (`animate-anyone weights list`): a model as `pipeline`, weights as the others.
    """

    pipeline: Path | None = None
    vae: Path | None = None
    image_encoder: Path | None = None
    reference_net: Path | None = None
    denoising_unet: Path | None = None
    pose_guider: Path | None = None
    unet: Path | None = None
    """Stable Diffusion 1.5's UNet, of which stage 1 makes reference_net and denoising_unet; a folder or a file."""
    motion_modules: Path | None = None
    """AnimateDiff's file, from which stage 2 takes temporal attention."""


class ProceduralData(Values):
    """Drawn characters. Clip i has motion i of the training seeds, and character `i // motions_per_character`."""

    source: Literal["procedural"] = "procedural"
    size: Annotated[int, Field(ge=32)] = 128
    fps: Annotated[float, Field(gt=0)] = 12.0
    num_frames: Annotated[int, Field(ge=2)] = 24
    num_clips: Annotated[int, Field(ge=2)] = 4000
    motions_per_character: Count = 1

    @property
    def frame_size(self) -> Size:
        return Size(self.size, self.size)


class PreparedData(Values):
    """Videos that `animate-anyone data prepare` wrote to `folder`, at `fps`, each shown whole in `width` x `height`."""

    source: Literal["prepared"]
    folder: Path
    width: Annotated[int, Field(ge=16, multiple_of=8)] = 512
    height: Annotated[int, Field(ge=16, multiple_of=8)] = 768
    fps: Annotated[float, Field(gt=0)] = 8.0
    num_frames: Annotated[int, Field(ge=2)] = 24

    @property
    def frame_size(self) -> Size:
        return Size(self.width, self.height)


class Optimiser(Values):
    """AdamW or Muon, with a linear warm-up, then constant or cosine to zero."""

    kind: Literal["adamw", "muon"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    betas: tuple[Fraction, Fraction] = (0.9, 0.99)
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    warmup_steps: Annotated[int, Field(ge=0)] = 100
    schedule: Literal["constant", "cosine"] = "cosine"
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    ema_decay: Fraction = 0.999


class VaeLoss(Values):
    """Weights of the VAE's loss beside the squared error of pixels, whose weight is 1."""

    l1_weight: Annotated[float, Field(ge=0)] = 0.1
    edge_weight: Annotated[float, Field(ge=0)] = 0.02
    latent_weight: Annotated[float, Field(ge=0)] = 1e-4
    """Of the latents' mean square, which keeps them from growing."""
    latent_noise: Annotated[float, Field(ge=0)] = 0.05
    """Deviation of the noise that the decoder learns to bear; it keeps neighbouring latents alike in the picture."""
    frames_per_clip: Count = 4
    """Frames of one clip in a sample: several at once are cheaper to draw than one by one."""
    crop: Annotated[int, Field(ge=16)] | None = None
    """Side of the random square crops trained on; None: whole frames."""


class ContrastLoss(Values):
    """InfoNCE of the image encoder."""

    temperature: Annotated[float, Field(gt=0)] = 0.1


class Lora(Values):
    """Low-rank adapters (Hu et al. 2022) of linear layers of the ReferenceNet and the denoising UNet."""

    rank: Count = 16
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """The adapters count alpha / rank times."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] = (
        *("attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0"),
    )
    """Ends of the names of layers: spatial attention. Cross-attention is `attn2.*`, temporal `attention_blocks.0.*`."""


class DiffusionLoss(Values):
    """Denoising loss of the stages that denoise (paper section 4.1, Moore's settings where the paper is silent)."""

    num_frames: Count = 16
    """Frames of a clip in the stages after stage 1, which trains on stills."""
    targets_per_reference: Count = 1
    """Stills that stage 1 denoises for each reference, as which they share one pass of the ReferenceNet."""
    conditioning_dropout: Fraction = 0.1
    image_tokens: bool = True
    """Whether the image token of the reference reaches cross-attention, here and in the pipeline; if not, zeros do."""
    reference_pose_share: Fraction = 0.0
    """Share of samples in which the ReferenceNet sees the pose in the reference too, which the paper's never does.

    Above 0 the pipeline takes such a pose; below 1 it also works without."""
    noise_offset: Annotated[float, Field(ge=0)] = 0.05
    timestep_power: Annotated[float, Field(ge=1)] = 1.0
    """Timesteps are drawn with a density of t^(power - 1): above 1, more of them where noise hides most, which is where
    few steps of sampling are spent."""
    last_timestep_share: Fraction = 0.0
    """Share of samples that show what sampling starts from: the last timestep, and noise times `noise_scale` alone. A
    model that samples in one step sees nothing else; to learn how to denoise would take room from it."""
    weigh_channels: bool = False
    """Errors of a latent channel count by its variance before it was brought to one, where the VAE has that of each:
    what is seen in pixels counts more."""
    snr_gamma: Annotated[float, Field(gt=0)] | None = 5.0
    """Min-SNR weight (arXiv 2303.09556) in its velocity form; None: every timestep counts the same."""
    guidance_scale: Annotated[float, Field(ge=1)] = 3.5
    """Of validation pictures, and of the pipeline that is saved."""
    num_inference_steps: Count = 20
    """As `guidance_scale`."""
    noise_scale: Annotated[float, Field(ge=0)] = 1.0
    """Of the noise that sampling starts from, for the same; see `AnimateAnyonePipeline`."""
    pose_style: Literal["dwpose", "compact", "body-map"] = "dwpose"
    """How skeletons are drawn: a name in `pose.draw.STYLES`."""


class Distillation(Values):
    """Multistep consistency distillation, guidance included (arXiv 2403.06807, 2310.04378).

    The pipeline that is saved takes `segments` steps without guidance from noise of full scale, whatever `diffusion`
    says of them.
    """

    segments: Count = 4
    """Parts into which the schedule's timesteps are cut evenly: the steps of the student."""
    teacher_steps: Count = 5
    """Steps of the teacher in each segment, which are imitated; they cut it evenly too."""
    guidance_scale: Annotated[float, Field(ge=1)] = 3.5
    """Of the teacher."""


class TrainConfig(Values):
    """One training run. Running it again with the same `output` resumes it."""

    stage: StageName
    output: Path
    steps: Count
    batch_size: Count
    """Samples of one optimiser step, over all processes and accumulation steps."""
    accumulation: Count = 1
    seed: Annotated[int, Field(ge=0)] = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16 is autocast: weights that train stay in float32. There is no fp16, which would need its loss scaled."""
    frozen_precision: Literal["fp32", "bf16"] = "fp32"
    """Of the weights of ReferenceNet and denoising UNet that do not train; what is saved is not rounded."""
    device: Literal["auto", "cpu"] = "auto"
    num_threads: Count | None = None
    """CPU threads of each process; None: torch decides."""
    num_workers: Annotated[int, Field(ge=0)] = 0
    """Processes that draw batches ahead; they change nothing but the speed."""
    channels_last: bool = False
    gradient_checkpointing: bool = False
    cache: Path | None = None
    """Folder for encoded clips, shared by runs; None: `cache` inside `output`."""
    log_every: Count = 20
    checkpoint_every: Count = 500
    keep_checkpoints: Count = 2
    validation_every: Count = 1000
    validation_samples: Annotated[int, Field(ge=0)] = 8
    """Samples of characters never trained on, with noise that is the same at every call and in every run."""
    stop_after_minutes: Annotated[float, Field(ge=0)] | None = None
    """End with a checkpoint after the first step that is done later than this after the start; run again to go on."""
    data: Annotated[ProceduralData | PreparedData, Field(discriminator="source")] = ProceduralData()
    init: Init = Init()
    models: Models = Models()
    optimiser: Optimiser = Optimiser()
    vae: VaeLoss = VaeLoss()
    contrast: ContrastLoss = ContrastLoss()
    diffusion: DiffusionLoss = DiffusionLoss()
    lora: Lora = Lora()
    distillation: Distillation = Distillation()

    @model_validator(mode="after")
    def check_starts(self) -> Self:
        init = self.init
        if init.unet is not None and (
            self.stage != "stage1" or init.pipeline or init.reference_net or init.denoising_unet
        ):
            raise ValueError(
                "init.unet is where stage1 starts, in place of init.pipeline, init.reference_net and "
                "init.denoising_unet; remove one or the other"
            )
        if init.motion_modules is not None and self.stage != "stage2":
            raise ValueError(f"init.motion_modules is for stage2; {self.stage} has no use for it, remove it")
        if self.frozen_precision == "bf16" and (
            self.precision != "bf16" or self.stage not in ("stage2", "lora", "distil")
        ):
            raise ValueError(
                "frozen_precision 'bf16' is for the stages stage2, lora and distil, and needs precision 'bf16'"
            )
        return self

    @model_validator(mode="after")
    def check_crop(self) -> Self:
        size, crop = self.data.frame_size, self.vae.crop
        if self.stage == "vae" and crop is not None and crop > min(size.width, size.height):
            raise ValueError(f"vae.crop is {crop}, but the frames of the data are only {size}")
        return self

    @model_validator(mode="after")
    def check_frames(self) -> Self:
        if self.stage in ("stage2", "one-stage", "lora", "distil") and self.diffusion.num_frames > self.data.num_frames:
            raise ValueError(
                f"diffusion.num_frames is {self.diffusion.num_frames}, but a clip of the data has only "
                f"{self.data.num_frames} frames (data.num_frames)"
            )
        return self

    @model_validator(mode="after")
    def check_reference(self) -> Self:
        if self.stage == "lora" and self.models.reference != "reference-net":
            raise ValueError(
                f"lora adapts the ReferenceNet, but models.reference is '{self.models.reference}'; set 'reference-net'"
            )
        if LOSS_OF[self.stage] == "diffusion" and self.models.reference == "none":
            if not self.diffusion.image_tokens:
                raise ValueError(
                    "with models.reference = 'none' and diffusion.image_tokens = false nothing says who the character "
                    "is; change one of them"
                )
            if self.diffusion.reference_pose_share > 0 or self.init.reference_net is not None:
                raise ValueError(
                    "with models.reference = 'none' there is no network for init.reference_net and none that could "
                    "see the reference's pose (diffusion.reference_pose_share); leave both out"
                )
        return self

    @property
    def cache_folder(self) -> Path:
        """Where encoded clips are kept."""
        return self.cache or self.output / "cache"


LOSS_OF: dict[StageName, str] = {
    "vae": "vae",
    "image-encoder": "contrast",
    "stage1": "diffusion",
    "stage2": "diffusion",
    "one-stage": "diffusion",
    "lora": "diffusion",
    "distil": "diffusion",
}
"""The table that says how a stage's loss is made; the others mean nothing to it."""


def parse_config(values: Mapping[str, Any], *, origin: str) -> TrainConfig:
    """A `TrainConfig` from plain values.

    Args:
        values: As `tomllib` returns them.
        origin: Where they come from, for the message.

    Raises:
        ConfigError: Naming every bad field.
    """
    return parse(TrainConfig, values, title=f"training configuration {origin}", tags=("procedural", "prepared"))


def load_config(path: Path, overrides: Mapping[str, Any] | None = None) -> TrainConfig:
    """Read a TOML file.

    Args:
        path: The file. `base = "FILE"` in it names a file, from its own folder, whose values it changes or adds to. All
            other relative paths are relative to the working directory.
        overrides: Values that replace those of the file, by dotted name: `{"optimiser.learning_rate": 1e-5}`.

    Raises:
        ConfigError: If the file cannot be read, is no TOML, or has bad fields (all are named).
    """
    values = with_overrides(read_values(path), overrides or {}, origin=str(path))
    return parse_config(values, origin=str(path))
