"""The formats by name, and the one that is the socket's own text."""

import sys

import pytest

from app.analysis.export import (
    MEDIA_TYPES,
    ExportFormat,
    FormatUnavailable,
    NdjsonEncoder,
    Provenance,
    table_encoder,
)
from app.stream.transport import present_text
from events.messages import text_with
from tests.unit.analysis.samples import one_of_each

PROVENANCE = Provenance("e", 1, {})


def test_ndjson_is_the_sockets_text_one_a_line() -> None:
    texts = [text_with(event, present_text) for event in one_of_each()]
    made = NdjsonEncoder()
    data = made.begin() + made.page(texts) + made.end()
    assert data.decode().split("\n") == [*[event.text for event in texts], ""]


@pytest.mark.parametrize("format_", [ExportFormat.CSV, ExportFormat.PARQUET])
def test_a_table_is_found_by_its_name(format_: ExportFormat) -> None:
    assert table_encoder(format_, PROVENANCE) is not table_encoder(format_, PROVENANCE)


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(ExportFormat)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.analysis.export_parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatUnavailable, match=r"regime-synapse\[export\]"):
        table_encoder(ExportFormat.PARQUET, PROVENANCE)
    assert table_encoder(ExportFormat.CSV, PROVENANCE).begin()
