"""The same prices and the same keys from many clients at once: recorded once, and everyone is told the same."""

# covers: app.api.prices, app.api.idempotency, events.plan

import asyncio
import os
from typing import Final
from uuid import uuid4

import httpx

from tests.integration.served import AUTHORISED, Json, Served, daily, new_symbol

ROUNDS: Final = int(os.environ.get("SYNAPSE_DUPLICATES", "3"))
CLIENTS: Final = 16
BARS: Final = 20


async def submit_all(served: Served, bodies: list[Json], key: str | None) -> list[Json]:
    """Post each body, all at once, each by a client with a connection of its own."""
    headers = AUTHORISED | ({"Idempotency-Key": key} if key else {})

    async def submit(body: Json) -> Json:
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            answer = await client.post(f"{served.url}/api/prices", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return list(await asyncio.gather(*map(submit, bodies)))


def prices_of(served: Served, symbol: str) -> list[str]:
    """What the log holds of a symbol."""
    found = served.events(f"types=price_update&symbols={symbol}")
    return [event["payload"]["price"] for event in found]


async def test_one_key_from_many_clients_at_once_is_answered_once(served: Served) -> None:
    for _ in range(ROUNDS):
        symbol, key = new_symbol(), uuid4().hex
        body = {"prices": [daily(symbol, str(100 + day), day) for day in range(BARS)]}
        answers = await submit_all(served, [body] * CLIENTS, key)
        assert answers == [answers[0]] * CLIENTS
        assert prices_of(served, symbol) == [str(100 + day) for day in range(BARS)]
    print(f"FIGURE {ROUNDS} keys from {CLIENTS} clients at once: {ROUNDS} x {BARS} prices recorded")


async def test_the_same_prices_from_many_clients_at_once_are_recorded_once(
    served: Served,
) -> None:
    duplicates = 0
    for _ in range(ROUNDS):
        symbol = new_symbol()
        bars = [daily(symbol, str(100 + day), day) for day in range(BARS)]
        # Each client sends some of them, all overlap, and no two send the same body.
        bodies = [{"prices": bars[number % 4 : BARS - number // 4]} for number in range(CLIENTS)]
        answers = await submit_all(served, bodies, None)
        duplicates += sum(answer["duplicates"] for answer in answers)
        sent = sum(len(body["prices"]) for body in bodies)
        assert sum(answer["duplicates"] for answer in answers) == sent - BARS
        found = prices_of(served, symbol)
        assert sorted(found, key=int) == [str(100 + day) for day in range(BARS)]
    print(f"FIGURE {duplicates} duplicates of {ROUNDS * BARS} prices found, none recorded twice")
