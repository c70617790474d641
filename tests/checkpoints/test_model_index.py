"""Whatever a model folder says of itself: it is opened as a model of ours, or refused in words."""

import json
import sys

import pytest

from animate_anyone.checkpoints.model_index import read_model_index
from animate_anyone.checkpoints.moore import import_moore
from animate_anyone.checkpoints.registry import open_pipeline
from animate_anyone.errors import CheckpointError

EVIL = """
from pathlib import Path
from diffusers import DiffusionPipeline
Path(__file__).with_name("was-run").touch()
class Evil(DiffusionPipeline): pass
"""


@pytest.fixture
def folder(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def change(file, **values):
    document = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in document.items() if value is not ...}))


@pytest.mark.parametrize("entry", ["_class_name", "vae", "scheduler", "another"])
def test_a_folder_that_brings_its_own_classes_is_refused(folder, entry, monkeypatch):
    for place in (folder, folder / "vae", folder / "scheduler"):
        (place / "evil.py").write_text(EVIL)
    monkeypatch.setattr(sys, "path", [*sys.path])
    change(folder / "model_index.json", **{entry: ["evil", "Evil"]})
    with pytest.raises(CheckpointError, match=r"model_index\.json'.*\['evil', 'Evil'\].*(must be|does not have)"):
        open_pipeline(folder)
    assert not list(folder.rglob("was-run"))


@pytest.mark.parametrize("library", ["os", "torch.nn", "animate_anyone.models", ["diffusers"]])
def test_the_classes_of_other_libraries_are_refused(folder, library):
    change(folder / "model_index.json", pose_guider=[library, "PoseGuider"])
    with pytest.raises(
        CheckpointError, match=r"for the pose_guider; it must be \['animate_anyone\.models\.pose_guider"
    ):
        open_pipeline(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"_class_name": "Anima', "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('["AnimateAnyonePipeline"]', "holds a JSON list; an index of a model is an object"),
        ("{}", "class None; it must be AnimateAnyonePipeline"),
        ('{"_class_name": "StableDiffusionPipeline"}', "'StableDiffusionPipeline'; it must be"),
        ('{"_class_name": "AnimateAnyonePipeline"}', "names None for the denoising_unet"),
    ],
)
def test_a_damaged_index_is_refused(folder, text, message):
    (folder / "model_index.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        open_pipeline(folder)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("num_inference_steps", 0, "a whole number from 1"),
        ("num_inference_steps", "many", "a whole number from 1"),
        ("area", True, "a whole number from 1"),
        ("guidance_scale", float("nan"), "a number from 0"),
        ("reference_pose", 1, "true or false"),
        ("pose_style", "sketch", "one of dwpose"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(folder, name, value, expected):
    change(folder / "model_index.json", **{name: value})
    with pytest.raises(CheckpointError, match=f"has {name} = .*; expected {expected}"):
        open_pipeline(folder)


def test_what_an_index_leaves_out_is_the_pipelines_default(folder):
    change(folder / "model_index.json", num_inference_steps=..., guidance_scale=...)
    settings, opened = read_model_index(folder).settings, open_pipeline(folder)
    assert settings == {name: opened.config[name] for name in settings}
    assert settings["num_inference_steps"] == 25 and settings["area"] == 32 * 32


@pytest.mark.parametrize(
    ("component", "options"),
    [
        ("denoising_unet", {"down_block_types": ["OtherBlock", "DownBlock2D"]}),
        ("denoising_unet", {"num_attention_heads": 7}),
        ("denoising_unet", {"block_out_channels": "wide"}),
        ("reference_net", {"norm_num_groups": 0}),
        ("vae", {"down_block_types": ["OtherBlock"] * 3}),
        ("image_encoder", {"num_attention_heads": 7}),
        ("image_encoder", {"attn_implementation": "owner/kernel"}),
        ("image_encoder", {"_attn_implementation": "owner/kernel"}),
        ("image_encoder", {"hidden_size": "wide"}),
        ("pose_guider", {"conditioning_embedding_channels": None}),
    ],
)
def test_a_configuration_that_makes_no_network_is_refused(folder, component, options):
    change(folder / component / "config.json", **options)
    with pytest.raises(CheckpointError, match=rf"options in '{component}/config\.json' that cannot be used"):
        open_pipeline(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[]", "holds a JSON list"), ("{", "no usable"), ('{"beta_schedule": "unknown"}', "cannot be used")],
)
def test_a_damaged_schedule_is_refused(folder, text, message):
    (folder / "scheduler" / "scheduler_config.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        open_pipeline(folder)


def test_pickled_weights_are_not_taken_in_place_of_checked_ones(folder):
    weights = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights.with_name("diffusion_pytorch_model.bin").write_bytes(b"pickle")
    weights.rename(weights.with_name("model.safetensors"))
    with pytest.raises(CheckpointError, match=r"could not be opened: .*safetensors"):
        open_pipeline(folder)


def test_an_image_encoder_does_not_choose_code_to_run(release):
    change(release.folder / "image_encoder" / "config.json", attn_implementation="owner/kernel")
    with pytest.raises(CheckpointError, match="attn_implementation = 'owner/kernel' chooses code"):
        import_moore(release.folder)
