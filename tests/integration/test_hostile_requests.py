"""Requests that never end, or never end in headers: each is cut off in time, whoever behaves is served meanwhile."""

# covers: app.stream.guarded_http, app.stream.deadlines

import socket
import threading
from collections.abc import Iterator

import pytest

from app.api.problems import ProblemDetails
from app.stream.crowd import Crowd
from app.stream.deadlines import HEAD_BYTES_MAX, HEADERS_MAX, Deadlines
from app.stream.direct import SEND_BUFFER_BYTES
from tests.integration.guarded import BIG, SHORT, Client, Guarded, guarded
from tests.waiting import eventually

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def server() -> Iterator[Guarded]:
    with guarded() as running:
        yield running


@pytest.fixture
def patient() -> Iterator[Guarded]:
    """With the usual deadlines, where none is to run out."""
    with guarded(Deadlines()) as running:
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


def test_the_second_request_of_a_connection_has_a_deadline_of_its_own() -> None:
    with guarded(Deadlines(header_s=1)) as server:
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
    eventually(lambda: server.said == ["gone"])


def test_a_body_that_comes_steadily_has_an_end_as_well() -> None:
    with guarded(Deadlines(body_s=0.1, body_bytes_per_s=1, body_total_s=0.3)) as server:
        client = server.client().send(POST, b"Content-Length: 900\r\n\r\n", b"x" * 800)
        status, problem = client.problem()
        assert (status, problem["code"]) == (408, "request_timeout")
        eventually(lambda: server.said == ["gone"])


def test_a_body_that_is_fast_enough_takes_as_long_as_it_takes() -> None:
    with guarded(Deadlines(body_s=0.2, body_bytes_per_s=1)) as server:
        client = server.client().send(POST, b"Content-Length: 900\r\n\r\n", b"x" * 100)
        # One that came later and sends nothing is cut off: the time of the first is over as well,
        # but for the 100 s that its bytes have earned.
        stalled = server.client().send(POST, b"Content-Length: 900\r\n\r\n")
        assert stalled.problem()[0] == 408
        client.send(b"x" * 800)
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
def test_headers_beyond_their_limits_are_answered_with_431(patient: Guarded, came: bytes) -> None:
    status, problem = patient.client().send(came).problem()
    assert (status, problem["code"]) == (431, "headers_too_large")
    assert is_served(patient.client())


def test_as_many_headers_as_there_may_be_are_fine(patient: Guarded) -> None:
    client = patient.client().send(GET, b"a: b\r\n" * (HEADERS_MAX - 1), b"\r\n")
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
    eventually(lambda: bool(server.said))
    eventually(lambda: len(server.guard.sockets) == 0)
    client.wire.close()


def test_a_download_that_is_still_being_made_has_longer_than_the_rest_of_an_answer() -> None:
    with guarded(Deadlines(untaken_s=0.2, untaken_rest_s=1_000)) as server:
        made = server.client().send(b"GET /made HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: bool(server.said))
        eventually(lambda: len(server.guard.sockets) == 0)
        made.wire.close()
    with guarded(Deadlines(untaken_s=1_000, untaken_rest_s=0.2)) as server:
        made = server.client().send(b"GET /made HTTP/1.1\r\nHost: localhost\r\n\r\n")
        big = server.client().send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: len(server.said) == 2 and len(server.guard.sockets) == 1)
        big.wire.close()
        got = made.until(b"\r\n\r\n")
        while not got.endswith(b"\r\n0\r\n\r\n"):
            got += made.wire.recv(2**20)
        assert len(got) > BIG


def test_what_nobody_reads_takes_little_of_the_kernels_memory(patient: Guarded) -> None:
    client = patient.client().send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
    eventually(lambda: bool(patient.said))
    handle = patient.transports()[0].get_extra_info("socket")
    granted = handle.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert granted <= 2 * SEND_BUFFER_BYTES  # Linux doubles what it is asked for
    client.wire.close()


def test_one_client_has_so_many_connections_and_room_again_once_they_go() -> None:
    with guarded(Deadlines(), Crowd(most=10, most_per_client=3)) as server:
        held = [server.client() for _ in range(3)]
        assert all(is_served(client) for client in held)
        assert server.client().rest() == b""
        held[0].wire.close()
        eventually(lambda: len(server.guard.sockets) < 3)
        assert is_served(server.client())


def test_a_hundred_slow_clients_hold_up_nobody() -> None:
    with guarded(Deadlines(header_s=1)) as server:
        slow = [server.client().send(GET) for _ in range(100)]
        assert is_served(server.client())
        assert {client.problem()[0] for client in slow} == {408}


def test_the_deadlines_are_the_documented_ones() -> None:
    usual = Deadlines()
    assert (usual.header_s, usual.body_s, usual.first_message_s) == (10, 10, 10)
    assert (usual.body_total_s, usual.untaken_s, usual.untaken_rest_s) == (60, 300, 60)
    assert SHORT.header_s < usual.header_s
