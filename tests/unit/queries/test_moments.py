"""A moment in a query: a position, a market time, a date, the head, the last shift."""

from datetime import UTC, date, datetime

import pytest

from app.ingest import TickIngest
from app.moments import (
    HEAD,
    LAST_SHIFT,
    POSITION_MAX,
    Moment,
    bound_of,
    moment_text,
    parse_bound,
    parse_moment,
)
from app.queries.moments import (
    UnknownMoment,
    last_shift,
    state_at,
)
from app.queries.reader import LogReader
from events.codec import payload_fields
from events.errors import PositionBeyondHead
from events.log import EventLog
from tests.unit.market.builders import DAY, START, bars


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("head", HEAD),
        ("last-shift", LAST_SHIFT),
        ("2008-10-10", datetime(2008, 10, 10, 23, 59, 59, 999999, tzinfo=UTC)),
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
        "2008-13-01",
        "20081010T",
        "2008-10-10T21:00:00",
        str(POSITION_MAX + 1),
        "٣",
        None,
    ],
)
def test_anything_else_is_refused_in_words(text: object) -> None:
    with pytest.raises(ValueError, match="must be a position"):
        parse_moment(text)


def test_a_date_begins_and_ends_with_its_day() -> None:
    begin, end = datetime(2008, 9, 15, tzinfo=UTC), datetime(2008, 9, 15, 23, 59, 59, 999999, UTC)
    assert [parse_bound("2008-09-15", end=last) for last in (False, True)] == [begin, end]
    assert [bound_of(date(2008, 9, 15), end=last) for last in (False, True)] == [begin, end]
    assert parse_bound("2008-09-15T14:00:00Z", end=True) == begin.replace(hour=14)
    assert bound_of(begin, end=True) == begin


def test_a_bound_that_is_no_time_is_refused_in_words() -> None:
    for bad in ("head", "12", "2008-9-15", "2008-02-30"):
        with pytest.raises(ValueError, match="must be a time such as"):
            parse_bound(bad, end=False)
    with pytest.raises(ValueError, match="has no offset"):
        bound_of(datetime(2008, 9, 15), end=False)


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("2008-09-15T09:00", "2008-09-15T09:00:00Z"),
        ("2008-09-15T09:00:30", "2008-09-15T09:00:30Z"),
        ("2008-09-15 09:00", "2008-09-15T09:00:00Z"),
    ],
)
def test_a_time_without_an_offset_is_told_what_to_add(given: str, whole: str) -> None:
    told = f"{given} has no offset: add Z for UTC, as {whole}"
    with pytest.raises(ValueError, match=told):
        parse_moment(given)
    with pytest.raises(ValueError, match=told):
        parse_bound(given, end=True)
    assert parse_moment(whole) == parse_bound(whole, end=True)


@pytest.mark.parametrize(
    "given",
    ["2008-09-15", "0800-09-15", "2008-09-15T09:00:00Z", "0800-09-15T09:00:00.000050Z"],
)
def test_a_moment_is_written_as_it_may_be_given_again(given: str) -> None:
    assert moment_text(parse_moment(given)) == given


@pytest.mark.parametrize(
    ("moment", "text"), [(7, "position 7"), ("head", "head"), ("last-shift", "last-shift")]
)
def test_a_moment_that_is_no_time_is_told_in_words(moment: Moment, text: str) -> None:
    assert moment_text(moment) == text


async def test_each_form_leads_to_its_state(log: EventLog, reader: LogReader) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["1", "2", "3"]), "api")
    prices = [
        (await state_at(reader, moment))["symbols"]["SPX"]["price"]
        for moment in (HEAD, 1, START + DAY)
    ]
    assert prices == ["3", "1", "2"]
    with pytest.raises(PositionBeyondHead):
        await state_at(reader, 1_000)


async def test_the_last_shift_is_the_update_that_changed_a_regime(
    log: EventLog, reader: LogReader
) -> None:
    with pytest.raises(UnknownMoment, match="no shift in this log"):
        await last_shift(reader)
    ingest = await TickIngest.open(log)
    falls = [f"{100 * 0.96**day:.2f}" for day in range(60)]
    await ingest.record(bars(falls), "api")
    with pytest.raises(UnknownMoment, match="no shift of IXIC"):
        await last_shift(reader, "IXIC")
    position = await last_shift(reader, "SPX")
    (shift,) = await log.store.read_at([position])
    told = payload_fields(shift)
    assert told["previous_regime"] not in {None, told["regime"]}
    assert (await state_at(reader, LAST_SHIFT))["position"] == position
    episodes = (await reader.episodes.now()).state["SPX"].episodes()
    assert episodes[-1].position == position
