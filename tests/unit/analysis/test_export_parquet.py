"""Parquet: exact money, times in UTC, row groups of a bounded size, and where the file comes from."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.analysis import export_parquet
from app.analysis.export import Provenance
from app.analysis.export_arrow import DECIMAL_DIGITS, SCHEMA
from app.analysis.export_parquet import encoder
from app.analysis.export_schema import COLUMNS
from events.envelope import RecordedEvent, event_columns
from events.scalars import DECIMAL_PATTERN, DECIMALS_MAX
from tests.unit.analysis.samples import LARGEST, of_a_newer_program, one_of_each
from tests.unit.events.builders import NOON, price, recorded

PROVENANCE = Provenance("abc", 9, {"symbols": ["SPX"]})


def written(*pages: list[RecordedEvent]) -> bytes:
    made = encoder(PROVENANCE)
    return b"".join([made.begin(), *[made.page(event_columns(page)) for page in pages], made.end()])


def rows(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(BytesIO(data)).to_pylist()
    return found


def test_exact_numbers_and_times_come_back_exactly() -> None:
    price_row, regime, alert, held, _, _ = rows(written(one_of_each()))
    assert (price_row["price"], price_row["volume"]) == (Decimal(100), None)
    assert price_row["occurred_at"] == NOON
    assert price_row["occurred_at"].utcoffset().total_seconds() == 0
    assert (held["total_value"], held["cash"]) == (LARGEST, LARGEST.copy_negate())
    assert alert["threshold"] == Decimal("-0.000000000001")
    assert alert["message"] == '=HYPERLINK("x"),\r\n2'
    assert (regime["provisional"], regime["probability_bull"]) == (False, 0.7)
    assert held["positions"].startswith('[{"symbol":"SPX","quantity":"-2"')


def test_an_exact_number_has_no_more_digits_than_the_wire_allows() -> None:
    whole, fraction = DECIMAL_DIGITS - DECIMALS_MAX, DECIMALS_MAX
    assert f"{{0,{whole - 1}}}" in DECIMAL_PATTERN
    assert f"{{1,{fraction}}}" in DECIMAL_PATTERN


def test_the_columns_are_the_tables() -> None:
    assert SCHEMA.names == [column.name for column in COLUMNS]
    assert SCHEMA.field("occurred_at").type == pa.timestamp("us", tz="UTC")
    assert SCHEMA.field("price").type == pa.decimal128(30, 12)
    assert not SCHEMA.field("position").nullable


def test_what_a_newer_program_wrote_is_kept() -> None:
    event = of_a_newer_program()
    assert rows(written([event]))[0]["payload"] == event.payload_json


def test_the_file_says_where_it_comes_from() -> None:
    events = one_of_each()
    known = pq.ParquetFile(BytesIO(written(events[1:3], events[3:5]))).metadata.metadata
    assert {name: text for name, text in known.items() if name.startswith(b"synapse.")} == {
        b"synapse.epoch": b"abc",
        b"synapse.from": b"0",
        b"synapse.to": b"9",
        b"synapse.first_position": b"2",
        b"synapse.last_position": b"5",
        b"synapse.events": b"4",
        b"synapse.selection": b'{"symbols":["SPX"]}',
    }


def test_nothing_at_all_is_a_whole_file_too() -> None:
    file = pq.ParquetFile(BytesIO(written()))
    assert (file.metadata.num_rows, file.schema_arrow.names) == (0, SCHEMA.names)
    assert b"synapse.first_position" not in file.metadata.metadata


def test_row_groups_are_bounded_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_parquet, "ROW_GROUP_ROWS", 4)
    events = recorded([price()] * 9)
    data = written(*[events[first : first + 3] for first in range(0, 9, 3)])
    found = pq.ParquetFile(BytesIO(data)).metadata
    assert [found.row_group(each).num_rows for each in range(found.num_row_groups)] == [6, 3]
    assert [row["position"] for row in rows(data)] == list(range(1, 10))


def test_row_groups_are_bounded_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_parquet, "ROW_GROUP_BYTES", 1)
    events = one_of_each()
    assert pq.ParquetFile(BytesIO(written(events[:3], events[3:]))).num_row_groups == 2


def test_before_its_end_it_is_no_file() -> None:
    made = encoder(PROVENANCE)
    data = made.begin() + made.page(event_columns(one_of_each()))
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(BytesIO(data))
