"""The pipeline: one reference image and a sequence of pose pictures become a video (paper figure 2)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, DiffusionPipeline
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor
from einops import rearrange
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from animate_anyone.media.geometry import canvas_size
from animate_anyone.media.size import Size
from animate_anyone.models.control_net import ControlNet
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.image_encoder import embed_images, preprocess_images
from animate_anyone.models.pixels import resized_pixels, to_picture
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_features import ControlResiduals, ReferenceFeatures
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.vae import Autoencoder, decode_latents, downscale_factor, encode_images
from animate_anyone.pose.draw import BODY_MAP_STYLES
from animate_anyone.pose.images import PosePictures, pictures_of
from animate_anyone.predictor import SharedPredictor, WindowPredictor
from animate_anyone.sampling.frame_cache import FrameCache
from animate_anyone.sampling.presets import preset_named
from animate_anyone.sampling.sampler import sample
from animate_anyone.sampling.settings import USUAL, SamplingSettings
from animate_anyone.sampling.windows import OverlappingWindows, WindowPlan

Frame = npt.NDArray[np.uint8]
"""One picture of a video, (height, width, 3), RGB."""

TRAINED_WINDOW = 24
"""Frames in a clip of stage 2 (paper section 4.1)."""

POSE_FEATURE_BYTES = 2**29
"""Memory for what the Pose Guider made of frames: all of a clip of 64 frames at 512 x 768 even in single precision. It
is bounded, so that memory does not grow with the clip; frames beyond it are read again at every step."""

DECODED_PIXELS = 2**20
"""Pixels that are decoded at once, if that is more than one frame and no more than a window has: enough to be busy."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What is computed of the reference image once a clip."""

    image_tokens: Float[Tensor, "1 k e"]
    features: ReferenceFeatures | ControlResiduals | None


@dataclass
class AnimateAnyonePipelineOutput(BaseOutput):
    """The frames of the video: Pillow images, or an array (f, height, width, 3) in [0, 1]."""

    frames: list[Image.Image] | npt.NDArray[np.float32]


class AnimateAnyonePipeline(DiffusionPipeline):
    """Animates a character: use it as any diffusers pipeline, or take the frames one by one from `animate`.

    Args:
        vae: images to latents and back.
        image_encoder: CLIP, for the image tokens of cross-attention.
        reference_net: reads the reference image. In place of the paper's ReferenceNet it may be a ControlNet, or None:
            then the character is known by its image token alone (the paper's ablations, section 4.4).
        denoising_unet: denoises windows of frames.
        pose_guider: reads the pose pictures.
        scheduler: the schedule that the denoising UNet was trained with.
        pose_style: name of the drawing style of the pose pictures that the Pose Guider was trained on.
        area: width x height in pixels that the networks were trained at; other aspect ratios keep the area.
        num_inference_steps: denoising steps that suit the checkpoint.
        guidance_scale: guidance that suits the checkpoint.
        reference_pose: whether the ReferenceNet was trained to see the pose in the reference image where it is known.
        image_tokens: whether the networks were trained to see the image token; if not, they see zeros.
        noise_scale: standard deviation of the noise that sampling starts from: 1, or 0 for a network trained to predict
            the mean of all answers in one step, which then neither depends on the seed nor flickers with the noise.
    """

    _optional_components = ["reference_net"]  # noqa: RUF012  (diffusers asks for a list)
    model_cpu_offload_seq = "image_encoder->reference_net->pose_guider->denoising_unet->vae"

    def __init__(
        self,
        vae: Autoencoder,
        image_encoder: CLIPVisionModelWithProjection,
        reference_net: ReferenceNet | ControlNet | None,
        denoising_unet: DenoisingUNet,
        pose_guider: PoseGuider,
        scheduler: DDIMScheduler,
        pose_style: str = "dwpose",
        area: int = 512 * 768,
        num_inference_steps: int = 25,
        guidance_scale: float = 3.5,
        reference_pose: bool = False,
        image_tokens: bool = True,
        noise_scale: float = 1.0,
    ):
        super().__init__()
        if (body_map := pose_guider.config["body_map"]) != (pose_style in BODY_MAP_STYLES):
            raise ValueError(f"A Pose Guider with body_map = {body_map} does not read the pose style '{pose_style}'.")
        self.replicas: tuple[DenoisingUNet, ...] = ()
        """Copies of the denoising UNet on further devices, each of which takes its share of windows and branches."""
        self.register_modules(
            vae=vae,
            image_encoder=image_encoder,
            reference_net=reference_net,
            denoising_unet=denoising_unet,
            pose_guider=pose_guider,
            scheduler=scheduler,
        )
        self.register_to_config(
            pose_style=pose_style,
            area=area,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            reference_pose=reference_pose,
            image_tokens=image_tokens,
            noise_scale=noise_scale,
        )

    @property
    def window_size(self) -> int:
        """Frames denoised together: 24 as in training, or fewer where the temporal attention has no place for them."""
        return min(TRAINED_WINDOW, self.denoising_unet.config["temporal_max_frames"])

    def __call__(
        self,
        reference_image: Image.Image,
        pose_images: Sequence[Image.Image] | PosePictures,
        *,
        reference_pose_image: Image.Image | None = None,
        width: int | None = None,
        height: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        windows: WindowPlan | None = None,
        windows_at_once: int = 1,
        preset: str = "exact",
        generator: torch.Generator | None = None,
        latents: Float[Tensor, "1 c f h w"] | None = None,
        output_type: str = "pil",
        on_step: Callable[[int, Tensor, Tensor], None] | None = None,
    ) -> AnimateAnyonePipelineOutput:
        """Animates the character and returns all frames; arguments as in `animate` and `SamplingSettings`.

        Args:
            preset: "exact", or "fast" for less work and a result that is not quite the same; see `sampling.presets`.
            output_type: "pil" for images, "np" for one array in [0, 1].

        Raises:
            ValueError: if an argument cannot be used; the message says which.
        """
        if output_type not in ("pil", "np"):
            raise ValueError(f"output_type must be 'pil' or 'np'; got {output_type!r}.")
        settings = SamplingSettings(
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            windows=windows,
            windows_at_once=windows_at_once,
            preset=preset_named(preset),
        )
        frames = list(
            self.animate(
                reference_image,
                pose_images,
                reference_pose_image=reference_pose_image,
                width=width,
                height=height,
                settings=settings,
                generator=generator,
                latents=latents,
                on_step=on_step,
            )
        )
        if output_type == "np":
            return AnimateAnyonePipelineOutput(frames=np.divide(np.stack(frames), 255, dtype=np.float32))
        return AnimateAnyonePipelineOutput(frames=[Image.fromarray(frame) for frame in frames])

    @torch.no_grad()
    def animate(
        self,
        reference_image: Image.Image,
        pose_images: Sequence[Image.Image] | PosePictures,
        *,
        reference_pose_image: Image.Image | None = None,
        width: int | None = None,
        height: int | None = None,
        settings: SamplingSettings = USUAL,
        generator: torch.Generator | None = None,
        latents: Float[Tensor, "1 c f h w"] | None = None,
        on_step: Callable[[int, Tensor, Tensor], None] | None = None,
        on_window: Callable[[int, int, int], None] | None = None,
    ) -> Iterator[Frame]:
        """Animates the character and gives one frame after the other, as soon as it is decoded.

        Args:
            reference_image: the character; resized to `width` x `height` whatever its aspect ratio.
            pose_images: one skeleton picture for each frame, drawn in the style that the checkpoint was trained on.
            reference_pose_image: skeleton picture of the pose in the reference image, for checkpoints that take one
                (`config["reference_pose"]`); they do without where it is not known.
            width: of the video in pixels, a multiple of the VAE's factor; by default what keeps the aspect ratio of the
                reference image, beside `height` or, without that, at the area of the checkpoint.
            height: as `width`.
            settings: steps, guidance, windows, and what is left out of the work.
            generator: makes the result repeatable; by default every call gives another one.
            latents: noise to start from, in place of the generator's.
            on_step: called after every step with its index, the guided model output and the latents; see `sample`.
            on_window: called after every window with the index of the step, the number of its windows done, and of all.

        Yields:
            Frames (height, width, 3), RGB.

        Raises:
            ValueError: if an argument cannot be used; the message says which.
        """
        width, height = self.video_size(reference_image, width, height)
        reference = self.encode_reference(reference_image, reference_pose_image, width=width, height=height)
        denoised = self.denoise_in_order(
            reference,
            pose_images,
            width=width,
            height=height,
            settings=settings,
            generator=generator,
            latents=latents,
            on_step=on_step,
            on_window=on_window,
        )
        for latents in denoised:
            for pixels in self.decode(latents):
                yield to_picture(pixels)
        self.maybe_free_model_hooks()

    @torch.no_grad()
    def encode_reference(
        self, image: Image.Image, pose_image: Image.Image | None = None, *, width: int, height: int
    ) -> Reference:
        """Computes what the denoising UNet needs of the reference image, at every step and for every window."""
        if pose_image is not None and not self.config["reference_pose"]:
            raise ValueError("This checkpoint was not trained to see the pose in the reference image; leave it out.")
        device, dtype = self._execution_device, self.denoising_unet.dtype
        clip_size = self.image_encoder.config.image_size
        image_tokens = embed_images(self.image_encoder, preprocess_images([image], clip_size).to(device)).to(dtype)
        if not self.config["image_tokens"]:
            image_tokens = torch.zeros_like(image_tokens)
        if self.reference_net is None:
            return Reference(image_tokens=image_tokens, features=None)
        pixels = resized_pixels(image, width, height)[None] * 2 - 1
        latents = encode_images(self.vae, pixels.to(device))
        pose_features = None
        if pose_image is not None:
            pose_features = self.encode_poses([pose_image], width=width, height=height)[:, :, 0]
            pose_features = pose_features.to(self.reference_net.dtype)
        features = self.reference_net(
            latents.to(self.reference_net.dtype),
            image_tokens.to(self.reference_net.dtype),
            pose_features=pose_features,
        )
        return Reference(image_tokens=image_tokens, features=features.to(dtype))

    def denoise(
        self, reference: Reference, pose_images: Sequence[Image.Image] | PosePictures, **options: Any
    ) -> Float[Tensor, "1 c f h w"]:
        """The latents of the whole clip at once; arguments as in `denoise_in_order`."""
        return torch.cat(list(self.denoise_in_order(reference, pose_images, **options)), dim=2)

    @torch.no_grad()
    def denoise_in_order(
        self,
        reference: Reference,
        pose_images: Sequence[Image.Image] | PosePictures,
        *,
        width: int,
        height: int,
        settings: SamplingSettings = USUAL,
        generator: torch.Generator | None = None,
        latents: Float[Tensor, "1 c f h w"] | None = None,
        on_step: Callable[[int, Tensor, Tensor], None] | None = None,
        on_window: Callable[[int, int, int], None] | None = None,
    ) -> Iterator[Float[Tensor, "1 c f h w"]]:
        """Denoises the latents of the clip, on the CPU, and gives part after part; arguments as in `animate`."""
        num_frames = len(pose_images)
        if num_frames == 0:
            raise ValueError("There are no pose images: a video needs at least one.")
        num_steps, guidance_scale, windows = settings.num_inference_steps, settings.guidance_scale, settings.windows
        if num_steps is None:
            num_steps = int(self.config["num_inference_steps"])
        if guidance_scale is None:
            guidance_scale = float(self.config["guidance_scale"])
        if windows is None:
            windows = OverlappingWindows(self.window_size, overlap=self.window_size // 6)
        if latents is None:
            latents = self.draw_noise(num_frames, width=width, height=height, generator=generator)
        if tuple(latents.shape) != (shape := self._latents_shape(num_frames, width, height)):
            raise ValueError(f"latents must have the shape {shape}; got {tuple(latents.shape)}.")

        def guide_by_pose(frames: tuple[int, ...]) -> Tensor:
            return self.encode_poses(pictures_of(pose_images, frames), width=width, height=height)

        predict = WindowPredictor(
            unet=self.denoising_unet,
            device=self._execution_device,
            conditional=self.denoising_unet.project(reference.image_tokens, reference.features),
            # The pose stays: guidance strengthens the character, not the motion.
            unconditional=self.denoising_unet.project(torch.zeros_like(reference.image_tokens))
            if guidance_scale > 1
            else None,
            pose_features=FrameCache(guide_by_pose, max_bytes=POSE_FEATURE_BYTES),
        )
        predictors = (predict, *(predict.on(replica, replica.device) for replica in self.replicas))
        return sample(
            SharedPredictor(predictors=predictors) if self.replicas else predict,
            latents.cpu(),
            self.scheduler,
            num_steps=num_steps,
            windows=windows,
            windows_at_once=settings.windows_at_once * len(predictors),
            guidance_scale=guidance_scale,
            preset=settings.preset,
            generator=generator,
            on_step=on_step,
            on_window=on_window,
        )

    @torch.no_grad()
    def encode_poses(
        self, pictures: Sequence[Image.Image], *, width: int, height: int, device: torch.device | None = None
    ) -> Float[Tensor, "1 c f h w"]:
        """What the Pose Guider makes of skeleton pictures; it takes a while to find the device, if it is not given."""
        pixels = torch.stack([resized_pixels(picture, width, height) for picture in pictures], dim=1)[None]
        pixels = pixels.to(device or self._execution_device, self.pose_guider.dtype)
        return self.pose_guider(pixels).to(self.denoising_unet.dtype)

    def draw_noise(
        self, num_frames: int, *, width: int, height: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "1 c f h w"]:
        """What denoising starts from, at the checkpoint's `noise_scale`, on the CPU; arguments as in `animate`."""
        shape = self._latents_shape(num_frames, width, height)
        noise = randn_tensor(shape, generator=generator or _fresh_generator(), device=torch.device("cpu"))
        return noise.mul(float(self.config["noise_scale"]))

    @torch.no_grad()
    def decode(
        self,
        latents: Float[Tensor, "1 c f h w"],
        *,
        decoder: AutoencoderTiny | None = None,
        device: torch.device | None = None,
    ) -> Iterator[Float[Tensor, "3 H W"]]:
        """Decodes a few frames at a time to RGB in [0, 1], on the CPU, so that memory does not grow with the clip.

        `decoder` takes the place of the VAE, whose latents it must have been made for; `device` is where it computes.
        """
        pixels_of_one = latents.shape[-2] * latents.shape[-1] * downscale_factor(self.vae) ** 2
        at_once = min(max(1, DECODED_PIXELS // pixels_of_one), self.window_size)
        device = device or self._execution_device
        for some in rearrange(latents, "1 c f h w -> f c h w").split(at_once):
            pixels = decode_latents(decoder or self.vae, some.to(device))
            yield from (pixels / 2 + 0.5).clamp(0, 1).float().cpu()

    def video_size(self, image: Image.Image, width: int | None, height: int | None) -> tuple[int, int]:
        """Width and height of a video of this character, where they are not given; arguments as in `animate`."""
        factor = downscale_factor(self.vae)
        size = canvas_size(Size(*image.size), width, height, area=self.config["area"], multiple=factor)
        return size.width, size.height

    def _latents_shape(self, num_frames: int, width: int, height: int) -> tuple[int, ...]:
        factor = downscale_factor(self.vae)
        return 1, self.denoising_unet.config["in_channels"], num_frames, height // factor, width // factor


def _fresh_generator() -> torch.Generator:
    generator = torch.Generator()
    generator.seed()
    return generator
