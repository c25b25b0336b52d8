"""A writer: prices and trades, each request under a key, sent to one node after another until one acknowledges it."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx

from app.check.answers import Answer, Answered
from app.check.history import Sent
from events.scalars import format_time
from tests.cluster.checker import Evidence, Trade
from tests.cluster.node import TOKEN, Node

BAR_S: Final = 1
BATCH_MAX: Final = 5
TRADE_SHARE: Final = 0.25
UNWATCHED_SHARE: Final = 0.05
"""Of the requests this many are sent without waiting for their answer, and then again elsewhere."""

REPEATED_SHARE: Final = 0.1
"""Of the answers this many are asked for once more, of any node."""

ANSWER_S_MAX: Final = 3.0
RETRY_S: Final = 0.1
PAUSE_S: Final = 0.05
PASSING: Final = frozenset({408, 425, 429})
BEGIN: Final = timedelta(days=300)
"""How long ago the first price is dated: however many there will be, none lies ahead."""


class Writer:
    """Writes until it is told to leave; what it sent and was told is evidence.

    Attributes:
        acknowledged: requests.
        retries: requests that were sent again.
        wrong: answers that no retry mends, or that differ from the first one's.
    """

    def __init__(self, number: int, nodes: Sequence[Node], evidence: Evidence, seed: int) -> None:
        """`nodes`: where it may go, the first one first."""
        self.name = f"writer {number}"
        self.acknowledged = 0
        self.retries = 0
        self.wrong: list[str] = []
        self._symbol = f"W{number}"
        self._nodes = nodes
        self._evidence = evidence
        self._chance = random.Random(f"{seed} {self.name}")
        self._begin = datetime.now(UTC).replace(microsecond=0) - BEGIN
        self._prices = self._trades = 0
        self._run = f"{seed}-{self._chance.getrandbits(64):x}"
        self._leaving = False

    def leave(self) -> None:
        """End with the request under way."""
        self._leaving = True

    async def write(self) -> None:
        """Until it is told to leave, and its last request was answered."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
            while not self._leaving:
                # A trade is refused where no price is recorded of its symbol.
                if self._prices and self._chance.random() < TRADE_SHARE:
                    await self._trade(client)
                else:
                    await self._price(client)
                await asyncio.sleep(self._chance.uniform(0, 2 * PAUSE_S))

    async def _price(self, client: httpx.AsyncClient) -> None:
        sent = [self._next_price() for _ in range(self._chance.randint(1, BATCH_MAX))]
        self._evidence.sent += sent
        items = [
            {"symbol": p.symbol, "price": str(p.price), "timestamp": p.timestamp, "bar_s": BAR_S}
            for p in sent
        ]
        answer = await self._acknowledged(client, "/api/prices", {"prices": items}, len(sent))
        for one in sent:
            one.acknowledged, one.positions = True, answer.positions

    def _next_price(self) -> Sent:
        self._prices += 1
        when = format_time(self._begin + timedelta(seconds=self._prices * BAR_S))
        return Sent(self._symbol, when, Decimal(self._chance.randint(50, 150)), self.name)

    async def _trade(self, client: httpx.AsyncClient) -> None:
        self._trades += 1
        trade = {
            "trade_id": f"{self._run}-{self._trades}",
            "symbol": self._symbol,
            "side": "buy",
            "quantity": str(self._chance.randint(1, 9)),
            "price": "100",
            "timestamp": format_time(self._begin + timedelta(seconds=self._trades)),
        }
        answer = await self._acknowledged(client, "/api/trades", {"trades": [trade]}, 1)
        if answer.positions is not None:
            self._evidence.trades.append(Trade(trade["trade_id"], answer.positions))

    async def _acknowledged(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], items: int
    ) -> Answer:
        """Send a request, the same one under the same key, until it is answered."""
        key = f"{self._run}-{self._prices}-{self._trades}"
        if self._chance.random() < UNWATCHED_SHARE:
            await self._post(client, path, body, key, self._chance.uniform(0, 0.02))
        answer = await self._until_answered(client, path, body, key)
        self._evidence.answered.append(Answered(self.name, key, items, answer))
        self.acknowledged += 1
        if self._chance.random() < REPEATED_SHARE:
            again = await self._until_answered(client, path, body, key)
            if again != answer:
                self.wrong.append(f"{self.name}: {key} was answered {answer}, then {again}")
        return answer

    async def _until_answered(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str
    ) -> Answer:
        while (answer := await self._post(client, path, body, key, ANSWER_S_MAX)) is None:
            self.retries += 1
            await asyncio.sleep(RETRY_S)
        return answer

    async def _post(
        self, client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str, within_s: float
    ) -> Answer | None:
        # Mostly its own node; whatever became of a request there, another one may be asked the same.
        node = self._nodes[0] if self._chance.random() < 0.7 else self._chance.choice(self._nodes)
        try:
            async with asyncio.timeout(within_s):
                answer = await client.post(
                    f"{node.url}{path}", json=body, headers={"Idempotency-Key": key}
                )
        except (TimeoutError, httpx.TransportError):
            return None
        if answer.status_code == httpx.codes.OK:
            told = answer.json()
            places = told["positions"]
            positions = None if places is None else (places[0], places[1])
            return Answer(positions, told["events"], told["duplicates"])
        code = answer.json().get("code")
        # Another node was first too often: the same request is decided again.
        if answer.status_code < 500 and not (
            answer.status_code in PASSING or code == "version_conflict"
        ):
            self.wrong.append(f"{self.name}: {path} is answered with {answer.text}")
        if answer.status_code == 500:
            self.wrong.append(f"{self.name}: {path} failed at {node.name}: {answer.text}")
        return None
