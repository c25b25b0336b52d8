"""A moment in a query: a position, a market time, or the head."""

from datetime import UTC, datetime

import pytest

from app.api.moments import HEAD, POSITION_MAX, parse_moment, state_at
from app.ingest import TickIngest
from app.live_state import LiveState
from app.market.persona import PERSONAS
from events.errors import PositionBeyondHead
from events.log import EventLog
from tests.unit.market.builders import DAY, START, bars


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("head", HEAD),
        ("0", 0),
        ("0012", 12),
        (str(POSITION_MAX), POSITION_MAX),
        ("2008-10-10T21:00:00Z", datetime(2008, 10, 10, 21, tzinfo=UTC)),
        ("2008-10-10T21:00:00 02:00", datetime(2008, 10, 10, 19, tzinfo=UTC)),
    ],
)
def test_each_form_is_read(text: str, moment: object) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1e3",
        "HEAD",
        "2008-10-10",
        "2008-10-10T21:00:00",
        str(POSITION_MAX + 1),
        "٣",
        None,
    ],
)
def test_anything_else_is_refused_in_words(text: object) -> None:
    with pytest.raises(ValueError, match="must be a position"):
        parse_moment(text)


async def test_each_form_leads_to_its_state(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["1", "2", "3"]), "api")
    live = LiveState(log, PERSONAS["minimax"])
    prices = [
        (await state_at(live, moment))["symbols"]["SPX"]["price"]
        for moment in (HEAD, 1, START + DAY)
    ]
    assert prices == ["3", "1", "2"]
    with pytest.raises(PositionBeyondHead):
        await state_at(live, 1_000)
