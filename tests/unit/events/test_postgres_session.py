"""When a connection to PostgreSQL is of no more use, and how a host that does not take us is passed by."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from events.errors import StoreUnavailable
from events.postgres_session import Sessions, is_lost, is_standby

STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


def session(*, closed: bool = False, **settings: str) -> Any:
    return SimpleNamespace(
        is_closed=lambda: closed, get_settings=lambda: SimpleNamespace(**settings)
    )


def said(state: str) -> Exception:
    error = Exception("planted")
    error.sqlstate = state  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("state", ["57P01", "57P02", "57P03", "57P05", "08006", "08P01"])
def test_a_server_that_goes_takes_its_connections_with_it(state: str) -> None:
    assert is_lost(said(state), session(), writing=True)
    assert is_lost(said(state), session(), writing=False)


def test_a_closed_connection_is_lost_whatever_was_said() -> None:
    assert is_lost(ValueError(), session(closed=True), writing=False)
    assert not is_lost(ValueError(), session(), writing=True)


def test_a_server_that_only_reads_is_of_no_use_to_a_writer() -> None:
    assert is_lost(said("25006"), session(), writing=True)
    assert not is_lost(said("25006"), session(), writing=False)
    assert not is_lost(said("23505"), session(), writing=True)


def test_a_standby_is_known_where_it_says_so() -> None:
    assert is_standby(session(in_hot_standby="on"))
    assert not is_standby(session(in_hot_standby="off"))
    assert not is_standby(session())


@pytest.fixture
async def starting() -> AsyncIterator[str]:
    """Where a server answers as one does that is not up yet."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 12)
        writer.write(b"E" + (len(STARTING) + 4).to_bytes(4, "big") + STARTING)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_every_host_is_tried_and_every_reason_told(starting: str) -> None:
    url = f"postgresql://me:secret@{starting},127.0.0.1:1/log?sslmode=disable"
    with pytest.raises(StoreUnavailable) as caught:
        await Sessions(url, None)._connect()
    told = str(caught.value)
    assert told.startswith(f"cannot connect to PostgreSQL at {starting},127.0.0.1:1: ")
    assert "the database system is starting up; " in told
    assert "Connect call failed" in told
    assert "secret" not in told
