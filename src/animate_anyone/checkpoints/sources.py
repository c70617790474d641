"""Where published weights come from, as data: hub repository, pinned revision, files, licence and who trained them."""

from dataclasses import dataclass

APACHE_2 = "Apache-2.0"
OPENRAIL_M = "CreativeML-OpenRAIL-M"
MIT = "MIT"


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file of a hub repository, and where it goes in the folder that is put together from several sources."""

    path: str
    saved_as: str
    sha256: str | None = None
    """None where no hash was published that could be checked; the pinned revision fixes the content all the same."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Weights by one author under one licence."""

    name: str
    repo: str
    revision: str
    files: tuple[HubFile, ...]
    licence: str
    trained_by: str
    components: tuple[str, ...]
    """The parts of the pipeline that are made from these weights."""

    @property
    def url(self) -> str:
        return f"https://huggingface.co/{self.repo}/tree/{self.revision}"


MOORE_ANIMATE_ANYONE = Source(
    name="Moore-AnimateAnyone",
    repo="patrolli/AnimateAnyone",
    revision="7fd8ff9dfb0e75c7b7fa2689e4795347b5996b9a",
    files=(
        HubFile(path="denoising_unet.pth", saved_as="denoising_unet.pth"),
        HubFile(
            path="motion_module.pth",
            saved_as="motion_module.pth",
            sha256="0d11e01a281b39880da2efeea892215c1313e5713fca3d100a7fbb72ee312ef9",
        ),
        HubFile(path="reference_unet.pth", saved_as="reference_unet.pth"),
        HubFile(
            path="pose_guider.pth",
            saved_as="pose_guider.pth",
            sha256="1a8b7c1b4db92980fd977b4fd003c1396bbae9a9cdea00c35d452136d5e4f488",
        ),
    ),
    licence=APACHE_2,
    trained_by="Moore Threads, starting from Stable Diffusion image variations and AnimateDiff",
    components=("denoising_unet", "reference_net", "pose_guider"),
)

SD_VAE_FT_MSE = Source(
    name="sd-vae-ft-mse",
    repo="stabilityai/sd-vae-ft-mse",
    revision="31f26fdeee1355a5c34592e401dd41e45d25a493",
    files=(
        HubFile(path="config.json", saved_as="sd-vae-ft-mse/config.json"),
        HubFile(
            path="diffusion_pytorch_model.safetensors",
            saved_as="sd-vae-ft-mse/diffusion_pytorch_model.safetensors",
            sha256="a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815",
        ),
    ),
    licence=MIT,
    trained_by="Stability AI",
    components=("vae",),
)

IMAGE_VARIATIONS_ENCODER = Source(
    name="sd-image-variations image encoder",
    repo="lambdalabs/sd-image-variations-diffusers",
    revision="42bc0ee1726b141d49f519a6ea02ccfbf073db2e",
    files=(
        HubFile(path="image_encoder/config.json", saved_as="image_encoder/config.json"),
        HubFile(
            path="image_encoder/pytorch_model.bin",
            saved_as="image_encoder/pytorch_model.bin",
            sha256="89d2aa29b5fdf64f3ad4f45fb4227ea98bc45156bbae673b85be1af7783dbabb",
        ),
    ),
    licence=OPENRAIL_M,
    trained_by="Lambda; the encoder is OpenAI's CLIP ViT-L/14",
    components=("image_encoder",),
)

SD15_CONFIG = Source(
    name="Stable Diffusion 1.5 UNet configuration",
    repo="stable-diffusion-v1-5/stable-diffusion-v1-5",
    revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    files=(HubFile(path="unet/config.json", saved_as="stable-diffusion-v1-5/unet/config.json"),),
    licence=OPENRAIL_M,
    trained_by="Runway, CompVis and Stability AI",
    components=("denoising_unet", "reference_net"),
)

SD15_UNET = Source(
    name="Stable Diffusion 1.5 UNet",
    repo=SD15_CONFIG.repo,
    revision=SD15_CONFIG.revision,
    files=(
        HubFile(path="unet/config.json", saved_as="unet/config.json"),
        HubFile(
            path="unet/diffusion_pytorch_model.safetensors",
            saved_as="unet/diffusion_pytorch_model.safetensors",
            sha256="19da7aaa4b880e59d56843f1fcb4dd9b599c28a1d9d9af7c1143057c8ffae9f1",
        ),
    ),
    licence=SD15_CONFIG.licence,
    trained_by=SD15_CONFIG.trained_by,
    components=SD15_CONFIG.components,
)

ANIMATEDIFF_V2 = Source(
    name="AnimateDiff motion module v2",
    repo="guoyww/animatediff",
    revision="fdfe36afa161e51b3e9c24022b0e368d59e7345e",
    files=(
        HubFile(
            path="mm_sd_v15_v2.ckpt",
            saved_as="mm_sd_v15_v2.ckpt",
            sha256="69ed0f5fef82b110aca51bcab73b21104242bc65d6ab4b8b2a2a94d31cad1bf0",
        ),
    ),
    licence=APACHE_2,
    trained_by="the authors of AnimateDiff",
    components=("denoising_unet",),
)

TAESD = Source(
    name="TAESD",
    repo="madebyollin/taesd",
    revision="931366cc24b8bc15d6f682fa2e0352f1deec397b",
    files=(
        HubFile(path="config.json", saved_as="taesd/config.json"),
        HubFile(
            path="diffusion_pytorch_model.safetensors",
            saved_as="taesd/diffusion_pytorch_model.safetensors",
            sha256="d7956d561b1efbd861ad9b03fd8f01510f9e87eddc07bdfd20837009433f6ee5",
        ),
    ),
    licence=MIT,
    trained_by="Ollin Boer Bohan, distilled from Stable Diffusion's VAE",
    components=("decoder",),
)

MOORE_SOURCES = (MOORE_ANIMATE_ANYONE, SD15_CONFIG, SD_VAE_FT_MSE, IMAGE_VARIATIONS_ENCODER)
