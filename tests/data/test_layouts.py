"""Sets of videos are recognised by their folders, and shared out so that new videos move no old ones."""

from pathlib import Path

import pytest

from animate_anyone.data.layouts import Item, Layout, Split, group_of, list_items, recognise
from animate_anyone.errors import MediaError

NOWHERE = Path("nowhere")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def sides(folder: Path, layout: Layout, split: Split | None = None) -> dict[str, str]:
    return {item.source: item.side for item in list_items(folder, layout, split or Split(), skip=NOWHERE)}


def test_ubc_fashion_by_its_folders(tmp_path: Path):
    touch(tmp_path, "train/A1.mp4", "test/B2.mp4", "train/.hidden.mp4")
    assert recognise(tmp_path) == "ubc"
    assert sides(tmp_path, "ubc") == {"train/A1.mp4": "train", "test/B2.mp4": "test"}


def test_ubc_fashion_by_its_lists(tmp_path: Path):
    touch(tmp_path, "A1.mp4", "B2.mp4")
    (tmp_path / "fashion_train.txt").write_text("https://example.org/x/A1.mp4\n")
    (tmp_path / "fashion_test.txt").write_text("https://example.org/x/B2.mp4\n")
    assert recognise(tmp_path) == "ubc"
    assert sides(tmp_path, "ubc") == {"A1.mp4": "train", "B2.mp4": "test"}
    touch(tmp_path, "C3.mp4")
    with pytest.raises(MediaError, match=r"C3\.mp4 is neither in train/ or test/"):
        sides(tmp_path, "ubc")


@pytest.mark.parametrize("above", ["", "TikTok_dataset/"])
def test_tiktok_sequences_and_their_split(tmp_path: Path, above: str):
    names = [f"{above}{number:05d}/{kind}/0001.png" for number in (1, 334, 335, 340) for kind in ("images", "masks")]
    touch(tmp_path, *names)
    assert recognise(tmp_path) == "tiktok"
    items = list_items(tmp_path, "tiktok", Split(), skip=NOWHERE)
    assert [item.side for item in items] == ["train", "train", "test", "test"]
    assert (items[0].source, items[0].key, items[0].fps) == (f"{above}00001/images", f"{above}00001", 30.0)
    other = Split(tiktok_test=frozenset({1}))
    assert list(sides(tmp_path, "tiktok", other).values()) == ["test", "train", "train", "train"]


def test_a_free_split_has_the_share_asked_for_and_moves_nothing(tmp_path: Path):
    split = Split(seed=3, test_share=0.25)
    before = sides(touch(tmp_path, *(f"{number}.mp4" for number in range(0, 400, 2))), "free", split)
    after = sides(touch(tmp_path, *(f"{number}.mp4" for number in range(1, 400, 2))), "free", split)
    assert recognise(tmp_path) == "free"
    assert before.items() <= after.items()
    assert 0.18 < list(after.values()).count("test") / 400 < 0.32
    assert sides(tmp_path, "free", Split(seed=4, test_share=0.25)) != after


def test_parts_of_one_origin_stay_together():
    assert group_of("ann/1.mp4") == group_of("ann/2.mp4") != group_of("bob/1.mp4")
    assert group_of("dance_clip1.mp4") == group_of("dance-part-12.mov") == "dance"
    assert group_of("dance2.mp4") == "dance2"


def test_every_source_has_a_key_of_its_own():
    sources = ["a.mp4", "a.mov", "a b.mp4", "a_b.mp4", "a.b.mp4", "ä/1.mp4", "00001/images"]
    keys = [Item(source=source, group="", side="train").key for source in sources]
    assert len({key.lower() for key in keys}) == len(sources)
    assert not any("." in key or " " in key for key in keys)
    assert (keys[0], keys[3], keys[6]) == ("a", "a_b", "00001")


def test_folders_that_are_none(tmp_path: Path):
    with pytest.raises(MediaError, match="not a folder"):
        sides(tmp_path / "nowhere", "free")
    with pytest.raises(MediaError, match="holds no video"):
        sides(tmp_path, "free")
    with pytest.raises(MediaError, match="NUMBER/images"):
        sides(tmp_path, "tiktok")


def test_results_are_not_taken_for_videos(tmp_path: Path):
    touch(tmp_path, "a.mp4", "out/clips/a.mp4")
    assert [item.source for item in list_items(tmp_path, "free", Split(), skip=tmp_path / "out")] == ["a.mp4"]
