"""A session, driven by hand over a planted log."""

from collections.abc import Sequence

from app.stream.protocol import (
    SubscriptionConfirmedPayload,
)
from app.stream.session import (
    Effect,
    OpenHistory,
    Say,
    Send,
    Session,
    Stage,
)
from events.catalog import Record
from events.chain import GENESIS
from events.envelope import Head
from events.messages import EventText, event_text, text_with
from events.store import ReadQuery
from events.subscription import ReadPositions
from tests.unit.events.builders import notice, price, recorded, regime
from tests.unit.stream.talk import subscribe

# 1 prices:A, 2 prices:B, 3 regime:A, 4 system, 5 prices:A, ...
ROUND = (price("A"), price("B"), regime("A"), notice())
RECORDED = recorded([payload for _ in range(10) for payload in ROUND])
LOG = [text_with(event, event_text) for event in RECORDED]


def head(position: int) -> Head:
    return Head("epoch-1", position, GENESIS, 0)


def said(effects: Sequence[Effect]) -> list[Record]:
    return [effect.payload for effect in effects if isinstance(effect, Say)]


def sent(effects: Sequence[Effect]) -> list[int]:
    return [e.position for effect in effects if isinstance(effect, Send) for e in effect.events]


def opened(
    session: Session, text: str, at: int, after: int, positions: Sequence[int] = ()
) -> SubscriptionConfirmedPayload:
    """Let a client subscribe; the head is `at`, the history begins after `after`."""
    (effect,) = session.receive(text)
    assert isinstance(effect, OpenHistory)
    (payload,) = said([session.open(effect.request, head(at), after, positions)])
    assert isinstance(payload, SubscriptionConfirmedPayload)
    return payload


def read(asked: ReadQuery | ReadPositions) -> list[EventText]:
    if isinstance(asked, ReadPositions):
        return [LOG[position - 1] for position in asked.positions]
    found = [event.position for event in RECORDED if asked.accepts(event)]
    return [LOG[position - 1] for position in found[: asked.limit]]


def step(session: Session, stage: Stage) -> list[Effect]:
    """What a driver does for one stage in one round."""
    asked = session.next_read(stage)
    if asked is None:
        return session.join(stage)
    return session.page(stage, asked, read(asked))


def catch_up(session: Session) -> list[Effect]:
    """Drive every stage until all are live."""
    effects: list[Effect] = []
    while session.stages:
        for stage in list(session.stages):
            effects += step(session, stage)
    return effects


def follow(session: Session, upto: int) -> list[Effect]:
    """Hand over the tail from the cursor."""
    assert session.cursor is not None
    return session.tail(LOG[session.cursor : upto])


def live(text: str = "", at: int = 4) -> Session:
    """A session with one subscription, live at a position."""
    session = Session(15)
    opened(session, text or subscribe(history="none"), at, at)
    catch_up(session)
    assert session.cursor == at
    return session
