"""Import of Moore-AnimateAnyone: a release in miniature, whole and with every fault."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from animate_anyone.checkpoints.moore import import_moore
from animate_anyone.errors import CheckpointError

MANIFESTS = Path(__file__).parents[2] / "../shared/parity/manifests/tiny"
LEGACY_SPELLING = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def same(network: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> bool:
    state = network.state_dict()
    return state.keys() == tensors.keys() and all(torch.equal(state[key], tensors[key]) for key in tensors)


def animate(pipeline: Any) -> np.ndarray:
    picture = Image.fromarray(np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3))
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    return pipeline(picture, [picture] * 3, width=16, height=16, num_inference_steps=2, generator=generator,
                    output_type="np").frames  # fmt: skip


def test_every_weight_arrives(release):
    pipeline = import_moore(release.folder)
    assert same(pipeline.denoising_unet, release.denoising | release.motion)
    assert same(pipeline.reference_net, release.reference)
    assert same(pipeline.pose_guider, release.guider)
    assert same(pipeline.vae, release.vae)
    assert same(pipeline.image_encoder, release.encoder)
    assert not any(module.training for module in pipeline.components.values() if isinstance(module, torch.nn.Module))


def test_configuration_comes_from_the_files(release):
    config = import_moore(release.folder).denoising_unet.config
    assert config["temporal"]
    assert config["temporal_max_frames"] == 24
    assert config["block_out_channels"] == (32, 64)


def test_schedule_is_the_one_that_the_release_is_sampled_with(release):
    config = import_moore(release.folder).scheduler.config
    assert config["beta_schedule"] == "linear"
    assert config["rescale_betas_zero_snr"]
    assert config["prediction_type"] == "v_prediction"
    assert config["timestep_spacing"] == "trailing"


def test_imported_pipeline_runs(release):
    frames = animate(import_moore(release.folder))
    assert frames.shape == (3, 16, 16, 3)
    assert np.isfinite(frames).all()


def test_the_folder_above_and_safetensors_are_taken_too(release):
    moved = release.folder.with_name("Moore-AnimateAnyone")
    moved.mkdir()
    release.folder.rename(moved / "pretrained_weights")
    (moved / "pretrained_weights" / "reference_unet.pth").unlink()
    save_file(release.reference, moved / "pretrained_weights" / "reference_unet.safetensors")
    assert same(import_moore(moved).reference_net, release.reference)


def test_both_spellings_of_the_vae_attention(release):
    legacy = {}
    for key, value in release.vae.items():
        for new, old in LEGACY_SPELLING.items():
            key = key.replace(f".attentions.0.{new}.", f".attentions.0.{old}.")
        legacy[key] = value
    assert legacy.keys() != release.vae.keys()
    save_file(legacy, release.folder / "sd-vae-ft-mse" / "diffusion_pytorch_model.safetensors")
    assert same(import_moore(release.folder).vae, release.vae)


def test_image_encoder_with_its_table_of_indices(release):
    without = animate(import_moore(release.folder))
    release.encoder["vision_model.embeddings.position_ids"] = torch.arange(5)[None]
    release.write()
    assert np.array_equal(animate(import_moore(release.folder)), without)


def test_dtype(release):
    pipeline = import_moore(release.folder, dtype=torch.bfloat16)
    assert pipeline.denoising_unet.dtype == pipeline.image_encoder.dtype == torch.bfloat16


def test_without_motion_module_there_is_no_import(release):
    (release.folder / "motion_module.pth").unlink()
    with pytest.raises(CheckpointError, match=r"no 'motion_module\.pth'.*every frame is made on its own"):
        import_moore(release.folder)


def test_stills_only_has_to_be_asked_for(release):
    (release.folder / "motion_module.pth").unlink()
    pipeline = import_moore(release.folder, stills_only=True)
    assert not pipeline.denoising_unet.config["temporal"]
    assert same(pipeline.denoising_unet, release.denoising)


@pytest.mark.parametrize(
    ("part", "file", "key"),
    [
        ("denoising", r"denoising_unet\.pth", "conv_in.weight"),
        ("motion", r"motion_module\.pth", "mid_block.motion_modules.0.temporal_transformer.proj_out.bias"),
        ("reference", r"reference_unet\.pth", "mid_block.resnets.0.conv1.weight"),
        ("guider", r"pose_guider\.pth", "blocks.0.weight"),
        ("vae", r"diffusion_pytorch_model\.safetensors", "decoder.conv_in.bias"),
        ("encoder", r"pytorch_model\.bin", "visual_projection.weight"),
    ],
)
class TestFaults:
    def test_a_missing_weight_is_named(self, release, part: str, file: str, key: str):
        del getattr(release, part)[key]
        release.write()
        with pytest.raises(CheckpointError, match=rf"{file}.*missing: {key}"):
            import_moore(release.folder)

    def test_a_weight_too_many_is_named(self, release, part: str, file: str, key: str):
        getattr(release, part)[f"{key}_too_many"] = torch.ones(1)
        release.write()
        with pytest.raises(CheckpointError, match=rf"{file}.*left over.*: {key}_too_many"):
            import_moore(release.folder)

    def test_a_wrong_shape_is_named(self, release, part: str, file: str, key: str):
        getattr(release, part)[key] = torch.ones(*getattr(release, part)[key].shape, 2)
        release.write()
        with pytest.raises(CheckpointError, match=rf"{file}.*wrong shape.*{key}"):
            import_moore(release.folder)

    def test_a_nan_is_named(self, release, part: str, file: str, key: str):
        getattr(release, part)[key].view(-1)[-1] = torch.nan
        release.write()
        with pytest.raises(CheckpointError, match=rf"{file}.*NaN or infinite.*{key}"):
            import_moore(release.folder)


@pytest.mark.parametrize("name", ["denoising_unet.pth", "reference_unet.pth", "pose_guider.pth"])
def test_an_absent_file_is_named(release, name: str):
    (release.folder / name).unlink()
    with pytest.raises(CheckpointError, match=name.removesuffix(".pth")):
        import_moore(release.folder)


@pytest.mark.parametrize("name", ["image_encoder", "sd-vae-ft-mse"])
def test_an_absent_folder_is_named(release, name: str):
    (release.folder / name).rename(release.folder / "elsewhere")
    with pytest.raises(CheckpointError, match=f"expected a folder '{name}'"):
        import_moore(release.folder)


def test_no_folder_at_all(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no folder"):
        import_moore(tmp_path / "gone")


def test_swapped_files_are_noticed(release):
    denoising = release.folder / "denoising_unet.pth"
    denoising.rename(release.folder / "swap")
    (release.folder / "reference_unet.pth").rename(denoising)
    (release.folder / "swap").rename(release.folder / "reference_unet.pth")
    with pytest.raises(CheckpointError, match=r"left over.*conv_norm_out"):
        import_moore(release.folder)


def test_motion_modules_inside_the_spatial_file_are_another_family(release):
    release.denoising |= release.motion
    release.write()
    with pytest.raises(CheckpointError, match="another family"):
        import_moore(release.folder)


def test_a_motion_file_without_motion_modules_is_refused(release):
    release.motion = {"conv_in.weight": torch.ones(1)}
    release.write()
    with pytest.raises(CheckpointError, match="no motion modules"):
        import_moore(release.folder)


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_configuration_is_named(release, text: str):
    (release.folder / "sd-vae-ft-mse" / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"sd-vae-ft-mse.config\.json"):
        import_moore(release.folder)


def test_a_base_model_of_another_kind_is_refused(release):
    file = release.folder / "stable-diffusion-v1-5" / "unet" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"use_linear_projection": True}))
    with pytest.raises(CheckpointError, match="use_linear_projection = True"):
        import_moore(release.folder)


def test_keys_and_shapes_of_the_published_files(tmp_path: Path):
    """The release's own key lists, at the tiny width that they were recorded at."""
    if not MANIFESTS.is_dir():
        pytest.skip("the recorded key lists are not on this machine")
    sidecar = json.loads((MANIFESTS / "../../tiny_e2e.json").read_text())
    config = sidecar["config"]
    files = {
        "denoising_unet.pth": "denoising_unet.pth",
        "motion_module.pth": "motion_module.pth",
        "reference_unet.pth": "reference_unet.pth",
        "pose_guider.pth": "pose_guider.pth",
        "image_encoder/pytorch_model.bin": "image_encoder",
        "sd-vae-ft-mse/diffusion_pytorch_model.bin": "vae",
    }
    for file, manifest in files.items():
        listed = json.loads((MANIFESTS / f"{manifest}.json").read_text())["tensors"]
        dtypes = {"float32": torch.float32, "int64": torch.int64}
        tensors = {key: torch.zeros(meta["shape"], dtype=dtypes[meta["dtype"]]) for key, meta in listed.items()}
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        torch.save(tensors, tmp_path / file)
    for folder, name in (
        ("image_encoder", "image_encoder"),
        ("sd-vae-ft-mse", "vae"),
        ("stable-diffusion-v1-5/unet", "unet"),
    ):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "config.json").write_text(json.dumps(config[name]))
    pipeline = import_moore(tmp_path)
    assert pipeline.denoising_unet.config["temporal_max_frames"] == 32
    assert len(pipeline.denoising_unet.state_dict()) == 688 + 588
