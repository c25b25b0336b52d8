"""A writer: prices of symbols of its own, each request under a key, until all of them are acknowledged."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import orjson

from app.check.answers import Answer, Answered
from app.check.findings import Fault, Finding, one_line
from app.check.history import Sent
from app.check.http import CannotCheck, problem, told
from app.check.plan import (
    BATCH_PRICES_MAX,
    LOST_SHARE,
    PRICES_MAX,
    REPEATED_SHARE,
    RETRY_S_MIN,
)
from app.check.stage import Patience, Stage
from events.scalars import format_time

BAR_S: Final = 1
PASSING: Final = frozenset({408, 425, 429})
"""HTTP statuses below 500 after which the same request is sent again."""

_UNWATCHED_S_MAX: Final = 0.005


class Writer:
    """One writer."""

    def __init__(self, stage: Stage, number: int) -> None:
        """Writer `number`, from 0, has each of the symbols whose turn it is."""
        self.name = f"writer {number + 1}"
        self._stage = stage
        self._symbols = stage.plan.names[number :: stage.plan.writers]
        self._chance = stage.chance(self.name)
        # No price is dated after the server's clock, however many there will be.
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=PRICES_MAX)
        self._last = dict.fromkeys(self._symbols, (begin, Decimal(100)))
        self._requests = 0
        self._patience = Patience(stage.plan)

    async def write(self) -> None:
        """Send prices while there are some to send.

        Raises:
            CannotCheck: the server refuses them, or has been away for too long.
        """
        if not self._symbols:
            return
        while taken := self._stage.take(self._chance.randint(1, BATCH_PRICES_MAX)):
            prices = [self._price() for _ in range(taken)]
            self._requests += 1
            plan = self._stage.plan
            key = f"{plan.prefix}-{plan.run}-{self.name.replace(' ', '-')}-{self._requests}"
            self._stage.sending(prices)
            answer = await self._until_answered(_body(prices), key)
            for price in prices:
                price.acknowledged, price.positions = True, answer.positions
            self._stage.answered.append(Answered(self.name, key, len(prices), answer))
            self._stage.acknowledged += len(prices)
            if self._chance.random() < REPEATED_SHARE:
                self._stage.repeats += 1
                self._compare(key, answer, await self._until_answered(_body(prices), key))

    def _price(self) -> Sent:
        symbol = self._chance.choice(self._symbols)
        at, value = self._last[symbol]
        at += timedelta(seconds=BAR_S)
        value = max(Decimal(1), round(value * Decimal(1 + self._chance.gauss(0, 0.01)), 2))
        self._last[symbol] = (at, value)
        return Sent(symbol, format_time(at), value, self.name)

    async def _until_answered(self, body: bytes, key: str) -> Answer:
        """Send a request, the same one under the same key, until it is answered."""
        self._stage.requests += 1
        self._patience.heard()
        while True:
            is_lost = self._chance.random() < LOST_SHARE
            unwatched_s = self._chance.uniform(0, _UNWATCHED_S_MAX)
            limit_s = unwatched_s if is_lost else self._patience.trying()
            try:
                async with asyncio.timeout(limit_s):
                    answer = await self._post(body, key)
            except (TimeoutError, httpx.TransportError) as error:
                if is_lost:  # which says nothing of the server
                    self._stage.retries += 1
                    await asyncio.sleep(RETRY_S_MIN)
                    continue
                reason, asked_s = told(error), 0.0
            else:
                self._stage.heard()
                if answer.status_code == httpx.codes.OK:
                    return _read(answer)
                self._refused(answer)
                reason, asked_s = problem(answer), _retry_after_s(answer)
            self._stage.retries += 1
            await self._patience.wait(reason, asked_s)

    async def _post(self, body: bytes, key: str) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return await self._stage.http.client.post("/api/prices", content=body, headers=headers)

    def _refused(self, answer: httpx.Response) -> None:
        """Go on only where the same request may be taken later.

        Raises:
            CannotCheck: it would not.
        """
        status = answer.status_code
        if status in {401, 403}:
            raise CannotCheck(
                "the server refuses the token (--token, --token-file or SYNAPSE_TOKEN):"
                f" {problem(answer)}"
            )
        if status < 500 and status not in PASSING:
            raise CannotCheck(f"the server refuses prices: {problem(answer)}")

    def _compare(self, key: str, first: Answer, second: Answer) -> None:
        if first != second:
            text = f"the key {key} was answered {first}, then {second}"
            self._stage.findings.append(Finding(Fault.CLAIM, text, self.name))


def _body(prices: Sequence[Sent]) -> bytes:
    items = [
        {"symbol": p.symbol, "price": str(p.price), "timestamp": p.timestamp, "bar_s": BAR_S}
        for p in prices
    ]
    return orjson.dumps({"prices": items})


def _read(answer: httpx.Response) -> Answer:
    try:
        fields: dict[str, Any] = orjson.loads(answer.content)
        positions = fields["positions"]
        places = None if positions is None else (int(positions[0]), int(positions[1]))
        return Answer(places, int(fields["events"]), int(fields["duplicates"]))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        text = f"an answer to POST /api/prices cannot be read: {one_line(answer.text)}"
        raise CannotCheck(text) from error


def _retry_after_s(answer: httpx.Response) -> float:
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdigit() else 0.0
