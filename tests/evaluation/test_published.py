import math

import pytest

from animate_anyone.errors import ConfigError
from animate_anyone.evaluation.published import MEASURES, published_names, published_table, tables_of


@pytest.mark.parametrize("name", published_names())
def test_every_value_has_a_column_and_a_source(name):
    table = published_table(name)
    used = {source for row in table.rows for source in row.sources}
    assert used == set(table.sources)
    assert set(table.columns) == {measure for row in table.rows for measure in row.values} <= set(MEASURES)
    assert all(column.reason for column in table.columns.values())
    assert len({row.system for row in table.rows}) == len(table.rows)
    assert all(math.isfinite(float(value)) for row in table.rows for value in row.values.values())


@pytest.mark.parametrize("name", published_names())
def test_values_are_in_the_range_of_their_measure(name):
    ranges = {
        "ssim": (0, 1), "psnr_legacy": (27, 40), "psnr": (5, 29), "lpips": (0, 1), "l1": (0, 0.001),
        "fid": (5, 200), "fid_vid": (5, 200), "fvd": (50, 3000),
    }  # fmt: skip
    for row in published_table(name).rows:
        for measure, value in row.values.items():
            low, high = ranges[measure]
            assert low < float(value) < high, f"{row.system}: {measure} {value}"


def test_the_papers_own_rows():
    expected = {
        "ubc-fashion": ("0.931", "38.49", "0.044", "81.6"),
        "tiktok": ("0.718", "29.56", "0.285", "171.9"),
        "ted-talks": ("0.832", "33.91", "0.159", "80.5"),
    }
    for name, values in expected.items():
        row = next(row for row in published_table(name).rows if row.system == "Animate Anyone")
        assert tuple(row.values[measure] for measure in ("ssim", "psnr_legacy", "lpips", "fvd")) == values


def test_distances_between_distributions_never_compare():
    for name in published_names():
        for measure, column in published_table(name).columns.items():
            assert not (column.comparable and measure in ("fid", "fid_vid", "fvd", "l1"))


def test_tables_are_found_by_protocol():
    assert [table.name for table in tables_of("ubc-fashion")] == ["ubc-fashion", "ubc-fashion-ablations"]
    assert tables_of("tiktok")[0].name == "tiktok"
    assert len(tables_of("tiktok")) == 4
    assert tables_of("procchar-100") == ()


def test_an_unknown_table_is_refused():
    with pytest.raises(ConfigError, match="ubc-fashion"):
        published_table("../secrets")
