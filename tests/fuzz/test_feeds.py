"""Files of prices, and what names a feed: any text gives ticks or the error that is documented."""

# covers: app.feeds.csv_rows, app.feeds.csv_feed, app.feeds.specs

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.base import FeedError, FeedSpecError
from app.feeds.csv_feed import CsvPlay
from app.feeds.specs import parse_feed
from tests.fuzz.effort import fuzzed, read_or_refused
from tests.fuzz.messages import TIMES

HEADERS = ("date", "timestamp", "open", "high", "low", "close", "price", "volume", "more", "Date ")
numbers = st.decimals(allow_nan=True, allow_infinity=True).map(str) | st.integers(1, 99).map(str)
cells = (
    st.dates().map(str) | TIMES | numbers | st.sampled_from(["", '"', "1,2", "-1", "0"]) | st.text()
)
rows = st.lists(cells, max_size=7).map(",".join)
tables = st.builds(
    lambda header, body, end: end.join([",".join(header), *body]).encode(errors="replace"),
    st.lists(st.sampled_from(HEADERS), min_size=1, max_size=7, unique=True),
    st.lists(rows, max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
likely = st.builds(
    lambda days, prices: "\n".join(
        [
            "date,close",
            *(f"{day},{price}" for day, price in zip(sorted(days), prices, strict=False)),
        ]
    ).encode(),
    st.sets(st.dates(), min_size=1, max_size=5),
    st.lists(numbers, min_size=5, max_size=5),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that every example writes anew."""
    return tmp_path_factory.mktemp("prices") / "SPX.csv"


@fuzzed(200)
@given(tables | likely | st.binary(), st.booleans(), st.none() | st.integers(0, 12))
def test_any_file_gives_ticks_or_says_what_is_wrong_with_it(
    place: Path, content: bytes, bare_ticks: bool, digits: int | None
) -> None:
    place.write_bytes(content)
    play = CsvPlay(bare_ticks=bare_ticks, digits=digits)
    ticks, told = read_or_refused(lambda: list(play.read(place, "SPX")), FeedError)
    if ticks is None:
        assert "SPX.csv" in told
        return
    assert ticks
    assert all(tick.price > 0 and tick.timestamp.tzinfo for tick in ticks)
    times = [tick.timestamp for tick in ticks]
    assert times == sorted(set(times))


words = st.sampled_from(
    ["csv:", "simulated:", "exchange:", "SPX", "=", "?", "&", "speed=", "a.csv"]
)


@fuzzed(200)
@given(st.lists(words | st.text(max_size=4), max_size=6).map("".join))
def test_any_text_names_a_feed_or_is_refused(text: str) -> None:
    with suppress(FeedSpecError):
        parse_feed(text)
