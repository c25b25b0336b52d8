"""One event by id or position, with its place in the chain, its causes and its effects."""

import re
from typing import Any, Final
from uuid import UUID

import orjson

from app.access.grant import ALL_CHANNELS
from app.queries.reader import LogReader
from app.stream.transport import present_text
from events.catalog import Channel
from events.envelope import RecordedEvent
from events.store import ReadQuery

CAUSES_MAX: Final = 20
"""Causes that are followed back, each of the one before it."""

EFFECTS_LOOKED_AT: Final = 500
"""Positions after an event that are looked at for its effects: nearly all are in its own append."""

TRADES_LOOKED_AT: Final = 100
"""Trades after an event that are looked at, too: the paper trader acts on a shift a bar later."""

_POSITION: Final = re.compile(r"[0-9]{1,15}")


class HiddenEvent(Exception):
    """An event of a channel that whoever asks may not see."""


async def one_event(
    reader: LogReader, ref: str, channels: frozenset[Channel] = ALL_CHANNELS
) -> dict[str, Any] | None:
    """An event as the socket carries it, and what surrounds it; None where there is none.

    `causes` begins with the direct one; `effects` are those events that it directly caused, in the order of
    the log, among the next `EFFECTS_LOOKED_AT` positions and the next `TRADES_LOOKED_AT` trades. Both without those of other
    `channels`; where there are such, the ids of the chain that are theirs are null, and so is the hash.

    Raises:
        HiddenEvent: the one at this position is of another channel. By its id there is none: ids follow from what
            an event says, so that one could be guessed.
    """
    event = await _find(reader, ref)
    if event is None:
        return None
    if not _is_of(event, channels):
        if not _POSITION.fullmatch(ref):
            return None
        raise HiddenEvent("this event is of a channel that what you sent does not cover")
    seen = await _seen(reader, event, channels)
    return {
        "event": _message(event),
        "schema_version": event.schema_version,
        "hash": event.hash.hex() if channels == ALL_CHANNELS else None,
        "correlation_id": str(event.correlation_id) if event.correlation_id in seen else None,
        "causation_id": str(event.causation_id) if event.causation_id in seen else None,
        "causes": [
            _message(cause) for cause in await _causes(reader, event) if _is_of(cause, channels)
        ],
        "effects": [
            _message(effect) for effect in await _effects(reader, event) if _is_of(effect, channels)
        ],
    }


def _is_of(event: RecordedEvent, channels: frozenset[Channel]) -> bool:
    # What a newer program recorded may be of a channel that has no name here: only who sees all sees that.
    return channels == ALL_CHANNELS or event.stream.partition(":")[0] in channels


async def _seen(reader: LogReader, event: RecordedEvent, channels: frozenset[Channel]) -> set[UUID]:
    """The ids of an event's chain that may be told."""
    chain = {each for each in (event.correlation_id, event.causation_id) if each is not None}
    if channels == ALL_CHANNELS:
        return chain
    found = await reader.log.store.find(list(chain))
    return {of for of, each in found.items() if _is_of(each, channels)}


def _message(event: RecordedEvent) -> Any:
    return orjson.Fragment(present_text(event))


async def _find(reader: LogReader, ref: str) -> RecordedEvent | None:
    if _POSITION.fullmatch(ref):
        return next(iter(await reader.log.store.read_at([int(ref)])), None)
    try:
        event_id = UUID(ref)
    except ValueError:
        return None
    return (await reader.log.store.find([event_id])).get(event_id)


async def _causes(reader: LogReader, event: RecordedEvent) -> list[RecordedEvent]:
    causes: list[RecordedEvent] = []
    while (wanted := event.causation_id) is not None and len(causes) < CAUSES_MAX:
        found = (await reader.log.store.find([wanted])).get(wanted)
        if found is None:
            break
        causes.append(event := found)
    return causes


async def _effects(reader: LogReader, event: RecordedEvent) -> list[RecordedEvent]:
    store, after = reader.log.store, event.position
    near = await store.read(ReadQuery(after=after, limit=EFFECTS_LOOKED_AT))
    trades = ReadQuery(
        after=after + EFFECTS_LOOKED_AT,
        types=frozenset({"trade_execution"}),
        limit=TRADES_LOOKED_AT,
    )
    return [
        each for each in [*near, *await store.read(trades)] if each.causation_id == event.event_id
    ]
