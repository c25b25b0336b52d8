"""Arrow: the very table of the Parquet file, in batches of a bounded size, and where it comes from."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas  # type: ignore[import-untyped]
import polars
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.analysis import export_arrow, export_parquet
from app.analysis.export import Provenance
from app.analysis.export_arrow import SCHEMA, encoder
from events.envelope import RecordedEvent, event_columns
from tests.unit.analysis.samples import of_a_newer_program, one_of_each
from tests.unit.events.builders import price, recorded

PROVENANCE = Provenance("abc", 9, {"symbols": ["SPX"]}, after=2)


def written(*pages: list[RecordedEvent], made: Any = None) -> bytes:
    made = made or encoder(PROVENANCE)
    parts = [made.begin(), *[made.page(event_columns(page)) for page in pages], made.end()]
    return b"".join(parts)


def table(data: bytes) -> Any:
    return pa.ipc.open_file(data).read_all()


def test_it_is_the_table_of_the_parquet_file() -> None:
    pages = (one_of_each(), [of_a_newer_program()], [*reversed(one_of_each())])
    parquet = written(*pages, made=export_parquet.encoder(PROVENANCE))
    found = table(written(*pages))
    assert found.schema.remove_metadata() == SCHEMA
    assert found.to_pylist() == pq.read_table(BytesIO(parquet)).to_pylist()
    assert found.num_rows == 13


def test_rows_stand_in_the_order_of_the_log() -> None:
    events = [
        event._replace(position=number)
        for number, event in enumerate([*one_of_each(), *one_of_each()], start=1)
    ]
    found = table(written(events[:5], events[5:6], events[6:]))
    assert found.column("position").to_pylist() == list(range(1, 13))
    assert found.column("type").to_pylist() == [event.type for event in events]
    assert found.column("msg_id").to_pylist() == [str(event.event_id) for event in events]


def test_the_file_says_where_it_comes_from() -> None:
    assert table(written()).schema.metadata == {
        b"synapse.epoch": b"abc",
        b"synapse.from": b"2",
        b"synapse.to": b"9",
        b"synapse.selection": b'{"symbols":["SPX"]}',
    }
    assert table(written()).num_rows == 0


def test_where_a_limit_may_end_it_it_does_not_say_how_far_it_goes() -> None:
    limited = encoder(Provenance("abc", None, {}))
    assert b"synapse.to" not in table(written(made=limited)).schema.metadata


def test_pandas_polars_and_duckdb_read_the_file(tmp_path: Path) -> None:
    place = tmp_path / "log.arrow"
    place.write_bytes(written(one_of_each()))
    types = [event.type for event in one_of_each()]
    assert pandas.read_feather(place)["type"].to_list() == types
    assert polars.read_ipc(place)["type"].to_list() == types
    assert polars.scan_ipc(place).select("price").collect()["price"].to_list()[0] == Decimal(100)
    events = pa.ipc.open_file(place).read_all()
    counted = duckdb.sql("SELECT count(*), max(position) FROM events").fetchone()
    assert counted == (6, max(events["position"].to_pylist()))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_half_a_file_is_no_file(kept: float) -> None:
    data = written(one_of_each())
    with pytest.raises(pa.ArrowInvalid):
        table(data[: int(len(data) * kept)])


@pytest.mark.parametrize(("limit", "rows"), [("BATCH_ROWS", 4), ("BATCH_BYTES", 1)])
def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, rows: int) -> None:
    monkeypatch.setattr(export_arrow, limit, rows)
    events = recorded([price()] * 9)
    data = written(*[events[first : first + 3] for first in range(0, 9, 3)])
    found = pa.ipc.open_file(data)
    sizes = [found.get_batch(number).num_rows for number in range(found.num_record_batches)]
    assert sizes == ([6, 3] if limit == "BATCH_ROWS" else [3, 3, 3])
