"""The public state, now or at a moment of the past: the projection that `GET /api/state` shows."""

import asyncio
import hashlib
from datetime import datetime
from typing import Any, Final

import rfc8785

from app.access.grant import ALL_CHANNELS
from app.market import public_state
from app.market.persona import Persona
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.strategy import DISCLAIMER
from events.catalog import Channel
from events.log import EventLog
from events.projection import Folded, Projection
from events.projector import Projector
from events.scalars import format_micros, to_micros
from events.selection import Selection
from events.store import ReadQuery

SYMBOLS_HASHED_AT_ONCE: Final = 100
"""The state of more symbols is hashed beside the loop: of 10,000 it takes a second."""

PUBLIC_STATE: Final[Projection[public_state.PublicState]] = public_state


class LiveState:
    """What clients see of the projection `public_state`: of some channels, where they may not see all."""

    def __init__(
        self,
        log: EventLog,
        persona: Persona,
        projector: Projector[public_state.PublicState] | None = None,
        setup: MarketSetup = DEFAULT_SETUP,
    ) -> None:
        """`projector`: the one that follows the log, if there is one; `setup`: has the built-in rules."""
        self._log = log
        self._persona = persona
        self._built_in = {
            rule.rule_id: {**rule.model_dump(mode="json"), "built_in": True} for rule in setup.rules
        }
        self.projector = projector or Projector(log, PUBLIC_STATE)

    async def now(self, channels: frozenset[Channel] = ALL_CHANNELS) -> dict[str, Any]:
        """The state at the head."""
        return await self._shown(await self.projector.now(), channels)

    async def at_position(
        self, position: int, channels: frozenset[Channel] = ALL_CHANNELS
    ) -> dict[str, Any]:
        """The state right after a position of the log.

        Raises:
            PositionBeyondHead: the position has not been recorded yet.
            ProjectionParked: it lies beyond an event that this program cannot read.
        """
        return await self._shown(await self.projector.at_position(position), channels)

    async def at_time(
        self,
        at: datetime | None,
        known_at: datetime | None,
        channels: frozenset[Channel] = ALL_CHANNELS,
    ) -> dict[str, Any]:
        """The state at market time `at`, as it was known at commit time `known_at`.

        Raises:
            ProjectionParked: an event up to then cannot be read by this program.
        """
        at_us = None if at is None else to_micros(at)
        known_at_us = None if known_at is None else to_micros(known_at)
        return await self._shown(await self.projector.at_time(at_us, known_at_us), channels)

    async def _shown(
        self, fold: Folded[public_state.PublicState], channels: frozenset[Channel]
    ) -> dict[str, Any]:
        state, rules = fold.state, self._built_in
        if channels != ALL_CHANNELS:
            state = public_state.visible(state, channels)
            rules = rules if Channel.SYSTEM in channels else {}
        # Before giving way to the loop: the fold may be the one that is served, which goes on.
        shown = public_state.present(state, self._persona, rules)
        position, times = fold.position, (fold.occurred_at_us, fold.recorded_at_us)
        body = {"epoch": self._log.head.epoch, "position": position, **shown}
        if channels != ALL_CHANNELS:
            times = await self._newest_seen(position, fold.occurred_at_us, channels)
        occurred_at, recorded_at = map(_time, times)
        return {
            **body,
            "state_hash": await _hash_aside(body),
            "as_of": {
                "position": position,
                "occurred_at": occurred_at,
                "recorded_at": recorded_at,
            },
            "disclaimer": DISCLAIMER,
        }

    async def _newest_seen(
        self, position: int, occurred_upto_us: int | None, channels: frozenset[Channel]
    ) -> tuple[int | None, int | None]:
        """The times of the newest event of some channels: those of others would tell of what is hidden."""
        query = ReadQuery(
            upto=position,
            selection=Selection.of(channels),
            occurred_upto_us=occurred_upto_us,
            limit=1,
            descending=True,
        )
        for event in await self._log.read(query):
            return event.occurred_at_us, event.recorded_at_us
        return None, None


async def _hash_aside(body: dict[str, Any]) -> str:
    """`state_hash`; in a thread where it takes long."""
    if len(body["symbols"]) <= SYMBOLS_HASHED_AT_ONCE:
        return state_hash(body)
    return await asyncio.to_thread(state_hash, body)


def state_hash(body: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a state without its persona, hexadecimal."""
    symbols = {
        name: {key: value for key, value in entry.items() if key != "persona"}
        for name, entry in body["symbols"].items()
    }
    return hashlib.sha256(rfc8785.dumps({**body, "symbols": symbols})).hexdigest()


def _time(micros: int | None) -> str | None:
    return None if micros is None else format_micros(micros)
