"""Known models: pulling pinned files, converting, licences, and opening what is there."""

import hashlib
import re
import shutil
from dataclasses import replace

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils import filter_repo_objects
from safetensors.torch import save_file

from animate_anyone.checkpoints import download, registry
from animate_anyone.checkpoints.notices import format_notices, read_notices
from animate_anyone.checkpoints.registry import REGISTRY, convert_moore, folder_of, locate, open_pipeline, pull
from animate_anyone.checkpoints.sources import MOORE_SOURCES
from animate_anyone.errors import CheckpointError


def without_hashes(model):
    """The published hashes do not fit a release in miniature."""
    sources = tuple(
        replace(source, files=tuple(replace(file, sha256=None) for file in source.files)) for source in model.sources
    )
    return replace(model, sources=sources)


@pytest.fixture
def hub(release, tmp_path, monkeypatch):
    """A hub that serves the release, and a home of our own; records what was asked for."""
    asked = []

    def serve(repo: str, path: str, *, revision: str) -> str:
        asked.append((repo, path, revision))
        file = next(
            file for source in MOORE_SOURCES for file in source.files if (source.repo, file.path) == (repo, path)
        )
        return str(release.folder / file.saved_as)

    monkeypatch.setattr(download, "hf_hub_download", serve)
    monkeypatch.setattr(registry, "REGISTRY", {"moore": without_hashes(REGISTRY["moore"])})
    monkeypatch.setenv("ANIMATE_ANYONE_HOME", str(tmp_path / "home"))
    return asked


def test_every_source_is_pinned_to_a_commit():
    for source in MOORE_SOURCES:
        assert len(source.revision) == 40
        assert int(source.revision, 16)
        assert source.licence
        assert source.trained_by


def test_pull_downloads_pinned_files_and_converts_them(hub, release):
    folder = pull("moore")
    assert hub == [(source.repo, file.path, source.revision) for source in MOORE_SOURCES for file in source.files]
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".json", ".safetensors"}
    opened = open_pipeline("moore")
    state = opened.denoising_unet.state_dict()
    assert all(torch.equal(state[key], value) for key, value in (release.denoising | release.motion).items())


def test_pulling_twice_downloads_once(hub):
    pull("moore")
    asked = len(hub)
    pull("moore")
    assert len(hub) == asked


def test_pull_leaves_nothing_behind_but_the_model(hub):
    folder = pull("moore")
    assert [path.name for path in folder.parent.iterdir()] == ["moore"]


def test_a_damaged_download_is_refused(hub, monkeypatch):
    moore = registry.REGISTRY["moore"]
    first = moore.sources[0]
    wrong = replace(first, files=(replace(first.files[0], sha256=hashlib.sha256(b"").hexdigest()),))
    monkeypatch.setattr(registry, "REGISTRY", {"moore": replace(moore, sources=(wrong, *moore.sources[1:]))})
    with pytest.raises(CheckpointError, match=r"not the published 'denoising_unet\.pth'.*expected e3b0c442"):
        pull("moore")
    assert not registry.model_folder(moore).exists()


def test_a_download_that_fails_says_what_to_do(hub, monkeypatch):
    def offline(*_args: object, **_options: object) -> str:
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(download, "hf_hub_download", offline)
    with pytest.raises(CheckpointError, match=r"could not be downloaded.*Check the network"):
        pull("moore")


def test_licences_travel_with_the_model(release, tmp_path):
    notices = convert_moore(release.folder, tmp_path / "out")
    assert read_notices(tmp_path / "out") == notices
    text = format_notices(notices)
    assert len(text.splitlines()) == len(MOORE_SOURCES)
    for word in ("Apache-2.0", "MIT", "CreativeML-OpenRAIL-M", "Moore Threads", "patrolli/AnimateAnyone"):
        assert word in text
    named = {component for notice in notices for component in notice.components}
    assert named == {"vae", "image_encoder", "reference_net", "denoising_unet", "pose_guider"}


def test_no_licence_is_said_too(tmp_path):
    assert read_notices(tmp_path) == []
    assert "No licence" in format_notices([])
    (tmp_path / "notices.json").write_text('[{"name": "x"}]')
    with pytest.raises(CheckpointError, match=r"notices\.json"):
        read_notices(tmp_path)


def test_converted_model_opens_in_another_dtype(release, tmp_path):
    convert_moore(release.folder, tmp_path / "out")
    assert open_pipeline(tmp_path / "out", dtype=torch.bfloat16).reference_net.dtype == torch.bfloat16


def test_conversion_replaces_nothing(release, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(CheckpointError, match="exists already"):
        convert_moore(release.folder, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_a_failed_conversion_leaves_nothing(release, tmp_path):
    (release.folder / "pose_guider.pth").unlink()
    with pytest.raises(CheckpointError):
        convert_moore(release.folder, tmp_path / "out" / "model")
    assert not (tmp_path / "out").exists()


def test_a_model_that_was_not_pulled_says_how(hub, monkeypatch):
    with pytest.raises(CheckpointError, match="animate-anyone weights pull moore"):
        locate("moore")


def test_unknown_names_list_the_known_ones(tmp_path):
    with pytest.raises(CheckpointError, match="choose one of mini, moore"):
        pull("huge")
    with pytest.raises(CheckpointError, match="There is no model 'huge'"):
        locate("huge")
    with pytest.raises(CheckpointError, match=r"no model folder: it has no model_index\.json"):
        locate(tmp_path)
    assert locate("someone/their-model") == "someone/their-model"
    for name in ("nosuch/", "my models/a b", "a/b/c", "/a", "./a", "a/.."):
        with pytest.raises(CheckpointError, match=f"There is no model '{re.escape(name)}': give a folder"):
            locate(name)


def test_a_model_folder_without_a_component_is_refused(release, tmp_path):
    convert_moore(release.folder, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "pose_guider")
    with pytest.raises(CheckpointError, match=r"no usable 'pose_guider/config\.json'"):
        open_pipeline(tmp_path / "out")


def test_a_model_folder_without_its_motion_modules_is_refused(release, tmp_path):
    convert_moore(release.folder, tmp_path / "out")
    file = tmp_path / "out" / "denoising_unet" / "diffusion_pytorch_model.safetensors"
    save_file(release.denoising, file)
    with pytest.raises(CheckpointError, match=r"denoising_unet.*missing: .*motion_modules\.0"):
        open_pipeline(tmp_path / "out")


def test_a_truncated_file_in_a_model_folder_is_refused(release, tmp_path):
    convert_moore(release.folder, tmp_path / "out")
    file = tmp_path / "out" / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        open_pipeline(tmp_path / "out")


def test_a_hub_repository_is_opened(release, tmp_path, monkeypatch):
    convert_moore(release.folder, tmp_path / "out")
    monkeypatch.setattr(registry, "snapshot_download", lambda repository, **_: str(tmp_path / "out"))
    assert open_pipeline("someone/their-model").denoising_unet.config["temporal"]
    monkeypatch.setattr(registry, "snapshot_download", lambda repository, **_: str(release.folder))
    with pytest.raises(CheckpointError, match=r"no model of ours: it has no model_index\.json"):
        open_pipeline("someone/their-model")


def test_no_code_and_no_pickled_weights_are_downloaded(release, tmp_path, monkeypatch):
    notices = convert_moore(release.folder, tmp_path / "remote")
    for name in ("evil.py", "vae/evil.py", "vae/diffusion_pytorch_model.bin"):
        (tmp_path / "remote" / name).write_text("")

    def download(_repository: str, *, allow_patterns: list[str] | None = None) -> str:
        files = [path.relative_to(tmp_path / "remote").as_posix() for path in (tmp_path / "remote").rglob("*.*")]
        for file in filter_repo_objects(files, allow_patterns=allow_patterns):
            (tmp_path / "cache" / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / "remote" / file, tmp_path / "cache" / file)
        return str(tmp_path / "cache")

    monkeypatch.setattr(registry, "snapshot_download", download)
    folder = folder_of("someone/their-model")
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".json", ".safetensors"}
    assert read_notices(folder) == notices
    assert open_pipeline("someone/their-model").denoising_unet.config["temporal"]
