"""Requests that never end, or never end in headers: each is cut off in time, whoever behaves is served meanwhile."""

# covers: app.stream.guarded_http, app.stream.deadlines

import threading
from collections.abc import Iterator

import pytest

from app.api.problems import ProblemDetails
from app.stream.crowd import Crowd
from app.stream.deadlines import HEAD_BYTES_MAX, HEADERS_MAX, Deadlines
from tests.integration.guarded import SHORT, Client, Guarded, guarded

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def server() -> Iterator[Guarded]:
    with guarded() as running:
        yield running


def is_served(client: Client) -> bool:
    return client.send(GET, b"\r\n").until(b"ok").startswith(b"HTTP/1.1 200")


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(server: Guarded) -> None:
    assert server.client().rest() == b""


@pytest.mark.parametrize("came", [b"G", b"\r\n", GET, GET + b"X-Slow: a"])
def test_headers_that_do_not_come_to_their_end_are_answered_with_408(
    server: Guarded, came: bytes
) -> None:
    status, problem = server.client().send(came).problem()
    ProblemDetails.model_validate(problem)
    assert (status, problem["code"]) == (408, "request_timeout")
    assert "headers" in problem["detail"]


def test_bytes_that_trickle_do_not_move_the_deadline(server: Guarded) -> None:
    client = server.client().send(GET)
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(0.02):
            try:
                client.send(b"a: b\r\n")
            except OSError:
                return

    thread = threading.Thread(target=trickle)
    thread.start()
    assert client.problem()[0] == 408
    ended.set()
    thread.join()


def test_the_second_request_of_a_connection_has_a_deadline_of_its_own(server: Guarded) -> None:
    client = server.client()
    assert is_served(client)
    assert client.send(b"GE").problem()[0] == 408


@pytest.mark.parametrize(
    "came",
    [
        POST + b"Content-Length: 100\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Trailer: a",
    ],
)
def test_a_body_that_stalls_is_answered_with_408_and_the_application_hears_that_it_is_off(
    server: Guarded, came: bytes
) -> None:
    status, problem = server.client().send(came).problem()
    assert (status, problem["code"]) == (408, "request_timeout")
    assert "body" in problem["detail"]
    server.until(lambda: server.said == ["gone"])


def test_a_body_that_is_fast_enough_takes_as_long_as_it_takes() -> None:
    with guarded(Deadlines(header_s=0.2, body_s=0.2, body_bytes_per_s=1_000)) as server:
        client = server.client().send(POST, b"Content-Length: 900\r\n\r\n")
        for _ in range(9):  # in 0.36 s, where one that stalls has 0.2
            client.send(b"x" * 100)
            threading.Event().wait(0.04)
        assert client.until(b"ok").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "came",
    [
        GET + b"a: b\r\n" * HEADERS_MAX + b"\r\n",
        GET + b"X-Long: " + b"a" * HEAD_BYTES_MAX + b"\r\n\r\n",
        GET + b"X-Endless: " + b"a" * 600_000,
        b"GET /" + b"a" * HEAD_BYTES_MAX + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\r\n" * 300_000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: " + b"a" * 600_000,
    ],
    ids=["many", "long", "endless", "address", "empty lines", "trailer"],
)
def test_headers_beyond_their_limits_are_answered_with_431(server: Guarded, came: bytes) -> None:
    status, problem = server.client().send(came).problem()
    assert (status, problem["code"]) == (431, "headers_too_large")
    assert is_served(server.client())


def test_as_many_headers_as_there_may_be_are_fine(server: Guarded) -> None:
    client = server.client().send(GET, b"a: b\r\n" * (HEADERS_MAX - 1), b"\r\n")
    assert client.until(b"ok").startswith(b"HTTP/1.1 200")


def test_a_late_request_behind_one_that_is_being_answered_does_not_cut_it_off(
    server: Guarded,
) -> None:
    client = server.client().send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GE")
    got = client.until(b"\r\n\r\n")
    while len(got) < 2**20:
        got += client.wire.recv(65_536)
    assert got.startswith(b"HTTP/1.1 200")


def test_who_takes_nothing_of_a_long_answer_is_cut_off(server: Guarded) -> None:
    client = server.client().send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
    server.until(lambda: bool(server.said))
    server.until(lambda: len(server.guard.sockets) == 0)
    client.wire.close()


def test_one_client_has_so_many_connections_and_room_again_once_they_go() -> None:
    with guarded(Deadlines(), Crowd(most=10, most_per_client=3)) as server:
        held = [server.client() for _ in range(3)]
        assert all(is_served(client) for client in held)
        assert server.client().rest() == b""
        held[0].wire.close()
        server.until(lambda: len(server.guard.sockets) < 3)
        assert is_served(server.client())


def test_a_hundred_slow_clients_hold_up_nobody(server: Guarded) -> None:
    slow = [server.client().send(GET) for _ in range(100)]
    assert is_served(server.client())
    assert {client.problem()[0] for client in slow} == {408}


def test_the_deadlines_are_the_documented_ones() -> None:
    usual = Deadlines()
    assert (usual.header_s, usual.body_s, usual.first_message_s) == (10, 10, 10)
    assert SHORT.header_s < usual.header_s
