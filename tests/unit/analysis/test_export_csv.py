"""CSV: what a reader gets back is what the row held, and no spreadsheet takes a text for a formula."""

import csv
import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.export import Provenance
from app.analysis.export_csv import defused, encoder
from app.analysis.export_schema import COLUMNS
from events.envelope import RecordedEvent, event_columns
from tests.unit.analysis.samples import alert, one_of_each, portfolio
from tests.unit.events.builders import recorded

PROVENANCE = Provenance("e", 6, {})


def written(events: list[RecordedEvent]) -> str:
    made = encoder(PROVENANCE)
    return (made.begin() + made.page(event_columns(events)) + made.end()).decode()


def read_back(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_it_is_rfc_4180() -> None:
    lines = written(one_of_each()[:1]).split("\r\n")
    assert lines[0] == ",".join(column.name for column in COLUMNS)
    assert lines[2:] == [""]
    quoted = written(recorded([alert('a "b",\r\nc')]))
    assert ',"a ""b"",\r\nc",' in quoted


def test_cells_are_written_as_on_the_wire() -> None:
    price, regime, _, held, trade, _ = read_back(written(one_of_each()))
    assert price["occurred_at"] == "2026-01-16T12:00:00.000000Z"
    assert price["recorded_at"] == "1970-01-01T00:00:00.001000Z"
    assert price["price"] == "100"
    assert price["volume"] == price["regime"] == ""
    assert (regime["provisional"], regime["confidence"]) == ("false", "0.7")
    assert regime["features"] == '{"trend":0.5}'
    assert held["cash"] == "-999999999999999999.999999999999"
    assert (held["pnl_pct"], held["exposure"]) == ("-1e-07", "-0.5")
    assert trade["reason"] == '{"regime":"BULL","confidence":0.5,"rule":"shift"}'


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-a", "@x", "\tx", "\rx", "\nx", "-", "-1-2", "'=x"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "'\uff1d1"),
    ],
)
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(text: str) -> None:
    assert defused(text) == f"'{text}"
    row = read_back(written(recorded([alert(text)])))[0]
    assert row["message"] == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "'tis", "^GSPC", "-12.50", "-1", "{}", "[-1]", "12"])
def test_numbers_and_all_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_negative_numbers_stay_numbers() -> None:
    row = read_back(written(recorded([portfolio()])))[0]
    assert [row[name] for name in ("cash", "pnl", "exposure", "drawdown_pct")] == [
        "-999999999999999999.999999999999",
        "-0.2",
        "-0.5",
        "-0.25",
    ]


STARTS = "=+-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b"
PASSED_OVER = ' "\x00\xa0\u3000\u200b\u202e\ufeff'
ODD = f"'{STARTS}{PASSED_OVER}\t\r\n;1.a,"
odd_texts = st.text(alphabet=ODD, max_size=8)


def taken_away(cell: str) -> str:
    """The text of a cell, as docs/content-security.md tells a reader to get it."""
    passed = rf"[\s'{PASSED_OVER}]*"
    return re.sub(
        rf"(?:^|(?<=[;\t\n])|(?<=\r)(?!\n))'(?={passed}[{re.escape(STARTS)}])|^'(?='*[\t\r\n])",
        "",
        cell,
    )


@given(odd_texts)
def test_the_apostrophes_can_be_taken_away_again(text: str) -> None:
    assert taken_away(defused(text)) == text


@given(odd_texts | st.text(max_size=20))
def test_no_part_of_a_written_text_is_a_formula_whatever_parts_it(text: str) -> None:
    row = read_back(written(recorded([alert(text)])))[0]
    cell = row["message"]
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell):
        return
    assert cell[:1] not in set(f"{STARTS}\t\r\n") - {""}
    for part in re.split(r"[;\t\r\n]", cell):
        begins = part.lstrip(PASSED_OVER + " \x1c\x1d\x1e\x1f\x85\u2028\u2029\x0b\x0c")
        assert begins[:1] not in set(STARTS), part


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        (" =1+1", "' =1+1"),
        ('"=1+1', "'\"=1+1"),
        ("\ufeff\u202e=1", "'\ufeff\u202e=1"),
        ("a;=1+1", "a;'=1+1"),
        ("a; -b", "a;' -b"),
        ("- a\r\n- b", "'- a\r\n'- b"),
        ("a;b", "a;b"),
        ("1;-1", "1;'-1"),
    ],
)
def test_a_formula_is_found_behind_what_is_passed_over_and_after_every_separator(
    text: str, cell: str
) -> None:
    assert defused(text) == cell
    assert taken_away(cell) == text


@given(st.text(max_size=20))
def test_any_message_comes_back(text: str) -> None:
    event = recorded([alert(text)])[0]
    assert read_back(written([event]))[0]["message"] == defused(text)


@given(st.text(max_size=20))
def test_a_line_is_what_pythons_own_writer_makes_of_its_cells(text: str) -> None:
    events = [*one_of_each(), recorded([alert(text)])[0]]
    lines = written(events)
    rows = list(csv.reader(StringIO(lines, newline=""), strict=True))
    assert [len(row) for row in rows] == [len(COLUMNS)] * (len(events) + 1)
    again = StringIO(newline="")
    csv.writer(again, lineterminator="\r\n").writerows(rows)
    assert again.getvalue() == lines
