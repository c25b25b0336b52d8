"""A local exchange that speaks Kraken's protocol (REST and WebSocket v2), as ccxt's driver expects it.

It holds trades and bars, serves them in pages, sends them to who subscribed, and misbehaves on demand.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import WSMsgType, web

PAIRS = {"BTC/USD": ("XXBTZUSD", "XXBT"), "ETH/USD": ("XETHZUSD", "XETH")}
ASSETS = {"XXBT": "XBT", "XETH": "ETH", "ZUSD": "USD"}


@dataclass(frozen=True)
class Deal:
    """A trade, its numbers as the exchange writes them."""

    number: int
    symbol: str
    price: str
    at_us: int
    amount: str = "0.25"

    def live(self) -> str:
        seconds, micros = divmod(self.at_us, 1_000_000)
        return (
            f'{{"symbol":"{self.symbol}","side":"buy","price":{self.price},"qty":{self.amount},'
            f'"ord_type":"market","trade_id":{self.number},"timestamp":"{_iso(seconds, micros)}"}}'
        )

    def rest(self) -> str:
        time = f"{self.at_us // 1_000_000}.{self.at_us % 1_000_000:06d}"
        price = f"{self.price}0" if "." in self.price else self.price
        return f'["{price}","{self.amount}",{time},"b","m","",{self.number}]'


def _iso(seconds: int, micros: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"


@dataclass(eq=False)
class Listener:
    """One WebSocket connection and what it subscribed to: channel and symbol."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    topics: set[tuple[str, str]] = field(default_factory=set)


class ExchangeServer:
    """The exchange: `page` trades at a time by REST, the newest `serves` of a symbol only.

    Attributes:
        before_subscribed: called when a subscription comes, before it is in force.
        requests: the REST paths that were asked for.
    """

    def __init__(self) -> None:
        self.deals: list[Deal] = []
        self.bars: dict[str, list[list[str]]] = {}
        self.page = 1_000
        self.serves = 100_000
        self.rest_lag = 0
        self.snapshot = True
        self.before_subscribed: Callable[[str], None] = lambda _symbol: None
        self.requests: list[str] = []
        self.listeners: list[Listener] = []
        self.changed = asyncio.Event()
        self.port = 0
        self._numbers: dict[str, int] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; at the same port as before, if there was one."""
        app = web.Application()
        app.router.add_get("/0/public/{what}", self._rest)
        app.router.add_get("/v2", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away: every connection is reset, and nobody listens any more."""
        self.reset()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def deal(self, symbol: str, price: str, at_us: int, *, send: bool = True) -> Deal:
        """A trade happens; it is sent to who listens, unless its sending is for later."""
        number = self._numbers[symbol] = self._numbers.get(symbol, 1_000) + 1
        deal = Deal(number, symbol, price, at_us)
        self.deals.append(deal)
        if send:
            self.send_deals(deal)
        return deal

    def send_deals(self, *deals: Deal) -> None:
        """Send trades in one message, in this order; also again."""
        self.send("trade", deals[0].symbol, ",".join(deal.live() for deal in deals))

    def bar(self, symbol: str, begin_s: int, *numbers: str) -> None:
        """The bar that begins then, so far: open, high, low, close, volume; it is sent to who listens."""
        rows = self.bars.setdefault(symbol, [])
        rows[:] = [row for row in rows if row[0] != str(begin_s)] + [[str(begin_s), *numbers]]
        names = ("open", "high", "low", "close", "volume")
        values = ",".join(f'"{name}":{text}' for name, text in zip(names, numbers, strict=True))
        begin = f'"interval_begin":"{_iso(begin_s, 0)}","interval":1'
        self.send("ohlc", symbol, f'{{"symbol":"{symbol}",{values},{begin}}}')

    def send(self, channel: str, symbol: str, entries: str) -> None:
        """Send raw entries to who subscribed to a channel."""
        text = f'{{"channel":"{channel}","type":"update","data":[{entries}]}}'
        for listener in self.listeners:
            if (channel, symbol) in listener.topics:
                self.send_raw(listener, text)

    def send_raw(self, listener: Listener, text: str) -> None:
        """Write one frame at once: a server's text frame is not masked."""
        body = text.encode()
        size = len(body)
        head = bytes([0x81, size]) if size < 126 else struct.pack(">BBH", 0x81, 126, size)
        listener.transport.write(head + body)

    def reset(self) -> None:
        """Cut every connection without a goodbye (TCP reset)."""
        for listener in self.listeners:
            raw = listener.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            listener.transport.abort()
        self.listeners.clear()
        self._note()

    async def close_politely(self) -> None:
        """Close every connection with a closing frame."""
        listeners, self.listeners = self.listeners, []
        for listener in listeners:
            await listener.socket.close(code=1001)
        self._note()

    async def subscribed(self, channel: str, *symbols: str) -> None:
        """Wait until somebody listens to all these symbols."""
        topics = {(channel, symbol) for symbol in symbols}
        await self.until(lambda: any(topics <= listener.topics for listener in self.listeners))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a request or a connection changes."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def _note(self) -> None:
        self.changed.set()

    async def _rest(self, request: web.Request) -> web.Response:
        self.requests.append(request.path_qs)
        what = request.match_info["what"]
        answers = {
            "Assets": self._assets,
            "AssetPairs": self._pairs,
            "Trades": self._trades,
            "OHLC": self._ohlc,
        }
        result = answers[what](request.query)
        self._note()
        return web.Response(
            text=f'{{"error":[],"result":{result}}}', content_type="application/json"
        )

    def _assets(self, _query: Mapping[str, str]) -> str:
        return json.dumps(
            {
                name: {"aclass": "currency", "altname": alt, "decimals": 10, "status": "enabled"}
                for name, alt in ASSETS.items()
            }
        )

    def _pairs(self, _query: Mapping[str, str]) -> str:
        common = {"quote": "ZUSD", "pair_decimals": 5, "lot_decimals": 8, "status": "online"}
        return json.dumps(
            {
                pair: {"altname": pair, "wsname": symbol, "base": base, **common}
                for symbol, (pair, base) in PAIRS.items()
            }
        )

    def _trades(self, query: Mapping[str, str]) -> str:
        symbol = next(name for name, (pair, _) in PAIRS.items() if pair == query["pair"])
        held = [deal for deal in self.deals if deal.symbol == symbol]
        held = sorted(held, key=lambda deal: (deal.at_us, deal.number))[-self.serves :]
        if self.rest_lag:
            held, self.rest_lag = held[: -self.rest_lag], 0
        since = int(query.get("since", "0"))
        since_us = since // 1_000 if since > 10**12 else since * 1_000_000  # nanoseconds or seconds
        page = [deal for deal in held if deal.at_us > since_us][: self.page]
        last = page[-1].at_us * 1_000 if page else since_us * 1_000
        rows = ",".join(deal.rest() for deal in page)
        return f'{{"{query["pair"]}":[{rows}],"last":"{last}"}}'

    def _ohlc(self, query: Mapping[str, str]) -> str:
        symbol = next(name for name, (pair, _) in PAIRS.items() if pair == query["pair"])
        since = int(query.get("since", "0"))
        rows = [row for row in self.bars.get(symbol, []) if int(row[0]) > since][: self.page]
        texts = [
            f'[{begin},"{o}","{h}","{low}","{c}","{c}","{volume}",3]'
            for begin, o, h, low, c, volume in rows
        ]
        return f'{{"{query["pair"]}":[{",".join(texts)}],"last":0}}'

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        transport = request.transport
        assert transport is not None
        listener = Listener(ws, transport)
        self.listeners.append(listener)
        self._note()
        self.send_raw(listener, '{"channel":"status","type":"update","data":[{"system":"online"}]}')
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self._heard(listener, json.loads(message.data))
        if listener in self.listeners:
            self.listeners.remove(listener)
        return ws

    def _heard(self, listener: Listener, message: dict[str, object]) -> None:
        if message["method"] == "ping":
            self.send_raw(listener, '{"method":"pong"}')
            return
        asked = message["params"]
        assert isinstance(asked, dict)
        for symbol in asked["symbol"]:
            self.before_subscribed(symbol)
            listener.topics.add((asked["channel"], symbol))
            self.send_raw(listener, '{"method":"subscribe","success":true}')
            held = [deal for deal in self.deals if deal.symbol == symbol][-50:]
            if asked["channel"] == "trade" and self.snapshot and held:
                entries = ",".join(deal.live() for deal in held)
                text = f'{{"channel":"trade","type":"snapshot","data":[{entries}]}}'
                self.send_raw(listener, text)
            self.send_raw(listener, '{"channel":"heartbeat"}')
        self._note()


@asynccontextmanager
async def running_exchange() -> AsyncIterator[ExchangeServer]:
    """An exchange that listens, and is gone afterwards."""
    server = ExchangeServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
