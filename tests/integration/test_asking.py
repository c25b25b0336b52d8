"""`connect`: the same questions over HTTP and straight on the file, with the same answers."""

# covers: app.client.connect, app.client.log, app.client.events, app.client.shift, app.client.source
# covers: app.log_file, app.opened, app.queries.selected, app.queries.followed, app.answers.state, app.answers.bars

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.client import Event, Log, LogUnavailable, QuestionRefused, connect
from app.client.source import EventQuery, Params
from app.feeds.samples import SAMPLES
from app.market.strategy import DISCLAIMER
from events.catalog import PriceUpdate, Regime, RegimeUpdate
from tests.integration.served import Served, daily, day, new_symbol, serving

BARS = 900
FOUND = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def recorded(folder: Path) -> Iterator[Served]:
    """The first bars of the S&P 500 from 1999 on, and what followed from them."""
    with serving(folder, paper="main=SPX") as served:
        bars = list(islice(SAMPLES["SPX"].bars(), BARS))
        prices = [
            {
                "symbol": "SPX",
                "price": str(bar.price),
                "timestamp": bar.timestamp.isoformat(),
                "bar_s": 86_400,
            }
            for bar in bars
        ]
        served.post_prices(*prices)
        served.post_prices(daily("OTHER", "5.00", 0), daily("OTHER", "5.10", 1))
        yield served


@pytest.fixture
def both(recorded: Served, folder: Path) -> Iterator[tuple[Log, Log]]:
    with connect(recorded.url) as served, connect(folder / "synapse.db") as file:
        yield served, file


@pytest.fixture(params=["http", "file"])
def log(recorded: Served, folder: Path, request: pytest.FixtureRequest) -> Iterator[Log]:
    target = recorded.url if request.param == "http" else folder / "synapse.db"
    with connect(target) as opened:
        yield opened


QUESTIONS: list[tuple[str, Params]] = [
    ("/api/state", {}),
    ("/api/state", {"position": 1_234, "symbol": "SPX"}),
    ("/api/state", {"at": datetime(2001, 1, 1, tzinfo=UTC)}),
    ("/api/state", {"known_at": datetime(2001, 1, 1, tzinfo=UTC)}),
    ("/api/episodes", {}),
    ("/api/episodes", {"symbol": "SPX", "since": datetime(2000, 6, 1, tzinfo=UTC), "limit": 3}),
    ("/api/transitions", {"position": 2_000}),
    ("/api/explain", {"symbol": "SPX", "at": "last-shift"}),
    ("/api/compare", {"a": 500, "b": "head", "symbol": "SPX"}),
    ("/api/bars", {"symbol": "SPX", "points": 50}),
    ("/api/bars", {"symbol": "OTHER", "bar_s": 3_600}),
    ("/api/events/700", {}),
]


@pytest.mark.parametrize(("path", "params"), QUESTIONS)
def test_both_answer_alike_to_the_byte(both: tuple[Log, Log], path: str, params: Params) -> None:
    served, file = (log._source.answer(path, params) for log in both)
    assert served == file


@pytest.mark.parametrize("newest", [False, True])
def test_both_give_the_very_same_texts_of_events(both: tuple[Log, Log], newest: bool) -> None:
    query = EventQuery(after=100, channels=("regime", "prices"), symbols=("SPX",))
    served, file = (
        [text.encode() if isinstance(text, str) else text for text in page]
        for page in (log._source.page(query, 50, newest=newest) for log in both)
    )
    assert served == file
    assert len(file) == 50


def test_events_come_in_order_page_after_page(log: Log, recorded: Served) -> None:
    positions = [event.position for event in log.events()]
    assert len(positions) > 2 * FOUND
    assert positions == list(range(1, recorded.head() + 1))
    assert [event.position for event in log.events(last=FOUND + 5)] == positions[-FOUND - 5 :]
    assert [event.position for event in log.events(limit=FOUND + 5)] == positions[: FOUND + 5]
    assert [event.position for event in log.events(after=5, before=9)] == [6, 7, 8]
    assert list(log.events(limit=0)) == list(log.events(last=0)) == []


def test_events_can_be_chosen_by_day_stream_and_type(log: Log) -> None:
    found = list(log.events(since="2000-03-01", until=date(2000, 3, 31), types=["price_update"]))
    assert {event.occurred_at.strftime("%Y-%m") for event in found} == {"2000-03"}
    assert all(isinstance(event.payload, PriceUpdate) for event in found)
    only = list(log.events(channels=["regime"], symbols="OTHER"))
    assert {event.stream for event in only} == {"regime:OTHER"}


def test_an_iterable_of_events_can_be_gone_through_again(log: Log) -> None:
    events = log.events(limit=3)
    assert list(events) == list(events)


def test_episodes_tile_time_and_become_tables(log: Log) -> None:
    episodes = log.episodes("SPX")
    assert [each.end for each in episodes[:-1]] == [each.start for each in episodes[1:]]
    assert episodes[-1].end is None
    frame = episodes.to_pandas()
    assert list(frame["position"]) == [each.position for each in episodes]
    assert str(frame["start"].dtype) == "datetime64[us, UTC]"
    assert frame["end_price"].dtype == "float64"
    assert "return" in frame.columns
    lazy = episodes.to_polars()
    assert lazy["return"].to_list() == [each.total_return for each in episodes]
    assert log.episodes("SPX", limit=1).to_pandas().shape == (1, frame.shape[1])
    assert list(log.episodes("SPX", since="1998-01-01", until="1998-12-31")) == []
    assert log.episodes("SPX", until="1998-12-31").to_polars().columns == lazy.columns


def test_events_become_tables(log: Log) -> None:
    events = log.events(channels=["regime"], symbols=["SPX"], last=5)
    frame = events.to_pandas()
    assert list(frame["position"]) == [event.position for event in events]
    assert set(frame["regime"]) <= {regime.value for regime in Regime}
    assert "timestamp" not in frame.columns
    assert events.to_polars()["confidence"].to_list() == list(frame["confidence"])
    assert log.events(limit=0).to_pandas().empty


def test_the_state_of_a_moment_is_typed(log: Log) -> None:
    then, now = log.state(at="2000-12-31"), log.state()
    assert then.symbols["SPX"].price != now.symbols["SPX"].price
    assert then.disclaimer == DISCLAIMER
    assert "OTHER" not in then.symbols
    assert log.state(position=then.as_of.position).position == then.as_of.position
    assert log.state(known_at="2000-12-31").position == 0
    assert {"OTHER", "SPX"} <= set(log.symbols())


def test_a_shift_is_explained_by_what_caused_it_and_what_it_caused(log: Log) -> None:
    shift = log.shift("last-shift", "SPX")
    assert shift.is_shift
    assert shift.update.previous_regime not in {None, shift.update.regime}
    assert shift.tick is not None
    assert shift.tick.occurred_at == shift.event.occurred_at
    assert [alert.type for alert in shift.alerts] == ["price_alert"]
    assert [trade.type for trade in shift.trades] == ["trade_execution"]
    assert shift.explanation.position == shift.event.position
    assert shift.explanation.regime is shift.update.regime
    begun = log.episodes("SPX")[-1]
    for moment in (shift.event.position, "head", begun.start, shift.tick.position + 10):
        assert log.shift(moment, "SPX").event == shift.event
    repeated = next(iter(log.events(channels=["regime"], symbols="SPX", after=begun.position)))
    again = log.shift(repeated.position)
    assert isinstance(again.event.payload, RegimeUpdate)
    assert not again.is_shift


def test_what_was_set_by_hand_is_a_shift_and_so_is_what_follows_it(
    log: Log, recorded: Served
) -> None:
    symbol = new_symbol()
    recorded.post_prices(*(daily(symbol, "100.00", number) for number in range(3)))
    by_hand = {"symbol": symbol, "regime": "CRASH", "confidence": 0.9}
    recorded.post("/api/broadcast/regime", by_hand)
    recorded.post_prices(daily(symbol, "100.00", 3))
    first, hand, after = log.episodes(symbol)
    assert (hand.regime, after.regime) == (Regime.CRASH, first.regime)
    for episode in (hand, after):
        shift = log.shift(episode.position)
        assert shift.is_shift
        assert shift.previous_regime is episode.previous_regime
        assert (shift.tick is None) is (episode is hand)
    assert not log.shift(first.position).is_shift


def test_a_bar_of_ticks_is_made_of_its_last_one(log: Log, recorded: Served) -> None:
    symbol = new_symbol()
    ticks = [
        {"symbol": symbol, "price": price, "timestamp": day(number, at)}
        for number, at, price in [
            (0, "10:00:00", "10"),
            (0, "20:00:00", "11"),
            (1, "09:00:00", "12"),
        ]
    ]
    recorded.post_prices(*ticks)
    (first,) = log.episodes(symbol)
    shift = log.shift(first.position)
    final = [
        event
        for event in log.events(channels=["regime"], symbols=symbol)
        if isinstance(event.payload, RegimeUpdate) and not event.payload.provisional
    ]
    assert shift.event == final[0]
    assert shift.tick is not None
    assert isinstance(shift.tick.payload, PriceUpdate)
    assert shift.tick.payload.price == 11


def test_a_late_price_does_not_empty_what_lies_between_two_days(log: Log, recorded: Served) -> None:
    before = log.compare("2000-03-01", "2000-03-31").counts
    assert before.events
    late = {"symbol": "SPX", "price": "1.00", "timestamp": "1999-01-03T21:00:00Z"}
    recorded.post_prices(late)
    assert log.compare("2000-03-01", "2000-03-31").counts == before
    in_march = list(log.events(since="2000-03-02", until="2000-03-31"))
    assert before.events == len(in_march)
    assert before.alerts == sum(event.type == "price_alert" for event in in_march)


def test_comparing_counting_and_drawing(log: Log) -> None:
    compared = log.compare("2000-01-31", "head", "SPX")
    assert compared.symbols["SPX"].price_change is not None
    assert compared.b.position == log.head().position
    counts = log.transitions("SPX")["SPX"].counts
    shifts = sum(sum(row.values()) for row in counts.values())
    assert shifts == len(log.episodes("SPX")) - 1
    bars = log.bars("SPX", since="2000-01-01", until="2000-01-31")
    assert 15 < len(bars) < 25
    assert bars[0].regime is not None
    assert len(log.bars("SPX", points=10)) == 10


REFUSED: list[tuple[Callable[[Log], Any], str, str]] = [
    (lambda log: log.episodes("SPY"), "unknown_symbol", "it has OTHER, SPX.*; did you mean SPX"),
    (lambda log: list(log.events(symbols=["spx"])), "unknown_symbol", "did you mean SPX"),
    (lambda log: log.explain("NONE"), "unknown_symbol", "no NONE"),
    (lambda log: log.bars("NONE"), "unknown_symbol", "no NONE"),
    (lambda log: log.state(symbol="NONE"), "unknown_symbol", "no NONE"),
    (lambda log: log.compare(1, symbol="NONE"), "unknown_symbol", "no NONE"),
    (lambda log: log.transitions("NONE"), "unknown_symbol", "no NONE"),
    (
        lambda log: log.episodes(since="2001-01-01", until="2000-01-01"),
        "empty_range",
        "ends before",
    ),
    (lambda log: log.events(after=9, before=9), "empty_range", "ends before"),
    (lambda log: log.state(at="yesterday"), "invalid_request", "must be a time such as"),
    (lambda log: log.state(at=datetime(2000, 1, 1)), "invalid_request", "has no offset"),
    (lambda log: log.state(at="2000-01-01", position=1), "invalid_request", "not both"),
    (lambda log: log.explain("SPX", "soon"), "invalid_request", "a moment must be a position"),
    (lambda log: log.compare("1999-13-01"), "invalid_request", "a moment must be a position"),
    (lambda log: log.events(limit=1, last=1), "invalid_request", "not both"),
    (lambda log: log.events(last=-1), "invalid_request", "must not be negative"),
    (lambda log: list(log.events(channels=["gossip"])), "invalid_request", "known: regime"),
    (lambda log: list(log.events(types=["gossip"])), "invalid_request", "known: regime_update"),
    (lambda log: log.state(position=10**9), "position_beyond_head", "beyond the head"),
    (lambda log: log.episodes(position=10**9), "position_beyond_head", "beyond the head"),
    (lambda log: log.compare(10**9), "position_beyond_head", "beyond the head"),
    (lambda log: log.event(10**9), "unknown_event", "there is no event"),
    (lambda log: log.state(position=-1), "invalid_request", "position must be 0 to"),
    (lambda log: log.events(after=-3), "invalid_request", "after must be 0 to"),
    (lambda log: log.episodes(limit=0), "invalid_request", "limit must be 1 to 10000"),
    (lambda log: log.bars("SPX", points=0), "invalid_request", "points must be 1 to 10000"),
    (lambda log: log.bars("SPX", bar_s=-1), "invalid_request", "bar_s must be 1 to"),
    (lambda log: log.compare("head", "last-shift", "NONE"), "unknown_symbol", "no NONE"),
    (lambda log: log.shift(1), "unknown_moment", "no regime was known"),
    (lambda log: log.shift("head"), "unknown_moment", "several symbols had a regime at the head"),
    (lambda log: log.shift("last-shift", "OTHER"), "unknown_moment", "no shift of OTHER"),
]


@pytest.mark.parametrize(("ask", "code", "words"), REFUSED)
def test_what_makes_no_sense_is_refused_in_words(
    log: Log, ask: Callable[[Log], Any], code: str, words: str
) -> None:
    with pytest.raises(QuestionRefused, match=words) as refused:
        ask(log)
    assert refused.value.code == code
    assert "\n" not in str(refused.value)


def test_what_is_recorded_meanwhile_is_seen_and_followed(log: Log, recorded: Served) -> None:
    symbol, before = new_symbol(), log.head()
    last_two = [one.position for one in log.events(channels=["prices"], symbols="SPX", last=2)]
    begun, seen = threading.Event(), list[Event]()

    def follow() -> None:
        for event in log.follow(["prices"], [symbol, "SPX"], history={"last": 2}):
            seen.append(event)
            begun.set()
            if event.stream == f"prices:{symbol}":
                return

    following = threading.Thread(target=follow)
    following.start()
    assert begun.wait(20)
    recorded.post_prices(daily(symbol, "1.00", 3))
    following.join(20)
    assert not following.is_alive()
    assert [event.position for event in seen] == [*last_two, seen[-1].position]
    assert seen[-1].occurred_at.isoformat()[:10] == day(3)[:10]
    assert log.head().position > before.position


@pytest.mark.parametrize("history", ["all", {"after": 500}, {"since": "2001-01-02T00:00:00Z"}])
def test_following_begins_where_it_is_told(log: Log, history: Any) -> None:
    after = history.get("after", 0) if history != "all" else 0
    since = history.get("since", "1999") if history != "all" else "1999"
    prices = log.events(channels=["prices"], symbols="SPX", after=after)
    wanted = next(event for event in prices if event.occurred_at.isoformat() >= since)
    assert next(log.follow(["prices"], ["SPX"], history=history)) == wanted


def test_reading_a_file_writes_nothing(recorded: Served, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with sqlite3.connect(folder / "synapse.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    before = copy.read_bytes()
    with connect(copy) as log:
        assert log.state().position == recorded.head()
        assert len(log.episodes()) > 1
        log.state(at="2000-12-31")
    assert copy.read_bytes() == before
    assert not (tmp_path / "copy.db.lock").exists()


def test_a_log_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, recorded: Served) -> None:
    other, newer, noise = tmp_path / "other.db", tmp_path / "newer.db", tmp_path / "noise.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with serving(tmp_path) as fresh:
        assert fresh.head() == 0
    (tmp_path / "synapse.db").rename(newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    noise.write_bytes(b"noise" * 1_000)
    targets: list[tuple[str | Path, str]] = [
        (tmp_path / "none.db", "does not exist"),
        (tmp_path, "does not exist|is a folder"),
        (other, "no log"),
        (newer, "newer than this program"),
        (noise, "not a database"),
        ("mysql://host/log", "cannot open a mysql database"),
        ("http://127.0.0.1:9/", "refused|127.0.0.1:9"),
        ("http://user:secret@127.0.0.1:9", "neither a user nor a query"),
        (f"{recorded.url}/elsewhere", "does not answer like a Synapse server"),
    ]
    for target, words in targets:
        with pytest.raises(LogUnavailable, match=words) as told, connect(target) as log:
            log.head()
        assert "\n" not in str(told.value)
        assert "secret" not in str(told.value)


def test_a_closed_log_says_so(recorded: Served, folder: Path) -> None:
    log = connect(folder / "synapse.db")
    log.close()
    log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        log.head()


def test_a_log_that_is_never_closed_ends_quietly(recorded: Served, folder: Path) -> None:
    ask = "from app.client import connect; log = connect(r'{}'); print(log.head().position > 0)"
    before = set(threading.enumerate())
    log = connect(folder / "synapse.db")
    assert log.head().position > 0
    (thread,) = [one for one in set(threading.enumerate()) - before if one.name == "log-file"]
    del log
    assert not thread.is_alive()
    command = [sys.executable, "-W", "error", "-c", ask.format(folder / "synapse.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "True", "")
