"""Rows as tables: their columns, their numbers, and a library that is not there."""

import sys

import pytest

from app.answers.bars import Bar
from app.client.table import MissingLibrary, Table


def bar(close: str) -> Bar:
    return Bar.model_validate_json(
        '{"timestamp":"2008-09-15T21:00:00Z","open":null,"high":null,"low":null,'
        f'"close":"{close}","volume":null,"bar_s":86400,"regime":"BEAR"}}'
    )


def test_a_table_is_a_sequence_of_its_rows() -> None:
    rows = [bar("1.5"), bar("2"), bar("2.5")]
    table = Table(rows, Bar)
    assert list(table) == rows
    assert (len(table), table[0], table[1:]) == (3, rows[0], tuple(rows[1:]))
    assert repr(table).count("close=") == 3


def test_numbers_are_floats_times_are_utc_and_enums_are_texts() -> None:
    frame = Table([bar("1.5")], Bar).to_pandas()
    assert frame["close"].tolist() == [1.5]
    assert frame["regime"].tolist() == ["BEAR"]
    assert str(frame["timestamp"].dt.tz) == "UTC"
    assert Table([bar("1.5")], Bar).to_polars().row(0, named=True)["close"] == 1.5


def test_without_rows_the_columns_are_there_all_the_same() -> None:
    empty = Table([], Bar)
    assert list(empty.to_pandas().columns) == empty.to_polars().columns == list(Bar.model_fields)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_library_that_is_not_installed_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    table = Table([bar("1")], Bar)
    with pytest.raises(MissingLibrary, match=f"pip install {name}"):
        getattr(table, f"to_{name}")()
