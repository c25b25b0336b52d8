"""Few downloads at a time; each lets go of all that it holds, whichever way it ends."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Scope

from app.api import downloads
from app.api.downloads import (
    EXPORT_BYTES_PER_S_MIN,
    EXPORT_GRACE_S,
    EXPORT_PIECE_BYTES,
    EXPORT_STALL_S,
    EXPORTS_MAX,
    EXPORTS_PER_CLIENT_MAX,
    DownloadResponse,
    Downloads,
    ExportCut,
    Patience,
)
from app.api.problems import ApiProblem
from app.stream.direct import CUT_OFF

PATIENCE_S = 20.0


class Body:
    """A body that knows whether it was let go of."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.is_closed = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self._chunks:
                yield chunk
        finally:
            self.is_closed = True


class Client:
    """One that takes everything, or nothing after some chunks; it may go then."""

    def __init__(self, takes: int = 10**9, *, goes: bool = False, slow: bool = False) -> None:
        self._takes = takes
        self._slow = slow
        self._goes = goes
        self._gone = asyncio.Event()
        self.bodies: list[Message] = []
        self.cut_off = 0

    def cut(self) -> None:
        self.cut_off += 1

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            if len(self.bodies) == self._takes:
                if self._goes:
                    self._gone.set()
                await asyncio.Event().wait()
            if self._slow:
                for _ in range(10):
                    await asyncio.sleep(0)
            self.bodies.append(message)

    async def take(self, body: Body, under_way: Downloads) -> None:
        ended = under_way.begin("192.0.2.1")
        response = DownloadResponse(body.chunks(), {}, "text/plain", ended)
        scope: Scope = {"type": "http", "asgi": {"spec_version": "2.3"}}
        scope["extensions"] = {CUT_OFF: self.cut}
        async with asyncio.timeout(PATIENCE_S):
            await response(scope, self.receive, self.send)


def free_places(under_way: Downloads) -> int:
    """How many more may begin. They begin."""
    free = 0
    while True:
        try:
            under_way.begin(f"198.51.100.{free}")
        except ApiProblem:
            return free
        free += 1


def test_one_more_than_there_may_be_is_told_when_to_come_back() -> None:
    under_way = Downloads()
    ended = under_way.begin("192.0.2.1")
    assert free_places(under_way) == EXPORTS_MAX - 1 == 3
    with pytest.raises(ApiProblem, match="4 exports are under way") as refused:
        under_way.begin("192.0.2.1")
    assert (refused.value.status, refused.value.code) == (503, "too_many_exports")
    assert refused.value.headers == {"Retry-After": "10"}
    ended()
    assert free_places(under_way) == 1


@pytest.mark.parametrize("addresses", [["192.0.2.1"] * 3, [f"2001:db8::{n}" for n in range(3)]])
def test_nobody_has_all_places(addresses: list[str]) -> None:
    under_way = Downloads()
    first, _second = (under_way.begin(address) for address in addresses[:EXPORTS_PER_CLIENT_MAX])
    with pytest.raises(ApiProblem, match="2 exports from your address") as refused:
        under_way.begin(addresses[2])
    assert (refused.value.status, refused.value.code) == (503, "too_many_exports")
    first()
    under_way.begin(addresses[2])
    assert free_places(under_way) == EXPORTS_MAX - EXPORTS_PER_CLIENT_MAX


def test_who_takes_too_little_on_the_whole_loses_his_patience() -> None:
    patience = Patience()
    assert patience.left_s == EXPORT_STALL_S
    patience.took(EXPORT_PIECE_BYTES, EXPORT_GRACE_S - 1)
    assert patience.left_s == 1
    patience.took(EXPORT_PIECE_BYTES, 2)
    assert patience.left_s < 0, "a piece a minute is not enough"
    patience.took(100 * EXPORT_BYTES_PER_S_MIN, 0)
    assert patience.left_s == 8 + 100 - 61, "8 s for two pieces, and 100 s for the rest"
    patience.took(1000 * EXPORT_BYTES_PER_S_MIN, 0)
    assert patience.left_s == EXPORT_STALL_S


async def test_who_takes_a_little_now_and_then_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "EXPORT_GRACE_S", 0.0)
    under_way, body, client = Downloads(), Body(b"a", b"b", b"c"), Client(slow=True)
    with pytest.raises(ExportCut, match="less than 65536 bytes a second"):
        await client.take(body, under_way)
    assert (client.cut_off, free_places(under_way)) == (1, EXPORTS_MAX)


@pytest.mark.parametrize("goes", [False, True])
async def test_a_download_gives_its_place_back_when_it_ends_and_when_its_client_goes(
    goes: bool,
) -> None:
    under_way, body, client = Downloads(), Body(b"a", b"b"), Client(1 if goes else 3, goes=goes)
    await client.take(body, under_way)
    assert b"".join(one["body"] for one in client.bodies) == (b"a" if goes else b"ab")
    assert client.bodies[-1]["more_body"] is goes
    assert body.is_closed
    assert client.cut_off == 0
    assert free_places(under_way) == EXPORTS_MAX


async def test_who_takes_nothing_any_more_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "EXPORT_STALL_S", 0.02)
    under_way, body, client = Downloads(), Body(b"a", b"b", b"c"), Client(1)
    with pytest.raises(ExportCut, match="took nothing"):
        await client.take(body, under_way)
    assert client.cut_off == 1
    assert body.is_closed
    assert free_places(under_way) == EXPORTS_MAX


async def test_a_large_chunk_goes_out_in_pieces_each_with_its_own_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "EXPORT_PIECE_BYTES", 4)
    client = Client()
    await client.take(Body(b"0123456789", b"abcd", b"e"), Downloads())
    pieces = [one["body"] for one in client.bodies]
    assert pieces == [b"0123", b"4567", b"89", b"abcd", b"e", b""]
    assert [one["more_body"] for one in client.bodies] == [True] * 5 + [False]
