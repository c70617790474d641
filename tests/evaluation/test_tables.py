import dataclasses

import pytest

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.comparison import check_same_protocol, compare
from animate_anyone.evaluation.document import Figure
from animate_anyone.evaluation.extremes import best_and_worst, clip_measures
from animate_anyone.evaluation.published import published_table
from animate_anyone.evaluation.tables import markdown_beside, markdown_not_run, markdown_table


def with_figure(evaluation, row, measure, figure):
    changed = dataclasses.replace(evaluation.rows[row], figures={**evaluation.rows[row].figures, measure: figure})
    return dataclasses.replace(evaluation, rows={**evaluation.rows, row: changed})


def protocol(evaluation, **changes):
    return dataclasses.replace(evaluation, protocol=dataclasses.replace(evaluation.protocol, **changes))


def lines_of(text):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]


def test_a_line_for_each_measure_and_the_best_in_bold(evaluation):
    evaluation = with_figure(evaluation, "model", "psnr", Figure(mean=30.0, low=29.5, high=30.5, clips=12))
    header, rule, *lines = lines_of(markdown_table(evaluation))
    assert header[1:] == ["mini", "reference copied", "true frames, autoencoded"]
    assert len(rule) == len(header)
    assert [line[0] for line in lines] == ["PSNR (dB) ↑", "SSIM ↑", "LPIPS ↓", "flicker (of 255) ↓", "FID ↓"]
    assert lines[0][1] == "**30.00** [29.50, 30.50]"
    assert not lines[0][2].startswith("**")
    assert lines[4][3] == "**40.0**"


def test_bounds_do_not_compete(evaluation):
    rows = {name: dataclasses.replace(row, bound=name == "autoencoder") for name, row in evaluation.rows.items()}
    lines = lines_of(markdown_table(dataclasses.replace(evaluation, rows=rows)))[2:]
    assert lines[0][1].startswith("**")
    assert not any(line[3].startswith("**") for line in lines)


def test_a_tie_in_the_digits_shown_has_two_winners(evaluation):
    for row, mean in (("model", 30.001), ("copy", 30.004)):
        evaluation = with_figure(evaluation, row, "psnr", Figure(mean=mean, low=None, high=None, clips=12))
    (first, *_) = lines_of(markdown_table(evaluation))[2:]
    assert [cell.startswith("**") for cell in first[1:]] == [True, True, False]


def test_nothing_to_measure_is_a_dash(evaluation):
    evaluation = with_figure(evaluation, "model", "psnr", Figure(mean=None, low=None, high=None, clips=0))
    row = dataclasses.replace(evaluation.rows["copy"], figures={})
    evaluation = dataclasses.replace(evaluation, rows={**evaluation.rows, "copy": row})
    lines = lines_of(markdown_table(evaluation))[2:]
    assert lines[0][1] == "–"
    assert [line[2] for line in lines] == ["–"] * 5


def test_what_was_not_run_is_said(evaluation):
    assert markdown_not_run(evaluation) == "- FVD: needs the weights of I3D (--i3d FILE)\n"


def test_names_do_not_become_markup(hostile_evaluation):
    text = markdown_table(hostile_evaluation)
    assert "<script>" not in text
    assert r"&lt;script&gt;" in text and r"\| \*b\* \`c\`" in text


def test_beside_a_published_table(evaluation):
    text = markdown_beside([evaluation], published_table("ubc-fashion"))
    assert "SSIM ↑ †" in text and "FVD ↓ †" in text and "PSNR (dB) ↑ |" in text
    assert "| Animate Anyone | 0.931 | 38.49 | – | 0.044 | 81.6 | 1 |" in text
    assert "**mini** (measured here)" in text
    assert "Not measured here: FVD: needs the weights of I3D" in text
    assert "Not measured here: PSNR, wrapping (dB): is no measure of this protocol" in text
    assert "1. Hu et al., Animate Anyone" in text


def test_equal_rows_of_several_evaluations_appear_once(evaluation):
    model = dataclasses.replace(evaluation.rows["model"], title="other")
    other = dataclasses.replace(evaluation, rows={**evaluation.rows, "model": model})
    comparison = compare([evaluation, other], published_table("ubc-fashion"))
    ours = [row.title for row in comparison.rows if row.ours]
    assert ours == ["mini", "reference copied", "true frames, autoencoded", "other"]


@pytest.mark.parametrize("changes", [{"name": "tiktok"}, {"version": 2}])
def test_protocols_are_not_mixed(evaluation, changes):
    other = protocol(evaluation, **changes)
    with pytest.raises(ConfigError) as caught:
        markdown_beside([evaluation, other], published_table("ubc-fashion"))
    for name, version in ((one.protocol.name, one.protocol.version) for one in (evaluation, other)):
        assert f"'{name}' version {version}" in str(caught.value)


def test_a_table_of_another_protocol_is_refused(evaluation):
    with pytest.raises(ConfigError, match=r"'ubc-fashion' version 1.*'ted-talks'"):
        compare([evaluation], published_table("ted-talks"))


def test_measures_taken_through_different_networks_are_not_mixed(evaluation):
    lpips = dataclasses.replace(evaluation.measures["lpips"], network="VGG 00000000")
    other = dataclasses.replace(evaluation, measures={**evaluation.measures, "lpips": lpips})
    with pytest.raises(ConfigError, match="VGG 00000000"):
        check_same_protocol([evaluation, other])
    not_run = dataclasses.replace(lpips, not_run="needs weights", network=None)
    check_same_protocol([evaluation, dataclasses.replace(other, measures={**other.measures, "lpips": not_run})])


def test_no_evaluation_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no evaluation"):
        check_same_protocol([])


def test_best_and_worst_clips(evaluation):
    found = best_and_worst(evaluation, "lpips", count=3)
    values = sorted((clips["lpips"], name) for name, clips in evaluation.rows["model"].per_clip.items())
    assert [clip.clip for clip in found.best] == [name for _, name in values[:3]]
    assert [clip.clip for clip in found.worst] == [name for _, name in values[::-1][:3]]
    assert (found.measure, found.row) == ("lpips", "model")


def test_no_clip_is_both_best_and_worst(evaluation):
    row = evaluation.rows["model"]
    few = dataclasses.replace(row, per_clip={clip: {"psnr": 20.0} for clip in evaluation.clips[:5]})
    found = best_and_worst(dataclasses.replace(evaluation, rows={"model": few}), "psnr", count=4)
    assert [clip.clip for clip in found.best] == list(evaluation.clips[:3])
    assert [clip.clip for clip in found.worst] == list(evaluation.clips[3:5])


def test_clips_without_a_value_are_neither(evaluation):
    found = best_and_worst(evaluation, "flicker", row="copy", count=99)
    assert len(found.best) + len(found.worst) == len(evaluation.clips) - 1
    assert "clip-000" not in {clip.clip for clip in (*found.best, *found.worst)}


@pytest.mark.parametrize(("measure", "row"), [("fid", None), ("fvd", None), ("nonsense", None), ("psnr", "nobody")])
def test_what_has_no_extremes_is_refused(evaluation, measure, row):
    with pytest.raises(ConfigError, match=row or measure):
        best_and_worst(evaluation, measure, row=row)


def test_measures_of_clips(evaluation):
    assert clip_measures(evaluation) == ("psnr", "ssim", "lpips", "flicker")
