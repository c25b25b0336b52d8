"""A feed is described by one text; a wrong one is refused in one sentence, before anything is opened."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.feeds.base import Feed, FeedSpecError, ResumePoint
from app.feeds.simulated import SimulatedFeed
from app.feeds.specs import GAP_BARS_MAX, parse_feed, parse_feeds
from app.market.ticks import PriceTick

Write = Callable[[str, str], Path]

BARS = "date,close\n2020-01-06,100\n2020-01-07,101\n2020-01-08,102\n"
LATE = "2000-01-01,none\n"
TICKS = "timestamp,price\n2020-01-06T10:00:00Z,5\n2020-01-06T10:00:01Z,6\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


async def played(feed: Feed, resume: dict[str, ResumePoint] | None = None) -> list[PriceTick]:
    return [tick async for tick in feed.ticks(resume or {})]


async def prices(spec: str) -> list[Decimal]:
    return [tick.price for tick in await played(parse_feed(spec))]


async def test_a_file_is_played_as_its_options_say(write: Write) -> None:
    write("spx.csv", BARS)
    feed = parse_feed("csv:spx.csv?symbol=GSPC&bars_per_s=max&since=2020-01-07&name=us-stocks")
    assert (feed.name, feed.source, feed.symbols) == ("us-stocks", "feed:us-stocks", ("GSPC",))
    assert (feed.stalls_after_s, feed.gap_bars) == (None, 5)
    assert [tick.price for tick in await played(feed)] == [101, 102]


async def test_a_file_names_its_symbol_and_its_feed_unless_told_otherwise(write: Write) -> None:
    path = write("S P x.csv", BARS)
    with pytest.raises(FeedSpecError, match="names no symbol"):
        parse_feed(f"csv:{path}")
    assert parse_feed(f"csv:{path}?symbol=SPX").name == "s-p-x"
    write("brent.oil.csv", BARS)
    feed = parse_feed("csv:brent.oil.csv")
    assert (feed.name, feed.symbols) == ("brent-oil", ("BRENT.OIL",))


async def test_a_folder_is_one_feed_of_all_its_files(write: Write) -> None:
    write("prices/spx.csv", BARS)
    write("prices/ixic.csv", "date,close\n2020-01-07,201\n")
    feed = parse_feed("csv:prices/?speed=max")
    assert (feed.name, feed.symbols) == ("prices", ("IXIC", "SPX"))
    assert [tick.price for tick in await played(feed)] == [100, 201, 101, 102]


async def test_bars_may_close_at_another_time_and_lie_further_apart(write: Write) -> None:
    write("dax.csv", BARS)
    feed = parse_feed(
        "csv:dax.csv?speed=max&close_time=16:30&gap_bars=30&since=2020-01-08T16:30:00Z"
    )
    (bar,) = await played(feed)
    assert bar.timestamp == datetime(2020, 1, 8, 16, 30, tzinfo=UTC)
    assert feed.gap_bars == 30


@pytest.mark.parametrize("yes", ["true", "1"])
async def test_a_file_may_hold_bare_ticks(write: Write, yes: str) -> None:
    write("btc.csv", TICKS)
    feed = parse_feed(f"csv:btc.csv?ticks={yes}&bars_per_s=max")
    assert [(int(tick.price), tick.bar_s) for tick in await played(feed)] == [(5, None), (6, None)]


async def test_prices_may_be_rounded(write: Write) -> None:
    write("aapl.csv", "Date,Close\n2024-01-02 00:00:00-05:00,184.5329284667969\n")
    write("ticks.csv", "time,price\n2024-01-02T10:00:00Z,127.80000000000001\n")
    assert await prices("csv:aapl.csv?round=4") == [Decimal("184.5329")]
    assert await prices("csv:ticks.csv?ticks=true&round=0") == [Decimal(128)]


async def test_special_characters_are_written_as_in_addresses(write: Write) -> None:
    write("what?&.csv", BARS)
    assert await prices("csv:what%3F%26.csv?symbol=A%2FB&bars_per_s=max") == [100, 101, 102]
    offset = "csv:what%3F%26.csv?symbol=X&bars_per_s=max&since=2020-01-08T00:00:00+02:00"
    assert await prices(offset) == [102]


async def test_a_simulation_has_a_seed_a_pace_and_a_name() -> None:
    feed = parse_feed("simulated:XYZ?seed=7&bars_per_s=5")
    assert isinstance(feed, SimulatedFeed)
    assert (feed.name, feed.source, feed.symbols) == ("simulated-xyz", "simulated", ("XYZ",))
    first = await anext(aiter(feed.ticks({})))
    assert first.price == (await anext(aiter(SimulatedFeed(7, "XYZ").ticks({})))).price
    plain = parse_feed("simulated:")
    assert (plain.name, plain.symbols) == ("simulated", ("SIM",))
    assert parse_feed("simulated:SIM?name=other").name == "other"


def test_an_exchange_is_handed_its_own_options() -> None:
    pytest.importorskip("ccxt")
    feed = parse_feed("exchange:kraken?symbols=BTC/USD,ETH/USD&name=live&stalls_after_s=30")
    assert (feed.name, feed.source) == ("live", "feed:live")
    assert feed.symbols == ("BTC/USD", "ETH/USD")
    assert feed.stalls_after_s == 30


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "is no feed"),
        ("spx.csv", "csv:PATH"),
        ("ftp://host/spx.csv", "is no feed"),
        ("csv:", "csv:PATH"),
        ("csv:?symbol=X", "csv:PATH"),
        ("csv:none.csv", "no file and no folder none.csv"),
        ("csv:spx.csv?speed=5", "1d/s"),
        ("csv:spx.csv?speed=0d/s", "greater than 0"),
        ("csv:spx.csv?speed=600w/s", "ten years"),
        ("csv:spx.csv?speed=-1d/s", "1d/s"),
        ("csv:spx.csv?bars_per_s=0", "0.001"),
        ("csv:spx.csv?bars_per_s=nan", "number"),
        ("csv:spx.csv?bars_per_s=1000000", "100000"),
        ("csv:spx.csv?bars_per_s=1&speed=1d/s", "speed is there twice"),
        ("csv:spx.csv?symbol=no%20spaces", "'no spaces' is no symbol"),
        ("csv:spx.csv?name=No", "name=No"),
        ("csv:spx.csv?since=soon", "since=soon"),
        ("csv:spx.csv?since=2022", "must be a date such as 2008-01-01, or an RFC 3339 time"),
        ("csv:spx.csv?since=2020-02-30", "since=2020-02-30"),
        ("csv:spx.csv?since=2020-01-01T00:00:00", "offset"),
        ("csv:spx.csv?close_time=9", "21:00"),
        ("csv:spx.csv?close_time=25:00", "close_time=25:00: must be a time of day in UTC"),
        ("csv:spx.csv?close_time=09:60", "from 00:00 to 23:59"),
        ("csv:spx.csv?round=13", "round=13: must be a whole number from 0 to 12"),
        ("csv:spx.csv?round=-1", "from 0 to 12"),
        ("csv:late.csv", "late.csv, line 302: close 'none'"),
        ("csv:late.csv?sped=1", "no option sped"),
        ("csv:fine.csv", "has 13 digits after the point; at most 12 (see round)"),
        ("csv:spx.csv?ticks=yes", "true or false"),
        ("csv:spx.csv?ticks=true", "line 2: date"),
        (f"csv:spx.csv?gap_bars={GAP_BARS_MAX + 1}", "whole number from 1"),
        ("csv:spx.csv?sped=1d/s", "no option sped"),
        ("csv:spx.csv?symbol", "'symbol' has no value"),
        ("csv:spx.csv?symbol=", "'symbol' has no value"),
        ("csv:spx.csv?name=a&name=b", "name is there twice"),
        ("csv:bad.csv", "bad.csv, line 1: close is missing"),
        ("csv:empty", "no .csv file"),
        ("csv:folder?symbol=SPX", "leave out symbol"),
        ("csv:folder", "bad.csv, line 1"),
        ("simulated:two words", "is no symbol"),
        ("simulated:SIM?seed=-1", "seed=-1"),
        ("simulated:SIM?seed=1.5", "whole number"),
        ("simulated:SIM?bars_per_s=max", "number from 0.001 to 1000"),
        ("simulated:SIM?symbol=X", "no option symbol"),
        ("exchange:", "names no exchange"),
        ("exchange:Kraken?symbols=BTC/USD", "names no exchange"),
        ("exchange:kraken", "names no symbols"),
        ("exchange:kraken?symbols=BTC/USD,", "'' is no symbol"),
        ("exchange:kraken?symbols=BTC/USD,BTC/USD", "twice"),
        ("exchange:kraken?symbols=BTC/USD&mode=guess", "mode"),
    ],
)
def test_a_wrong_spec_is_refused_in_one_sentence(write: Write, spec: str, says: str) -> None:
    write("spx.csv", BARS)
    write("bad.csv", "date,open\n2020-01-06,1\n")
    write("late.csv", "date,close\n" + "".join(f"{n}-01-01,1\n" for n in range(1000, 1300)) + LATE)
    write("fine.csv", "date,close\n2024-01-02,184.5329284667969\n")
    write("folder/good.csv", BARS)
    write("folder/bad.csv", "date,open\n2020-01-06,1\n")
    write("empty/readme.txt", "")
    with pytest.raises(FeedSpecError) as caught:
        parse_feed(spec)
    assert says in str(caught.value)
    assert repr(spec) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_feeds_are_played_side_by_side(write: Write) -> None:
    write("spx.csv", BARS)
    feeds = parse_feeds(["csv:spx.csv", "simulated:SIM", "simulated:B?seed=2"])
    assert [feed.name for feed in feeds] == ["spx", "simulated", "simulated-b"]
    assert parse_feeds([]) == ()


def test_two_feeds_of_one_name_or_of_one_symbol_are_refused(write: Write) -> None:
    write("spx.csv", BARS)
    with pytest.raises(FeedSpecError, match="two feeds are named spx"):
        parse_feeds(["csv:spx.csv", "simulated:SIM?name=spx"])
    with pytest.raises(FeedSpecError, match="spx and simulated-spx both bring SPX"):
        parse_feeds(["csv:spx.csv", "simulated:SPX"])
