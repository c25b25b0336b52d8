"""A log as a table: each type in a few words, long logs cut with a line that says so."""

import pytest

from events.testing import Span, SystemNotice, TradeExecuted, example
from events.testing.gist import GIST_MAX, ROWS_MAX, gist, table
from events.testing.seen import seen
from tests.unit.events.builders import price, recorded


def test_each_type_in_a_few_words(span: Span) -> None:
    first = {event.type: gist(seen(event)) for event in reversed(span)}
    assert first == {
        "price_update": "SPX 1267.79, bar of 86400 s",
        "regime_update": "SPX BEAR 0.43, was BEAR",
        "portfolio_update": "main worth 99446.406752604275, exposure 0.19, 1 held",
        "price_alert": "SPX new_low warning 1192.7: SPX closed at 1192.7, below every close o…",
        "trade_execution": first["trade_execution"],
    }
    assert first["trade_execution"].startswith("main sell ")
    assert gist(seen(example(SystemNotice(text="two\nlines")))) == "correction: two lines"
    assert "buy 1 TEST at 100 filled" in gist(seen(example(TradeExecuted())))
    assert all(len(text) <= GIST_MAX for text in first.values())


def test_what_is_of_another_schema_is_shown_as_it_is() -> None:
    assert gist(seen({"type": "price_update", "payload": {"prix": 5}})) == "prix=5"
    assert gist(seen({"type": "own", "payload": {"order": "a"}})) == "order='a'"


def test_a_short_log_is_shown_whole() -> None:
    lines = table(
        [seen(event) for event in recorded([price(), price(second=1)])], {1: "here"}
    ).split("\n")
    assert lines == [
        "    position  market time          stream v      type          gist",
        "           1  2026-01-16 12:00:00  prices:SPX 1  price_update  SPX 100",
        "  >        2  2026-01-16 12:00:01  prices:SPX 2  price_update  SPX 100",
        "      ^ here",
    ]


def test_events_without_a_place_have_a_line_as_well() -> None:
    assert table([seen({"type": "own", "payload": {"n": 1}})]).split("\n")[1:] == [
        "           -  -            -         own   n=1"
    ]
    assert table([]) == "  (the log is empty)"


@pytest.mark.parametrize(
    ("marked", "first", "cut"),
    [
        ({}, 993, ["… 992 more events not shown"]),
        ({0: ""}, 1, ["… 992 more events not shown"]),
        ({500: ""}, 494, ["… 493 more events not shown", "… 492 more events not shown"]),
        (
            {100: "", 500: ""},
            94,
            [
                "… 93 more events not shown",
                "… 385 more events not shown",
                "… 492 more events not shown",
            ],
        ),
    ],
)
def test_a_long_log_is_cut_around_what_is_marked(
    marked: dict[int, str], first: int, cut: list[str]
) -> None:
    events = [seen(event) for event in recorded([price(second=second) for second in range(1000)])]
    lines = table(events, marked).split("\n")
    assert [line.strip() for line in lines if "not shown" in line] == cut
    shown = [int(line[3:].split()[0]) for line in lines if "price_update" in line]
    assert shown[0] == first
    assert len(shown) <= ROWS_MAX


def test_many_marks_do_not_make_it_long() -> None:
    events = [seen(event) for event in recorded([price(second=second) for second in range(1000)])]
    text = table(events, dict.fromkeys(range(0, 1000, 7), ""))
    assert len([line for line in text.split("\n") if "price_update" in line]) <= ROWS_MAX
