"""Spans: what an export holds, read back; what was saved, with its causes; and the real one that is kept."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from app.feeds.samples import SAMPLES
from events.catalog import PriceUpdate
from events.messages import event_text
from events.testing import (
    BadExpectation,
    LogUnderTest,
    PriceUpdated,
    RegimeUpdated,
    Span,
    SpanUnreadable,
    assert_log,
    load_span,
    save_span,
)
from tests.unit.events.builders import price


def test_what_is_saved_is_loaded_as_it_was(log: LogUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "spans" / "log.ndjson"
    assert save_span(log, path, after=1, upto=5) == 4
    span = load_span(path)
    assert repr(span) == "Span(log.ndjson: 4 events, positions 2 to 5)"
    assert span.after == 1
    for loaded, event in zip(span, log.events[1:5], strict=True):
        assert (loaded.position, loaded.stream, loaded.version) == event[:3]
        assert (loaded.event_id, loaded.source) == (event.event_id, event.source)
        assert (loaded.correlation_id, loaded.causation_id) == (
            event.correlation_id,
            event.causation_id,
        )
        assert (loaded.occurred_at, loaded.recorded_at) == (event.occurred_at, event.recorded_at)


def test_an_export_is_a_span_without_causes(log: LogUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "export.ndjson"
    path.write_text("".join(f"{event_text(event)}\n" for event in log.events))
    span = load_span(str(path))
    assert [event.causation_id for event in span] == [None] * 6
    assert_log(span).contains(RegimeUpdated(regime="CRASH", confidence=0.8, source="api"))
    with LogUnderTest() as other:
        other.load(span)
        assert [event.payload_json for event in other.events] == [
            e.payload_json for e in log.events
        ]


def test_a_saved_line_is_the_message_and_its_causes(log: LogUnderTest, tmp_path: Path) -> None:
    save_span(log.events, tmp_path / "s.ndjson")
    line = (tmp_path / "s.ndjson").read_text().splitlines()[1]
    message = orjson.loads(line)
    assert line.startswith(event_text(log.events[1]).removesuffix("}"))
    assert list(message)[-2:] == ["correlation_id", "causation_id"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "last line has no end: the export was cut off"),
        ("{\n", "line 1: not JSON"),
        ("[]\n", "line 1: no message that carries an event"),
        ('{"type":"heartbeat","payload":{}}\n', "line 1: no message that carries an event"),
        ("GOOD\nGOOD\n", "position 1 stands after 1"),
        ("GOOD\n" + "TYPE\n", "line 2: no event type is known for 'order_placed'"),
        ("PAYLOAD\n", "line 1: price_update: symbol: Field required"),
        ("ID\n", "line 1: badly formed hexadecimal UUID string"),
        ("TIME\n", "line 1: 'timestamp'"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_its_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    with LogUnderTest() as log:
        good = event_text(log.append(price())[0])
    message = orjson.loads(good)
    broken = {
        "GOOD": message,
        "TYPE": {**message, "type": "order_placed"},
        "PAYLOAD": {**message, "payload": {"timestamp": "2026-01-16T12:00:00Z"}},
        "ID": {**message, "msg_id": "five"},
        "TIME": {name: part for name, part in message.items() if name != "timestamp"},
    }
    for name, each in broken.items():
        text = text.replace(name, orjson.dumps(each).decode())
    path = tmp_path / "bad.ndjson"
    path.write_text(text)
    with pytest.raises(SpanUnreadable) as refused:
        load_span(path)
    assert problem in str(refused.value)
    assert str(refused.value).startswith(str(path))


def test_what_cannot_be_saved_is_refused(log: LogUnderTest, tmp_path: Path) -> None:
    with pytest.raises(BadExpectation, match="no event lies after 6 and up to the head"):
        save_span(log, tmp_path / "s.ndjson", after=6)
    with pytest.raises(BadExpectation, match="PriceUpdate is no recorded event"):
        save_span([price()], tmp_path / "s.ndjson")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").touch()
    with pytest.raises(SpanUnreadable, match=r"empty\.ndjson: it is empty"):
        load_span(tmp_path / "empty.ndjson")


def test_a_span_is_a_sequence(span: Span) -> None:
    assert len(span[:3]) == 3
    assert isinstance(span[:3], Span)
    assert span[-1].position == span.after + len(span)
    assert {event.type for event in span.of("price_alert", "trade_execution")} == {
        "price_alert",
        "trade_execution",
    }


def test_the_span_that_is_kept_is_the_real_autumn_of_2008(span: Span) -> None:
    bars = {bar.timestamp: bar.price for bar in SAMPLES["SPX"].bars()}
    prices = [event.payload for event in span.of("price_update")]
    assert len(prices) == 30
    for each in prices:
        assert isinstance(each, PriceUpdate)
        assert bars[each.timestamp] == each.price
    lehman = datetime(2008, 9, 15, 21, tzinfo=UTC)
    assert bars[lehman] == Decimal("1192.7")
    assert_log(span).dense(after=span.after, chain=False)
    assert_log(span).contains(PriceUpdated(price="1192.7", timestamp=lehman))
