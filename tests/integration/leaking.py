"""A log in which every channel says a word of its own, and tokens for all that may be allowed: who hears what?"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import orjson

from app.access.grant import Scope
from app.access.token_book import token_hash
from app.config import Settings
from app.recorder import open_recorder
from app.stream.message_examples import example_of
from events.catalog import CATALOG, Channel, EventType
from events.clock import uuid7
from events.envelope import NewEvent
from tests.integration.served import LETS_GO, PATIENCE_S, Served, serving

SHARED: Final = "SHARED"
"""A symbol that several channels tell of."""

WORDS: Final = {
    Channel.REGIME: ("QREGIMEQ",),
    Channel.PRICE_ALERTS: ("QALERTSQ",),
    Channel.PORTFOLIO: ("QFOLIOQ",),
    Channel.TRADES: ("QTRADESQ",),
    Channel.PRICES: ("QPRICESQ", "98765.4321"),
    Channel.SYSTEM: ("QSYSTEMQ",),
}
"""What nothing of any other channel holds."""

SECRET: Final = "a secret of tests, 32 bytes and more"
LANE: Final = "lane"

Channels = frozenset[Channel]
Scopes = frozenset[Scope]


def subsets(of: Iterable[Any], least: int = 0) -> list[frozenset[Any]]:
    """All of them, of so many and more."""
    members = list(of)
    sizes = range(least, len(members) + 1)
    found = chain.from_iterable(combinations(members, size) for size in sizes)
    return [frozenset(one) for one in found]


EVERY_CHANNELS: Final[list[Channels]] = subsets(Channel, 1)
EVERY_SCOPES: Final[list[Scopes]] = subsets(Scope, 1)
ALL: Final = frozenset(Channel)
SOME_CHANNELS: Final[list[Channels]] = [
    *(frozenset({one}) for one in Channel),
    *(ALL - {one} for one in Channel),
    ALL,
]
"""Each alone, all but each, and all: what one channel too many or too few changes shows with these."""


def named(members: Collection[str]) -> str:
    """A set as text."""
    return "-".join(sorted(members))


def token_of(scopes: Scopes, channels: Channels) -> str:
    """The token of a grant; it is in the file of `leaking`."""
    return f"token_{named(scopes)}_{named(channels)}"


def _entry(scopes: Scopes, channels: Channels) -> str:
    token = token_of(scopes, channels)
    name = f"n{token_hash(token)[:12]}"
    return (
        f'[[token]]\nname = "{name}"\nsha256 = "{token_hash(token)}"\n'
        f"scopes = {sorted(map(str, scopes))}\nchannels = {sorted(map(str, channels))}\n"
    )


def heard(text: str) -> Channels:
    """The channels whose words are in a text."""
    return frozenset(
        channel for channel, words in WORDS.items() if any(word in text for word in words)
    )


def payload(kind: EventType, word: str, **more: Any) -> dict[str, Any]:
    """A payload of a type, with the word in all that may be any text."""
    changes: dict[str, dict[str, Any]] = {
        "regime_update": {"symbol": word, "features": {word: 0.5}},
        "price_alert": dict.fromkeys(("alert_id", "rule_id", "symbol", "message"), word),
        "portfolio_update": {"portfolio_id": word},
        "trade_execution": dict.fromkeys(("trade_id", "portfolio_id", "symbol"), word),
        "price_update": {"symbol": word},
        "system_notice": {"text": word, "details": {"feed": word}},
    }
    made = {**deepcopy(example_of(kind.name)["payload"]), **changes[kind.name], **more}
    for holding in made.get("positions", []):
        holding["symbol"] = word
    return made


def new_event(kind: EventType, cause: UUID | None = None, **more: Any) -> NewEvent:
    """An event that says its channel's word."""
    made = kind.payload_of(orjson.dumps(payload(kind, WORDS[kind.channel][0], **more)))
    return NewEvent(payload=made, event_id=uuid7(), source="manual", causation_id=cause)


def telling_events() -> list[NewEvent]:
    """One of each type, each caused by the one before, and once more of the symbol that they share."""
    events: list[NewEvent] = []
    own: dict[str, Any]
    price: dict[str, Any] = {
        "symbol": SHARED,
        "price": "98765.4321",
        "open": None,
        "high": None,
        "low": None,
    }
    for more in ({}, {"symbol": SHARED}):
        for kind in CATALOG.values():
            own = more if kind.entity_field == "symbol" else {}
            if own and kind.channel is Channel.PRICES:
                own = price
            cause = events[-1].event_id if events else None
            events.append(new_event(kind, cause, **own))
    return events


def make_lane(path: Path) -> Path:
    """A log beside, with the same words."""

    async def make() -> None:
        recorder = await open_recorder(Settings(database_url=str(path)))
        try:
            await recorder.log.append(telling_events())
        finally:
            await recorder.close()

    asyncio.run(make())
    return path


@dataclass(frozen=True)
class Leaking:
    """The server, and where in its log each event lies.

    Attributes:
        stranger: a client that shows nothing.
        tokens: the file of tokens.
        events: the messages of all events, in order.
    """

    served: Served
    stranger: httpx.Client
    tokens: Path
    events: list[dict[str, Any]]

    def cookie(self, token: str) -> dict[str, str]:
        """The headers of a browser that signed in with a token."""
        answer = self.stranger.post("/api/session", json={"token": token})
        assert answer.status_code == 200, answer.text
        self.stranger.cookies.clear()
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"Cookie": cookie, "Origin": self.served.url}


@contextmanager
def leaking(folder: Path, **settings: Any) -> Iterator[Leaking]:
    """Serve such a log, read by nobody without a token."""
    grants = {(frozenset({Scope.READ}), channels) for channels in EVERY_CHANNELS}
    grants |= {(scopes, channels) for scopes in EVERY_SCOPES for channels in SOME_CHANNELS}
    tokens = folder / "tokens.toml"
    tokens.write_text("".join(_entry(*grant) for grant in sorted(grants, key=str)))
    chosen = {
        "read": "token",
        "tokens_file": tokens,
        "jwt_secret": SECRET,
        "lanes": f"{LANE}={make_lane(folder / 'lane.db')}",
        "heartbeat_s": 0.2,
        **settings,
    }
    with (
        serving(folder, **chosen) as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE_S, limits=LETS_GO) as stranger,
    ):
        rule = {"rule_id": WORDS[Channel.SYSTEM][0], "kind": "price_above", "threshold": "1000"}
        rule["symbol"] = WORDS[Channel.SYSTEM][0]
        served.http.post("/api/alert-rules", json=rule).raise_for_status()
        served.call(lambda: served.log.append(telling_events()))
        yield Leaking(served, stranger, tokens, served.events())
