"""Golden logs: the same whenever the same happens, and a difference that can be read."""

# covers: events.testing.golden, events.testing.files

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from events.testing import (
    BadExpectation,
    Golden,
    GoldenMismatch,
    LogUnderTest,
    RegimeUpdated,
    Span,
    SystemNotice,
)
from events.testing.files import write_lines
from events.testing.golden import DIFFERENCE_LINES_MAX, golden_lines
from events.testing.seen import events_of
from tests.unit.events.builders import new, price, recorded


def small(late_s: float = 0, *, confidence: float = 0.8) -> LogUnderTest:
    """Two events with ids of their own, made at some time."""
    log = LogUnderTest()
    alert_id = uuid4()
    first = log.append(price(second=late_s))
    log.append(
        RegimeUpdated(
            symbol="SPX",
            regime="CRASH",
            confidence=confidence,
            timestamp=price(second=late_s + 60).timestamp,
        ),
        SystemNotice(details={"about": f"price:{first[0].event_id}", "id": alert_id.hex}),
        caused_by=first[0],
    )
    return log


def check(path: Path, log: LogUnderTest, **how: object) -> None:
    """Compare, and close the log."""
    with log:
        Golden(path, **how).check(log)  # type: ignore[arg-type]


def test_the_same_happening_again_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "golden" / "small.ndjson"
    check(path, small(), update=True)
    check(path, small())
    lines = [orjson.loads(line) for line in path.read_text().splitlines()]
    assert [line["position"] for line in lines] == [1, 2, 3]
    assert lines[0] == {
        "id": "id-1",
        "caused_by": None,
        "chain": "id-1",
        "occurred_at": "2026-01-16T12:00:00.000000Z",
        "payload": {"bar_s": None, "corrects": None, "high": None, "low": None, "open": None, "price": "100",
                    "symbol": "SPX", "timestamp": "2026-01-16T12:00:00.000000Z", "volume": None},
        "position": 1,
        "source": "api",
        "stream": "prices:SPX",
        "type": "price_update",
        "version": 1,
    }  # fmt: skip
    assert lines[1]["caused_by"] == lines[1]["chain"] == "id-1"
    assert lines[2]["payload"]["details"] == {"about": "price:id-1", "id": "id-4"}
    assert list(lines[2]) == sorted(lines[2])


def test_a_difference_is_shown_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "small.ndjson"
    check(path, small(), update=True)
    before = path.read_bytes()
    with pytest.raises(GoldenMismatch) as failed:
        check(path, small(confidence=0.75), how="pytest --the-flag writes it anew")
    text = str(failed.value)
    assert text.startswith(
        f"the log is not that of {path}: if it is right now, pytest --the-flag writes it anew\n"
        "  line 2: payload.confidence: 0.8 -> 0.75\n"
    )
    assert "\n--- golden\n+++ this log\n@@" in text
    changed = [line for line in text.split("\n") if line.startswith(("-{", "+{"))]
    assert len(changed) == 2
    assert '"confidence":0.8,' in changed[0]
    assert '"confidence":0.75,' in changed[1]
    assert path.read_bytes() == before


def test_a_missing_file_fails_and_says_how_to_make_it(tmp_path: Path) -> None:
    path = tmp_path / "none.ndjson"
    with pytest.raises(GoldenMismatch) as failed:
        check(path, small())
    assert str(failed.value) == (
        f"there is no golden file {path} for this log of 3 events: Golden(path, update=True) writes it"
    )
    assert not path.exists()


def test_times_may_be_told_from_the_first_one_on(tmp_path: Path) -> None:
    path = tmp_path / "small.ndjson"
    check(path, small(), update=True, times="relative")
    with small(late_s=7200) as later:
        with pytest.raises(GoldenMismatch):
            Golden(path).check(later)
        lines = [orjson.loads(line) for line in golden_lines(events_of(later), "relative")]
    assert [line["occurred_at"] for line in lines[:2]] == ["+0 s", "+60 s"]
    assert lines[1]["payload"]["timestamp"] == "+60 s"


def test_times_before_the_first_one_are_negative() -> None:
    events = recorded([price(second=60), price(second=0.25)])
    lines = [orjson.loads(line) for line in golden_lines(events_of(events), "relative")]
    assert [line["occurred_at"] for line in lines] == ["+0 s", "-59.75 s"]


def test_an_id_is_the_same_label_in_every_spelling() -> None:
    one = UUID("6F1C2A52-3F0E-5D2B-9A3E-53796E617073")
    event = new(price(), one)
    notice = SystemNotice(
        details={"a": str(one).upper(), "b": one.hex, "c": [str(one)], str(one): 1}
    )
    with LogUnderTest() as log:
        log.append(event, notice)
        line = golden_lines(events_of(log))[1]
    assert orjson.loads(line)["payload"]["details"] == {
        "a": "id-1",
        "b": "id-1",
        "c": ["id-1"],
        "id-1": 1,
    }


def test_an_update_that_changes_nothing_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "small.ndjson"
    check(path, small(), update=True)
    before = path.stat().st_ino, path.stat().st_mtime_ns
    check(path, small(), update=True)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_a_long_difference_is_cut(tmp_path: Path, span: Span) -> None:
    path = tmp_path / "span.ndjson"
    Golden(path, update=True).check(span)
    Golden(path).check(span)
    with pytest.raises(GoldenMismatch) as failed:
        Golden(path).check(span[:1])
    lines = str(failed.value).split("\n")
    assert len(lines) == DIFFERENCE_LINES_MAX + 2
    assert lines[-1].endswith("more lines of difference not shown")


def test_another_way_to_tell_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadExpectation, match='"kept" or "relative"'):
        Golden(tmp_path / "x", times="local")  # type: ignore[arg-type]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_lines(path, ["one", "two"])

    def lines() -> Iterator[str]:
        yield "three"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_lines(path, lines())
    assert path.read_text() == "one\ntwo\n"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_empty_log_has_no_golden_file(tmp_path: Path) -> None:
    with LogUnderTest() as empty:
        for update in (True, False):
            with pytest.raises(BadExpectation, match="the log is empty; if it should be, say"):
                Golden(tmp_path / "empty.ndjson", update=update).check(empty)
    assert list(tmp_path.iterdir()) == []


def test_an_update_is_asked_for_by_true(tmp_path: Path) -> None:
    with pytest.raises(BadExpectation, match="update='no': True or False"):
        Golden(tmp_path / "a.ndjson", update="no")  # type: ignore[arg-type]  # as one may write


def test_it_tells_what_it_wrote(log: LogUnderTest, tmp_path: Path) -> None:
    for wrote in (6, 0):
        golden = Golden(tmp_path / "a.ndjson", update=True)
        golden.check(log)
        assert golden.wrote == wrote
