"""The public state, now or at a moment of the past: the projection that `GET /api/state` shows."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from app.market import public_state
from app.market.persona import Persona
from app.market.strategy import DISCLAIMER
from events.envelope import RecordedEvent
from events.errors import PositionBeyondHead
from events.log import TAIL_EVENTS, EventLog
from events.projection import in_market_order
from events.scalars import format_micros, to_micros
from events.store import ReadQuery

_FOLD_PAGE = 2_000


@dataclass(slots=True)
class _Fold:
    """A state, and the newest of what went into it."""

    state: public_state.PublicState
    position: int = 0
    occurred_at_us: int | None = None
    recorded_at_us: int | None = None

    def apply(self, event: RecordedEvent) -> None:
        self.state = public_state.apply(self.state, event)
        self.position = max(self.position, event.position)
        self.occurred_at_us = max(self.occurred_at_us or event.occurred_at_us, event.occurred_at_us)
        self.recorded_at_us = max(self.recorded_at_us or 0, event.recorded_at_us)


class LiveState:
    """Keeps the present state folded; moments of the past are folded when they are asked for."""

    def __init__(self, log: EventLog, persona: Persona) -> None:
        self._log = log
        self._persona = persona
        self._fold = _Fold(public_state.initial())

    async def now(self) -> dict[str, Any]:
        """The state at the head."""
        head = self._log.head.position
        recent = self._log.tail.after(self._fold.position, TAIL_EVENTS)
        if recent is None:
            query = ReadQuery(after=self._fold.position, upto=head, limit=_FOLD_PAGE)
            recent = [event async for event in self._log.stream(query)]
        for event in recent:
            # Another request may have folded some of these while this one was reading.
            if event.position > self._fold.position:
                self._fold.apply(event)
        return self._present(self._fold)

    async def at_position(self, position: int) -> dict[str, Any]:
        """The state right after a position of the log.

        Raises:
            PositionBeyondHead: the position has not been recorded yet.
        """
        if position > self._log.head.position:
            raise PositionBeyondHead(position, self._log.head.position)
        fold = _Fold(public_state.initial())
        async for event in self._log.stream(ReadQuery(upto=position, limit=_FOLD_PAGE)):
            fold.apply(event)
        fold.position = position
        return self._present(fold)

    async def at_time(self, at: datetime | None, known_at: datetime | None) -> dict[str, Any]:
        """The state at market time `at`, as it was known at commit time `known_at`."""
        query = ReadQuery(
            occurred_upto_us=None if at is None else to_micros(at),
            recorded_upto_us=None if known_at is None else to_micros(known_at),
            limit=_FOLD_PAGE,
        )
        fold = _Fold(public_state.initial())
        for event in in_market_order([event async for event in self._log.stream(query)]):
            fold.apply(event)
        return self._present(fold)

    def _present(self, fold: _Fold) -> dict[str, Any]:
        shown = public_state.present(fold.state, self._persona)
        body = {"epoch": self._log.head.epoch, "position": fold.position, **shown}
        return {
            **body,
            "state_hash": state_hash(body),
            "as_of": {
                "position": fold.position,
                "occurred_at": _time(fold.occurred_at_us),
                "recorded_at": _time(fold.recorded_at_us),
            },
            "disclaimer": DISCLAIMER,
        }


def state_hash(body: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a state without its persona, hexadecimal."""
    symbols = {
        name: {key: value for key, value in entry.items() if key != "persona"}
        for name, entry in body["symbols"].items()
    }
    return hashlib.sha256(rfc8785.dumps({**body, "symbols": symbols})).hexdigest()


def _time(micros: int | None) -> str | None:
    return None if micros is None else format_micros(micros)
