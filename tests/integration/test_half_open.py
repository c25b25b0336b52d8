"""Peers that are gone without a word: no FIN, no RST, no acknowledgement. They are cut off in the documented time.

A socket filter below the client's TCP drops every packet that comes for it, as a cable does that was pulled out:
the server's kernel sends again and again, and hears nothing.
"""

# covers: app.stream.direct, app.stream.fan_out

import asyncio
import ctypes
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.stream import direct
from tests.integration.served import Served, daily, receive_until, serving, subscribe

if sys.platform != "linux":
    pytest.skip("a packet filter of one socket is Linux's", allow_module_level=True)

FULL: Final = bool(os.environ.get("SYNAPSE_FULL_TIMES"))
"""With the deadlines as they are documented: for `dev.py soak`."""

SO_ATTACH_FILTER: Final = 26
DROP_ALL: Final = bytes.fromhex("0600000000000000")
"""One BPF instruction: `ret #0`, keep nothing of any packet."""

DEADLINE_S: Final = direct.PING_AFTER_S + direct.DEAD_AFTER_S + 2 * direct.WATCH_S + 5.0
"""The documented 45 s, and something for a busy machine."""


def pull_the_cable(client: socket.socket) -> None:
    """From now on nothing reaches this socket, and so it says nothing."""
    program = ctypes.create_string_buffer(DROP_ALL, len(DROP_ALL))
    filter_ = (
        bytes(ctypes.c_ushort(1)) + bytes(6) + bytes(ctypes.c_void_p(ctypes.addressof(program)))
    )
    client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)


@asynccontextmanager
async def subscribed(served: Served, count: int) -> AsyncIterator[list[ClientConnection]]:
    """So many clients that follow all prices from now on; they are dropped in the end, not closed."""
    clients = []
    for _ in range(count):
        client = await connect(served.socket_url, ping_interval=None)
        await client.send(subscribe("prices", history="none"))
        await receive_until(client, "caught_up")
        clients.append(client)
    try:
        yield clients
    finally:
        for client in clients:
            client.transport.abort()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("talks", [True, False], ids=["while it is sent to", "while all is quiet"])
async def test_a_half_open_connection_is_cut_off_in_time_and_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talks: bool
) -> None:
    if not FULL:
        monkeypatch.setattr(direct, "WATCH_S", 0.05)
        monkeypatch.setattr(direct, "PING_AFTER_S", 0.2)
        monkeypatch.setattr(direct, "DEAD_AFTER_S", 0.5)
    heartbeat_s = 0.2 if talks else 600.0
    with serving(tmp_path, heartbeat_s=heartbeat_s) as served:
        manager = served.app.state.services.manager
        async with subscribed(served, 8) as dark, connect(served.socket_url) as reader:
            await reader.send(subscribe("prices", history="none"))
            await receive_until(reader, "caught_up")
            for client in dark:
                pull_the_cable(client.transport.get_extra_info("socket"))
            began = time.monotonic()
            number = 0
            while manager.connections > 1:  # another thread's number
                assert time.monotonic() - began < DEADLINE_S
                if talks:
                    await asyncio.to_thread(served.post_prices, daily("SPX", "5", number))
                    told = (await receive_until(reader, "price_update"))[-1]
                    number += 1
                    assert told["version"] == number
                await asyncio.sleep(0.02)
            took = time.monotonic() - began
            # Who is there is still there, and hears what comes.
            await asyncio.to_thread(served.post_prices, daily("NDX", "5", 0))
            assert (await receive_until(reader, "price_update"))[-1]["payload"]["symbol"] == "NDX"
    print(f"FIGURE 8 half-open connections cut off after {took:.1f} s")
