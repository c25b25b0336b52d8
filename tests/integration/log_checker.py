"""What a reader of the log must have seen: everything, once, in order, unaltered. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from events.chain import GENESIS, check_chain
from events.envelope import RecordedEvent
from events.errors import BrokenChain, PositionGap
from tests.simulation.spans import span_of


def faults_of(
    seen: Sequence[RecordedEvent], acknowledged: Mapping[UUID, int], head: int
) -> list[str]:
    """What is wrong with what a reader has seen, a line each; nothing when all is well.

    Args:
        seen: the events in the order in which they came, from the first one.
        acknowledged: the position that each append was told, by event id.
        head: how far the log reaches.
    """
    return [
        *_order_faults(seen, head),
        *_acknowledgement_faults(seen, acknowledged),
        *_chain_faults(seen),
    ]


def _order_faults(seen: Sequence[RecordedEvent], head: int) -> list[str]:
    found = [str(finding) for finding in span_of(seen).findings()]
    return found if len(seen) == head else [*found, f"{len(seen)} events came, not {head}"]


def _acknowledgement_faults(
    seen: Sequence[RecordedEvent], acknowledged: Mapping[UUID, int]
) -> list[str]:
    places: dict[UUID, list[int]] = {}
    for event in seen:
        places.setdefault(event.event_id, []).append(event.position)
    found = [f"{key} came {len(at)} times" for key, at in places.items() if len(at) > 1]
    found += [
        f"{key} was acknowledged at {position} and came at {places.get(key, 'none')}"
        for key, position in acknowledged.items()
        if places.get(key, [])[:1] != [position]
    ]
    return found


def _chain_faults(seen: Sequence[RecordedEvent]) -> list[str]:
    try:
        check_chain(GENESIS, 0, seen)
    except (BrokenChain, PositionGap) as error:
        return [str(error)]
    return []
