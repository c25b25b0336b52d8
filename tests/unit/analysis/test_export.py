"""The formats by name, and the one that is the socket's own text."""

import sys

import pytest

from app.analysis.export import (
    MEDIA_TYPES,
    ExportFormat,
    FormatUnavailable,
    NdjsonEncoder,
    Provenance,
    encoder_of,
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


@pytest.mark.parametrize("format_", sorted(set(ExportFormat) - {ExportFormat.NDJSON}))
def test_an_encoder_is_found_by_its_name(format_: ExportFormat) -> None:
    assert encoder_of(format_, PROVENANCE) is not encoder_of(format_, PROVENANCE)


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == set(ExportFormat)


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for format_ in (ExportFormat.PARQUET, ExportFormat.ARROW):
        for name in ("parquet", "arrow"):
            monkeypatch.delitem(sys.modules, f"app.analysis.export_{name}", raising=False)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(FormatUnavailable, match=r"regime-synapse\[export\]"):
            encoder_of(format_, PROVENANCE)
    assert encoder_of(ExportFormat.CSV, PROVENANCE).begin()
