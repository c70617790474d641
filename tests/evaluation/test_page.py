import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation import page
from animate_anyone.evaluation.document import Figure
from animate_anyone.evaluation.page import page_html, save_page, shown_clips

VOID = {"meta", "link", "img", "br", "hr", "input"}
CAPTION = "reference, truth, result"


class Reader(HTMLParser):
    """Checks that tags nest, and collects them with their attributes and the text outside of style."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def read(evaluation, **changes):
    return Reader(page_html(evaluation, **{"videos": {}, "video_caption": CAPTION, **changes}))


def test_ids_are_unique_and_references_lead_to_them(evaluation):
    found = read(evaluation)
    ids = Counter(attributes["id"] for _, attributes in found.tags if "id" in attributes)
    assert ids and set(ids.values()) == {1}
    for _, attributes in found.tags:
        assert attributes.get("aria-labelledby", "results") in ids
        assert attributes.get("href", "#results").removeprefix("#") in ids


def test_nothing_is_loaded_from_elsewhere(evaluation):
    clip = shown_clips(evaluation)[0]
    text = page_html(evaluation, videos={clip: b"mp4"}, video_caption=CAPTION)
    assert "://" not in text and "url(" not in text and "@import" not in text
    for tag, attributes in Reader(text).tags:
        assert tag not in ("script", "link", "iframe", "img", "object")
        assert attributes.get("src", "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)


@pytest.mark.parametrize("protocol", ["ubc-fashion", "tiktok", "procchar-100"])
def test_hostile_names_stay_text(hostile_evaluation, protocol):
    changed = dataclasses.replace(hostile_evaluation.protocol, name=protocol)
    evaluation = dataclasses.replace(hostile_evaluation, protocol=changed)
    found = read(evaluation, videos={evaluation.clips[0]: b"mp4"}, video_caption="<script>")
    assert not found.all("script")
    assert found.text.count('<script>alert("1")</script> & | *b* `c`') >= 9


def test_the_same_arguments_give_the_same_bytes(evaluation, tmp_path):
    for name in ("one.html", "two.html"):
        save_page(evaluation, tmp_path / name, videos={"clip-001": b"mp4"}, video_caption=CAPTION)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_everything_that_decides_the_numbers_is_there(evaluation):
    text = " ".join(read(evaluation).text.split())
    for expected in (
        "mini on UBC fashion",
        "protocol ubc-fashion, version 1",
        "FVD: needs the weights of I3D (--i3d FILE)",
        "Three clips were one frame shorter",
        "512 x 768",
        "windows.overlap",
        "ab" * 32,
        "2.13.0",
        "Distance of features of AlexNet. Network: AlexNet 1234abcd.",
        "(11 clips)",
    ):
        assert expected in text


def test_published_tables_are_beside_where_there_are_any(evaluation):
    found = read(evaluation)
    assert "UBC fashion, as printed" in found.text and "measured here" in found.text
    assert any(attributes.get("class") == "apart" for attributes in found.all("td"))
    without = dataclasses.replace(evaluation, protocol=dataclasses.replace(evaluation.protocol, name="procchar-100"))
    assert "Beside published tables" not in read(without).text


def test_the_worst_and_best_clips_can_be_played(evaluation):
    clips = shown_clips(evaluation, measure="lpips")
    found = read(evaluation, measure="lpips", videos=dict.fromkeys(clips[:-1], b"mp4"))
    videos = found.all("video")
    assert len(clips) == 6 and len(videos) == 5
    assert {video["src"] for video in videos} == {"data:video/mp4;base64,bXA0"}
    assert all({"controls", "loop", "muted"} <= video.keys() for video in videos)
    assert "Its video was not kept." in found.text


def test_large_videos_are_left_out_and_said_to_be(evaluation, monkeypatch):
    monkeypatch.setattr(page, "MAX_VIDEO_BYTES", 10 * 2**20)
    monkeypatch.setattr(page, "MAX_PAGE_BYTES", 12 * 2**20)
    first, second, third, *_ = shown_clips(evaluation)
    found = read(evaluation, videos={first: bytes(11 * 2**20), second: bytes(9 * 2**20), third: bytes(9 * 2**20)})
    assert len(found.all("video")) == 1
    assert "Its video has 11.0 MiB; the page takes 10 MiB a clip." in found.text
    assert "Left out: the page takes 12 MiB of video." in found.text


def test_charts_hold_a_dot_for_each_value_and_a_line_for_each_row(evaluation):
    found = read(evaluation)
    svgs = found.all("svg")
    assert len(svgs) == 4 + 3
    assert len(found.all("circle")) == 12 * 3 + 11
    classes = [attributes.get("class", "") for attributes in found.all("path")]
    assert sum(name.startswith("line ") for name in classes) == 3 * 3
    dots = [path["d"] for path in found.all("path") if path.get("class") == "dots"]
    assert [path.count("M") for path in dots] == [12] * 6 + [11] * 2


def test_frames_without_a_value_are_gaps(evaluation):
    row = dataclasses.replace(evaluation.rows["model"], curves={"psnr": (20.0, 21.0, None, 22.0)})
    found = read(dataclasses.replace(evaluation, rows={"model": row}))
    (line,) = [path["d"] for path in found.all("path") if path.get("class", "").startswith("line")]
    assert re.sub(r"[\d. -]+", "", line) == "MLM"


def test_cells_without_a_value_are_dashes(evaluation):
    nothing = Figure(mean=None, low=None, high=None, clips=0)
    row = dataclasses.replace(
        evaluation.rows["model"], figures={"psnr": nothing}, per_clip={"clip-000": {"psnr": None}}, curves={}
    )
    found = read(dataclasses.replace(evaluation, rows={"model": row}))
    assert not found.all("svg") and "Worst and best" not in found.text
    assert "None" not in found.text and "nan" not in found.text and "–" in found.text


def test_one_value_alone_can_be_drawn(evaluation):
    row = dataclasses.replace(evaluation.rows["model"], per_clip={"clip-000": {"psnr": 0.0}}, curves={"psnr": (0.0,)})
    found = read(dataclasses.replace(evaluation, clips=("clip-000",), rows={"model": row}))
    assert len(found.all("circle")) == 1 and "nan" not in found.text


def test_a_measure_without_values_of_clips_cannot_choose_them(evaluation):
    with pytest.raises(ConfigError, match="fid"):
        shown_clips(evaluation, measure="fid")
    with pytest.raises(ConfigError, match="psnr, ssim"):
        read(evaluation, measure="fid")


def test_numbers_on_axes_are_round(evaluation):
    ticks = re.findall(r'class="tick"[^>]*>([^<]+)<', page_html(evaluation, videos={}, video_caption=CAPTION))
    numbers = [float(tick) for tick in ticks if tick != "frame"]
    assert len(numbers) > 20
    assert all(len(tick.strip("-0.").replace(".", "")) <= 3 for tick in ticks if tick != "frame")
