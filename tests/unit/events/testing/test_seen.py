"""Events from wherever they come are seen alike."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from app.client.connect import connect
from app.client.messages import read_message
from app.migrate import upgrade
from events.catalog import PriceUpdate
from events.envelope import NewEvent
from events.messages import event_text
from events.sql_store import SqlEventStore
from events.testing import (
    BadExpectation,
    LogUnderTest,
    PriceUpdated,
    SpanUnreadable,
    assert_log,
    save_span,
)
from events.testing.seen import Seen, events_of, seen
from tests.unit.events.builders import new, price, recorded


def everywhere() -> dict[str, tuple[Any, Any]]:
    """One event in every form, and its id."""
    event = recorded([price()])[0]
    text = event_text(event)
    return {
        "recorded": (event, event.event_id),
        "message": (orjson.loads(text), event.event_id),
        "client": (read_message(text), event.event_id),
        "payload": (price(), None),
        "new": ((one := new(price())), one.event_id),
        "seen": (seen(event), event.event_id),
    }


@pytest.mark.parametrize("form", ["recorded", "message", "client", "payload", "new", "seen"])
def test_one_event_in_every_form(form: str) -> None:
    thing, event_id = everywhere()[form]
    one = seen(thing)
    assert (one.type, one.stream, one.symbol) == ("price_update", "prices:SPX", "SPX")
    assert one.payload == price()
    assert one.event_id == event_id
    assert one.occurred_at == price().timestamp
    assert PriceUpdated(price=100, channel="prices").matches(one)


def test_what_is_not_known_is_none() -> None:
    one = seen(price())
    assert (one.position, one.source, one.causation_id) == (None, None, None)
    assert isinstance(seen(everywhere()["client"][0]).recorded_at, datetime)


def test_an_event_of_a_newer_program_is_seen_as_it_is() -> None:
    event = recorded([price()])[0]
    newer = event._replace(type="order_placed", payload_json='{"order":"a"}')
    assert seen(newer).values == {"order": "a"}
    broken = event._replace(payload_json='{"symbol":"SPX"}')
    assert seen(broken).symbol == "SPX"
    loose = seen({"type": "price_update", "payload": {"symbol": "SPX", "colour": "red"}})
    assert loose.values["colour"] == "red"


@pytest.mark.parametrize(
    "thing", [None, 5, "event", b"event", [price()], {"type": "x"}, PriceUpdate]
)
def test_what_is_no_event_is_refused(thing: object) -> None:
    with pytest.raises(BadExpectation, match="is no event"):
        seen(thing)


def test_any_object_is_a_payload_of_its_own_class() -> None:
    class Placed:
        def __init__(self) -> None:
            self.order, self._secret = "a", "b"

    assert seen(Placed()).type == "Placed"
    assert seen(Placed()).values == {"order": "a"}


def test_a_log_may_be_many_things(log: LogUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    save_span(log, path)
    for held in (log, log.events, tuple(log.events), path, str(path), iter(log.events)):
        assert [one.position for one in events_of(held)] == [1, 2, 3, 4, 5, 6]
    assert_log(path).contains(PriceUpdated(symbol="IXIC"))


@pytest.mark.parametrize("thing", [5, None, {"type": "x"}, b"log"])
def test_what_is_no_log_is_refused(thing: object) -> None:
    with pytest.raises(BadExpectation, match="is no log: hand in one under test"):
        events_of(thing)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpanUnreadable, match="No such file"):
        assert_log(tmp_path / "none.ndjson")


def test_ids_of_messages_are_ids() -> None:
    message = {
        "type": "own",
        "payload": {},
        "msg_id": str(UUID(int=5)),
        "timestamp": "2026-01-16T12:00:00Z",
    }
    one = seen(message)
    assert isinstance(one, Seen)
    assert one.event_id == UUID(int=5)
    assert one.correlation_id is None
    with pytest.raises(BadExpectation, match="is no id"):
        seen({**message, "msg_id": "five"})


def test_a_new_event_is_its_own_chain() -> None:
    one: NewEvent = new()
    assert seen(one).correlation_id == one.event_id


def test_a_clients_log_is_one_as_well(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with LogUnderTest(lambda: SqlEventStore.open_sqlite(path, upgrade)) as recorder:
        recorder.append(price(), price(second=1))
    with connect(path) as log:
        assert_log(log).contains(PriceUpdated(symbol="SPX")).exactly(2)
        assert_log(log.events(after=1)).gapless().contains(PriceUpdated(position=2)).exactly(1)
