"""The parity command: passes on recorded tensors, on other architectures and salts, and fails on a deliberate fault."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import check_parity
from animate_anyone.models.denoising_unet import DenoisingUNet
from animate_anyone.models.pose_guider import PoseGuider
from animate_anyone.models.reference_net import ReferenceNet
from animate_anyone.models.stages import Conditioning
from parity_checks import model_checks
from parity_checks.fill import checksum, fill_tensor
from parity_checks.fixture import Fixture

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "../shared/parity"

UNET = {
    "act_fn": "silu",
    "attention_head_dim": 2,
    "block_out_channels": [32, 64],
    "cross_attention_dim": 16,
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "norm_eps": 1e-5,
}
MOTION = {
    "use_motion_module": True,
    "motion_module_mid_block": True,
    "motion_module_kwargs": {"num_attention_heads": 4, "temporal_position_encoding_max_len": 16},
}


class Recorder(Fixture):
    """Takes what our networks compute for the truth, and writes a fixture of it."""

    def judge(self, name: str, candidate: Tensor, *, note: str = "") -> None:
        self.record(name, candidate, "output")

    def wants(self, name: str) -> bool:
        return "/trace/" not in name

    def record(self, name: str, tensor: Tensor, role: str, **meta: object) -> None:
        self.stored[name] = tensor.clone().contiguous()
        self.metas[name] = {"role": role, "shape": list(tensor.shape), "stored": "full", **meta}

    def write(self, folder: Path) -> None:
        save_file(dict(self.stored), folder / f"{self.name}.safetensors")
        (folder / f"{self.name}.json").write_text(json.dumps(self.sidecar))


def record_models(folder: Path, *, salt: str) -> None:
    """A fixture of another architecture, salt, case, size, number of frames and timestep than the recorded ones."""
    sidecar = {
        "set": "tiny",
        "salt": salt,
        "config": {
            "unet": UNET,
            "unet_additional_kwargs": MOTION,
            "pose_guider": {"conditioning_embedding_channels": 32, "block_out_channels": [4, 8, 8]},
        },
        "cases": {"other": {"latent_height": 6, "latent_width": 10, "frames": 5, "timestep": 721}},
        "tensors": {},
    }
    recorder = Recorder("other_models", sidecar, {}, lambda result: None)
    generator = torch.Generator().manual_seed(0)
    recorder.record("other/in/latents", torch.randn(1, 4, 5, 6, 10, generator=generator), "input")
    recorder.record("other/in/ref_latents", torch.randn(1, 4, 6, 10, generator=generator), "input")
    recorder.record("other/in/image_embeds", torch.randn(1, 1, 16, generator=generator), "input")
    pictures = torch.randint(0, 256, (1, 3, 5, 24, 40), generator=generator, dtype=torch.uint8)
    recorder.record("other/in/pose_uint8", pictures, "input")
    recorder.metas["other/denoise_cfg/guided"] = {"guidance_scale": 2.0}
    model_checks.check(recorder, folder)
    recorder.metas["other/denoise_cfg/guided"]["guidance_scale"] = 2.0
    recorder.write(folder)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    record_models(folder, salt="other:")
    return folder


@pytest.fixture
def other(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / "other"))


def missed(folder: Path) -> set[str]:
    return {
        result.name.split(" ", 1)[1] for result in check_parity.check_folder(folder, full=False) if not result.passed
    }


def test_recorded_tensors_are_reproduced(capsys: pytest.CaptureFixture[str]):
    if not RECORDED.is_dir():
        pytest.skip("the recorded tensors are not on this machine")
    status = check_parity.main([str(RECORDED)])
    printed = capsys.readouterr().out
    assert status == 0, [line for line in printed.splitlines() if line.startswith("MISSED")]
    assert "left out full_models" in printed
    assert "0 missed" in printed.splitlines()[-1]


def test_another_architecture_and_salt(other: Path, capsys: pytest.CaptureFixture[str]):
    assert check_parity.main([str(other)]) == 0
    assert "other_models other/denoise_cfg/out_peer_literal_fp16_bank" in capsys.readouterr().out


def test_the_salt_matters(other: Path):
    sidecar = json.loads((other / "other_models.json").read_text())
    (other / "other_models.json").write_text(json.dumps(sidecar | {"salt": "another:"}))
    assert "other/denoise_cfg/out" in missed(other)


def drop_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = PoseGuider.forward
    monkeypatch.setattr(PoseGuider, "forward", lambda self, pose: torch.zeros_like(forward(self, pose)))


def timestep_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    forward = DenoisingUNet.forward
    monkeypatch.setattr(
        DenoisingUNet, "forward", lambda self, x, timestep, *rest, **more: forward(self, x, timestep - 1, *rest, **more)
    )


def reference_pass_at_timestep(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: ReferenceNet, latents: Tensor, tokens: Tensor):
        conditioning = Conditioning(
            timestep_embedding=self.time_embedding(torch.full((len(latents),), 721)),
            num_frames=1,
        )
        return self.run_stages(self.conv_in(latents), conditioning, self.conditions(tokens))[1]

    monkeypatch.setattr(ReferenceNet, "forward", forward)


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (drop_pose, "other/pose_guider/out"),
        (timestep_off_by_one, "other/denoise_noref/out"),
        (reference_pass_at_timestep, "other/bank/mid_block.attentions.0.transformer_blocks.0"),
    ],
)
def test_a_deliberate_fault_is_found(
    other: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None], first: str
):
    fault(monkeypatch)
    assert {first, "other/denoise_cfg/out"} <= missed(other)


def test_tensors_that_no_check_knows_are_missed(other: Path):
    file = other / "other_models.json"
    sidecar = json.loads(file.read_text())
    sidecar["tensors"]["other/unheard_of"] = {"role": "output", "shape": [1], "stored": "full"}
    file.write_text(json.dumps(sidecar))
    assert missed(other) == {"other/unheard_of"}


def test_wrong_checksums_are_missed(other: Path):
    file = other / "other_models.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"weight_checksums": {"pose_guider": "0" * 64}}))
    assert missed(other) == {"weights of pose_guider"}


def test_a_network_that_cannot_be_built_is_missed(other: Path, capsys: pytest.CaptureFixture[str]):
    file = other / "other_models.json"
    sidecar = json.loads(file.read_text())
    sidecar["config"]["unet"]["act_fn"] = "gelu"
    file.write_text(json.dumps(sidecar))
    assert check_parity.main([str(other)]) == 1
    assert "act_fn = 'gelu'" in capsys.readouterr().out


def test_an_unknown_fixture_is_missed(tmp_path: Path):
    save_file({"a": torch.ones(1)}, tmp_path / "new.safetensors")
    assert check_parity.main([str(tmp_path)]) == 1
    (tmp_path / "new.json").write_text(json.dumps({"tensors": {"a": {"role": "output", "shape": [1]}}}))
    assert missed(tmp_path) == {"a"}


def test_nothing_to_check_is_a_failure(tmp_path: Path):
    assert check_parity.main([str(tmp_path)]) == 1


def test_the_fill_rule_by_hand():
    weight = fill_tensor("conv_in.weight", (2, 3, 3, 3), component="denoising_unet", salt="")
    salted = fill_tensor("conv_in.weight", (2, 3, 3, 3), component="denoising_unet", salt="s:")
    assert weight.shape == (2, 3, 3, 3)
    assert abs(weight).max() <= (3 / 27) ** 0.5
    assert (weight != salted).any()
    scale = fill_tensor("norm.weight", (64,), component="vae", salt="")
    assert abs(scale - 1).max() <= 0.1 * 3**0.5
    assert len(checksum({"a": weight})) == 64
    assert checksum({"a": weight, "b.pe": weight}) == checksum({"a": weight})
