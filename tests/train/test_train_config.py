"""The training configuration names every bad field, and knows what may change when a run is resumed."""

from pathlib import Path
from typing import Any

import pytest

from animate_anyone.config_file import read_values
from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.evaluate import load_evaluate_config
from animate_anyone.evaluation.protocol import load_protocol
from animate_anyone.train.config import load_config, parse_config
from animate_anyone.train.resuming import changed_fields

CONFIGS = Path(__file__).parents[2] / "configs"
GOOD = {"stage": "vae", "output": "runs/x", "steps": 10, "batch_size": 4}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_configuration_is_valid(path: Path):
    if "protocol" in read_values(path):
        assert load_protocol(load_evaluate_config(path).protocol).measures
    else:
        assert load_config(path).steps > 0


def test_all_bad_fields_are_named_at_once():
    bad = GOOD | {
        "steps": 0,
        "colour": "red",
        "data": {"source": "procedural", "size": "big"},
        "optimiser": {"learning_rate": -1},
    }
    with pytest.raises(ConfigError, match="4 bad fields") as caught:
        parse_config(bad, origin="x.toml")
    message = str(caught.value)
    for part in ("x.toml", "steps: ", "colour: there is no such field", "data.size: ", "optimiser.learning_rate: "):
        assert part in message
    assert "got 'big'" in message


def test_missing_fields_are_named():
    with pytest.raises(ConfigError, match="stage: missing"):
        parse_config({"output": "x"}, origin="x.toml")


def test_a_clip_must_hold_the_frames_of_stage_2():
    values = GOOD | {
        "stage": "stage2",
        "data": {"source": "procedural", "num_frames": 8},
        "diffusion": {"num_frames": 16},
    }
    with pytest.raises(ConfigError, match=r"16.*only 8 frames"):
        parse_config(values, origin="x.toml")


def test_overrides_replace_values_by_dotted_name(tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text('stage = "vae"\noutput = "a"\nsteps = 1\nbatch_size = 1\n')
    config = load_config(path, {"steps": 7, "optimiser.learning_rate": 0.5})
    assert (config.steps, config.optimiser.learning_rate) == (7, 0.5)
    with pytest.raises(ConfigError, match="'steps' is a value there"):
        load_config(path, {"steps.a": 7})


@pytest.mark.parametrize("content", [b"stage = ", b"\xff\xfe"])
def test_what_is_not_toml_is_said_to_be_none(tmp_path: Path, content: bytes):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(path)


def test_a_missing_file_is_reported(tmp_path: Path):
    with pytest.raises(ConfigError, match="Cannot read"):
        load_config(tmp_path / "none.toml")


def test_length_and_pace_may_change_but_not_what_is_learnt():
    old = parse_config(GOOD, origin="")
    same = GOOD | {"steps": 99, "log_every": 1, "diffusion": {"conditioning_dropout": 0.5}}
    assert changed_fields(old, parse_config(same, origin="")) == []
    other = GOOD | {"seed": 5, "vae": {"l1_weight": 1.0}}
    assert changed_fields(old, parse_config(other, origin="")) == ["seed", "vae"]
    clips = GOOD | {"stage": "stage2", "diffusion": {"num_frames": 8}}
    old, sampled, learnt = (
        parse_config(clips | {"diffusion": {"num_frames": 8} | change}, origin="")
        for change in ({}, {"num_inference_steps": 3, "guidance_scale": 1.0}, {"noise_offset": 0.5})
    )
    assert (changed_fields(old, sampled), changed_fields(old, learnt)) == ([], ["diffusion"])


@pytest.mark.parametrize(("share", "changed"), [(0.0, []), (0.5, ["diffusion"])])
def test_the_scale_of_the_noise_may_change_where_it_is_only_sampled(share: float, changed: list[str]):
    old, new = (
        parse_config(
            GOOD | {"stage": "stage1", "diffusion": {"last_timestep_share": share, "noise_scale": scale}}, origin=""
        )
        for scale in (0.0, 1.0)
    )
    assert changed_fields(old, new) == changed


@pytest.mark.parametrize(("stage", "changed"), [("vae", []), ("image-encoder", ["accumulation"])])
def test_parts_of_a_batch_say_what_is_learnt_where_pictures_are_told_apart(stage: str, changed: list[str]):
    old, new = (parse_config(GOOD | {"stage": stage, "accumulation": parts}, origin="") for parts in (1, 2))
    assert changed_fields(old, new) == changed


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": {"source": "procedural", "size": 32}, "vae": {"crop": 64}}, "vae.crop is 64.*only 32x32"),
        ({"stage": "lora", "models": {"reference": "controlnet"}}, "lora adapts the ReferenceNet.*'controlnet'"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(values: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        parse_config(GOOD | values, origin="x.toml")
