"""Who is connected, counted and told: with ids, and without anything that a client wrote as it came."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.metrics import StreamMetrics, Way
from app.stream.connection_log import (
    LOGGED_ID_MAX,
    REFUSALS_LOGGED_MAX,
    SUBSCRIBES_LOGGED_MAX,
    ConnectionRegister,
)
from app.stream.connection_view import lag
from app.stream.protocol import (
    ErrorPayload,
    LaggingPayload,
    PongPayload,
    Severity,
    Subscribe,
    parse_client_message,
)
from tests.integration.served import subscribe
from tests.unit.stream.views import View

TOKEN = "the-token-of-this-test"
Lines = list[MutableMapping[str, Any]]


def register() -> ConnectionRegister:
    return ConnectionRegister(StreamMetrics(), lambda text: TOKEN in text)


def refusal(msg_id: str | None) -> ErrorPayload:
    return ErrorPayload(
        severity=Severity.VALIDATION_ERROR,
        code="invalid_message",
        message="the message does not fit its type",
        request_msg_id=msg_id,
        details=[],
    )


def asked(**payload: Any) -> Subscribe:
    message = parse_client_message(subscribe("regime", msg_id="s-1", **payload))
    assert isinstance(message, Subscribe)
    return message


async def test_a_connections_life_is_told_with_its_id() -> None:
    book, view = register(), View(id="c-7", way=Way.SSE)
    with capture_logs() as lines:
        log = book.opened(view, "192.0.2.1")
        log.subscribed(asked(symbols=["SPX", "IXIC"], history={"after": 5}, user_id="Ann"))
        log.said(PongPayload(request_msg_id="p-1"))
        log.said(LaggingPayload(request_msg_id="s-1", from_position=9))
        view.messages_sent, view.bytes_sent = 12, 3400
        book.closed(view, 1001)
    assert {(line["connection"], line["way"], line["log_level"]) for line in lines} == {
        ("c-7", "sse", "info")
    }
    opened, subscribed, lagging, closed = lines
    assert (opened["event"], opened["client"]) == ("connection_opened", "192.0.2.1")
    assert subscribed["channels"] == ["regime"]
    assert (subscribed["symbols"], subscribed["history"]) == (2, "after")
    assert (lagging["msg_id"], lagging["from_position"]) == ("s-1", 9)
    assert (closed["code"], closed["messages"], closed["bytes"]) == (1001, 12, 3400)
    assert closed["seconds"] >= 0
    assert "Ann" not in str(lines)


async def test_whom_a_proxy_names_by_no_address_is_unknown() -> None:
    with capture_logs() as lines:
        register().opened(View(), "\x9b31mPWN")
    assert lines[0]["client"] == "unknown"


@pytest.mark.parametrize(
    ("history", "told"), [({"last": 3}, "last"), ("all", "all"), ("none", "none")]
)
async def test_a_history_is_told_by_its_kind(history: object, told: str) -> None:
    log = register().opened(View(), "192.0.2.1")
    with capture_logs() as lines:
        log.subscribed(asked(history=history))
    assert lines[0]["history"] == told


async def test_the_list_holds_who_is_connected_now() -> None:
    book, first, second = register(), View(), View()
    book.opened(first, "192.0.2.1")
    book.opened(second, "192.0.2.2")
    assert (len(book), first in book, list(book)) == (2, True, [first, second])
    book.closed(first, 1000)
    assert book.views() == (second,)
    assert book.metrics.open[Way.WS] == 1


async def test_a_flood_of_subscribes_is_counted_but_not_written() -> None:
    book, view = register(), View()
    log = book.opened(view, "192.0.2.1")
    with capture_logs() as lines:
        for _ in range(SUBSCRIBES_LOGGED_MAX + 50):
            log.subscribed(asked())
        book.closed(view, 1000)
    assert [line["event"] for line in lines].count("subscribed") == SUBSCRIBES_LOGGED_MAX
    assert lines[-1]["subscribed"] == SUBSCRIBES_LOGGED_MAX + 50


async def test_a_flood_of_refusals_is_counted_but_not_written() -> None:
    book, view = register(), View()
    log = book.opened(view, "192.0.2.1")
    with capture_logs() as lines:
        for number in range(REFUSALS_LOGGED_MAX + 50):
            log.said(refusal(f"m-{number}"))
        book.closed(view, 1000)
    assert [line["event"] for line in lines].count("message_refused") == REFUSALS_LOGGED_MAX
    assert lines[-1]["refused"] == REFUSALS_LOGGED_MAX + 50
    assert book.metrics.refusals["invalid_message"] == REFUSALS_LOGGED_MAX + 50


@pytest.mark.parametrize(
    ("msg_id", "told"),
    [
        ("m-1", "m-1"),
        (None, None),
        (TOKEN, "[token]"),
        (f"x{TOKEN}x", "[token]"),
        ("two\nlines", r"two\nlines"),
        ("\x1b[31m", r"\x1b[31m"),
        ("x" * 100, "x" * LOGGED_ID_MAX),
    ],
)
async def test_a_message_id_is_told_so_that_it_harms_nobody(
    msg_id: str | None, told: str | None
) -> None:
    log = register().opened(View(), "192.0.2.1")
    with capture_logs() as lines:
        log.said(refusal(msg_id))
    assert lines[0]["msg_id"] == told


def test_lag_counts_what_has_not_been_sent() -> None:
    assert lag(View(position=90), 100) == 10
    assert lag(View(position=101), 100) == 0
    assert lag(View(position=None), 100) == 0


async def test_of_a_connection_that_was_not_taken_up_nothing_is_told() -> None:
    book, known, unknown = register(), View("known"), View("unknown")
    book.opened(known, "192.0.2.1")
    with capture_logs() as lines:
        for view in (known, unknown):
            book.subscribed(view, asked())
            book.said(view, refusal("m-1"))
    assert [line["connection"] for line in lines] == ["known", "known"]
