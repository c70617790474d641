"""Files and folders appear whole or not at all, and old ones stay until then."""

from pathlib import Path

import pytest

from animate_anyone.errors import MediaError
from animate_anyone.media.atomic import complete_folder, replaced_folder, write_file


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path):
    target = tmp_path / "out"
    with replaced_folder(target) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(RuntimeError, match="half way"), replaced_folder(target) as folder:
        (folder / "a").write_text("new")
        raise RuntimeError("half way")
    assert (target / "a").read_text() == "old"
    with replaced_folder(target) as folder:
        (folder / "b").write_text("new")
    assert [path.name for path in target.iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_is_replaced_whole(tmp_path: Path):
    write_file(tmp_path / "a", b"one")
    write_file(tmp_path / "a", b"two")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"two")]


def test_a_folder_that_is_not_to_be_replaced_is_not(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("old")
    with pytest.raises(MediaError, match="exists already"), complete_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MediaError, match="file/a: cannot be written"):
        write_file(tmp_path / "file" / "a", b"")
    with pytest.raises(MediaError, match="file/a: cannot be written"), replaced_folder(tmp_path / "file" / "a"):
        pass
