"""Our networks, built from a fixture's configuration and filled by its rule; key lists and checksums are checked."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from animate_anyone.checkpoints.architecture import temporal_options, unet_options
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.temporal import sinusoidal_positions
from parity_checks.fill import POSITION_TABLE_SUFFIX, Array, checksum, fill_tensor
from parity_checks.fixture import Fixture, Result, as_tensor

Network = TypeVar("Network", bound=nn.Module)

MOTION = "motion_module"
POSITION_IDS = "vision_model.embeddings.position_ids"
MANIFESTS = {
    "denoising_unet": ("denoising_unet.pth.json", "motion_module.pth.json"),
    "reference_unet": ("reference_unet.pth.json",),
    "pose_guider": ("pose_guider.pth.json",),
    "vae": ("vae.json",),
    "image_encoder": ("image_encoder.json",),
}


def denoising_unet(fixture: Fixture, folder: Path) -> DenoisingUNet:
    """Spatial weights and motion modules."""
    config = fixture.sidecar["config"]
    options = unet_options(config["unet"], source=fixture.name)
    num_stages = len(options["block_out_channels"])
    options |= temporal_options(config["unet_additional_kwargs"], num_stages=num_stages, source=fixture.name)
    return _filled(lambda: DenoisingUNet(**options), "denoising_unet", fixture, folder)


def reference_net(fixture: Fixture, folder: Path) -> ReferenceNet:
    """Without a head."""
    options = unet_options(fixture.sidecar["config"]["unet"], source=fixture.name)
    options.pop("out_channels", None)
    return _filled(lambda: ReferenceNet(**options), "reference_unet", fixture, folder)


def pose_guider(fixture: Fixture, folder: Path) -> PoseGuider:
    """At the widths of the sidecar."""
    config = fixture.sidecar["config"]["pose_guider"]
    return _filled(lambda: PoseGuider(**config), "pose_guider", fixture, folder)


def vae(fixture: Fixture, folder: Path) -> AutoencoderKL:
    """In diffusers' current spelling of keys."""
    config = fixture.sidecar["config"]["vae"]
    return _filled(lambda: AutoencoderKL(**config), "vae", fixture, folder)


def image_encoder(fixture: Fixture, folder: Path) -> CLIPVisionModelWithProjection:
    """With its table of indices, which is no weight."""
    config = CLIPVisionConfig(**fixture.sidecar["config"]["image_encoder"])
    encoder = _filled(lambda: CLIPVisionModelWithProjection(config), "image_encoder", fixture, folder)
    positions = encoder.get_buffer(POSITION_IDS).numel()
    encoder.get_submodule("vision_model.embeddings").position_ids = torch.arange(positions)[None]
    return encoder


@contextmanager
def traced(network: nn.Module, names: list[str], traces: dict[str, Tensor]) -> Generator[None]:
    """Records the first output of the modules of these names; a name without a module stays unrecorded."""
    modules = dict(network.named_modules())

    def hook(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def record(_module: nn.Module, _inputs: Any, output: Any) -> None:
            traces[name] = output[0] if isinstance(output, tuple) else output

        return record

    handles = [modules[name].register_forward_hook(hook(name)) for name in names if name in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _filled(build: Callable[[], Network], component: str, fixture: Fixture, folder: Path) -> Network:
    """Fills tensor by tensor a network that was built without memory of its own."""
    with torch.device("meta"):
        network = build()
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}
    arrays = {key: fill_tensor(key, shape, component=component, salt=fixture.salt) for key, shape in shapes.items()}
    proven = _check_checksums(component, arrays, fixture)
    _check_manifest(component, shapes, fixture, folder, proven)
    _check_position_tables(component, arrays, fixture)
    network.load_state_dict({key: as_tensor(array) for key, array in arrays.items()}, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def _check_checksums(component: str, arrays: Mapping[str, Array], fixture: Fixture) -> bool:
    checksums: Mapping[str, str] = fixture.sidecar.get("weight_checksums", {})
    parts: dict[str, Mapping[str, Array]] = {component: arrays}
    if component == "denoising_unet":
        parts |= {
            "denoising_unet.pth": {key: array for key, array in arrays.items() if MOTION not in key},
            "motion_module.pth": {key: array for key, array in arrays.items() if MOTION in key},
        }
    proven = False
    for name, part in parts.items():
        if name in checksums:
            # transformers before version 4.31 counted the table of indices among the weights.
            passed = checksum(part) == checksums[name] or (
                component == "image_encoder" and checksum(_with_position_ids(part)) == checksums[name]
            )
            fixture.expect(f"weights of {name}", passed, note="checksum")
            proven = proven or (name == component and passed)
    return proven


def _with_position_ids(arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    positions = arrays["vision_model.embeddings.position_embedding.weight"].shape[0]
    return {**arrays, POSITION_IDS: fill_tensor(POSITION_IDS, (1, positions), component="image_encoder", salt="")}


def _check_manifest(
    component: str, shapes: Mapping[str, tuple[int, ...]], fixture: Fixture, folder: Path, proven: bool
) -> None:
    """Compares keys and shapes with the manifest of the same width, unless it describes another architecture."""
    manifests = folder / "manifests" if fixture.is_full_width else folder / "manifests" / "tiny"
    files = [manifests / name for name in MANIFESTS[component]]
    if not all(file.is_file() for file in files):
        return
    listed: dict[str, tuple[int, ...]] = {}
    for file in files:
        tensors = json.loads(file.read_text(encoding="utf-8"))["tensors"]
        listed |= {key: tuple(meta["shape"]) for key, meta in tensors.items()}
    listed.pop(POSITION_IDS, None)
    different = sorted(dict(listed.items() ^ shapes.items()))
    if different and proven:
        # The checksum covers every key and, through the scale of the values, every shape: the manifest is another's.
        fixture.expect(f"keys of {component}", True, note="by checksum; the manifest is of another architecture")
        return
    note = f"{len(different)} differ, first {different[0]}" if different else f"{len(listed)} keys"
    fixture.expect(f"keys of {component}", not different, note=note)


def _check_position_tables(component: str, arrays: Mapping[str, Array], fixture: Fixture) -> None:
    """The networks' own table, which a trained checkpoint would carry, against the rule's."""
    tables = {array.shape: array for key, array in arrays.items() if key.endswith(POSITION_TABLE_SUFFIX)}
    if tables:
        error = max(
            float((sinusoidal_positions(length, channels) - as_tensor(table)).abs().max())
            for (_, length, channels), table in tables.items()
        )
        name = f"{fixture.name} position tables of {component}"
        fixture.report(Result(name=name, passed=error <= 1e-5, error=error, limit=1e-5))
