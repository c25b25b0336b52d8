"""Arrow: the very table of the Parquet file, in batches of a bounded size, and where it comes from."""

from io import BytesIO
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from app.analysis import export_arrow, export_parquet
from app.analysis.export import Provenance
from app.analysis.export_arrow import SCHEMA, encoder
from events.envelope import RecordedEvent, event_columns
from tests.unit.analysis.samples import of_a_newer_program, one_of_each
from tests.unit.events.builders import price, recorded

PROVENANCE = Provenance("abc", 9, {"symbols": ["SPX"]})


def written(*pages: list[RecordedEvent], made: Any = None) -> bytes:
    made = made or encoder(PROVENANCE)
    parts = [made.begin(), *[made.page(event_columns(page)) for page in pages], made.end()]
    return b"".join(parts)


def table(data: bytes) -> Any:
    return pa.ipc.open_stream(data).read_all()


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


def test_the_stream_says_where_it_comes_from() -> None:
    assert table(written()).schema.metadata == {
        b"synapse.epoch": b"abc",
        b"synapse.head": b"9",
        b"synapse.selection": b'{"symbols":["SPX"]}',
    }
    assert table(written()).num_rows == 0


@pytest.mark.parametrize(("limit", "rows"), [("BATCH_ROWS", 4), ("BATCH_BYTES", 1)])
def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch, limit: str, rows: int) -> None:
    monkeypatch.setattr(export_arrow, limit, rows)
    events = recorded([price()] * 9)
    data = written(*[events[first : first + 3] for first in range(0, 9, 3)])
    sizes = [batch.num_rows for batch in pa.ipc.open_stream(data)]
    assert sizes == ([6, 3] if limit == "BATCH_ROWS" else [3, 3, 3])
