"""What is asked for is checked before it is sent."""

from datetime import UTC, datetime

import pytest

from app.client.errors import InvalidSubscription
from app.client.request import History, socket_url, subscribe_payload, subscribe_text
from app.stream.protocol import HistorySince, Subscribe, parse_client_message


def payload(
    channels: list[str], history: History = "all", symbols: list[str] | None = None
) -> object:
    return subscribe_payload(
        channels, symbols, history=history, epoch=None, delivery="every", user_id=None
    )


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws/synapse"),
        ("http://127.0.0.1:8000/", "ws://127.0.0.1:8000/ws/synapse"),
        ("https://example.org/desk/", "wss://example.org/desk/ws/synapse"),
        ("ws://[::1]:9/ws/synapse", "ws://[::1]:9/ws/synapse"),
    ],
)
def test_an_address_of_a_server_is_the_address_of_its_socket(given: str, url: str) -> None:
    assert socket_url(given) == url


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://example.org", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidSubscription, match="must look like"):
        socket_url(url)


@pytest.mark.parametrize("url", ["http://me:secret@example.org", "ws://example.org/?token=secret"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSubscription) as caught:
        socket_url(url)
    assert "secret" not in str(caught.value)


def test_a_time_may_be_a_datetime() -> None:
    moment = datetime(2026, 1, 16, 12, tzinfo=UTC)
    asked = subscribe_payload(
        ("regime",),
        ("SPX",),
        history={"since": moment},
        epoch=None,
        delivery="latest",
        user_id="me",
    )
    assert asked.history == HistorySince(since=moment)
    message = parse_client_message(subscribe_text(asked, "m-1", moment))
    assert isinstance(message, Subscribe)
    assert (message.payload, message.msg_id, message.timestamp) == (asked, "m-1", moment)


@pytest.mark.parametrize(
    ("channels", "history", "symbols", "problem"),
    [
        ([], "all", None, "channels"),
        (["moods"], "all", None, "channels.0"),
        ("regime", "all", None, "channels: must be a list"),
        (["regime"], "all", "SPX", "symbols: must be a list"),
        (["regime"], "all", [], "symbols"),
        (["regime"], {"last": 0}, None, "history.last"),
        (["regime"], {"since": datetime(2026, 1, 16)}, None, "history.since"),
        (["regime"], {"last": 1, "after": 2}, None, "history"),
        (["regime"], "some", None, "history"),
        (["regime"], {"last": object()}, None, "not valid"),
    ],
)
def test_what_does_not_fit_the_protocol_is_refused(
    channels: list[str], history: History, symbols: list[str] | None, problem: str
) -> None:
    with pytest.raises(InvalidSubscription, match=problem):
        payload(channels, history, symbols)
