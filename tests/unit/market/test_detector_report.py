"""The report measures what docs/detector.md says it does, and the document holds its figures."""

import sys
from pathlib import Path

import pytest

from app.market.detector import registry
from app.market.detector.base import Reading
from benchmarks import detector as report
from benchmarks import detector_tables as tables
from benchmarks.detector_measures import (
    BLOCK_BARS,
    Bin,
    Calls,
    Measured,
    Resampled,
    calls,
    delays,
    drawdown,
    false_alarms,
    interval,
    measure,
    reliability,
    resamples,
    returns_of,
    truth_of,
    worth,
)
from events.catalog import Regime
from tests.unit.market.detector_runs import spx

DOCUMENT = f"before\n\n{tables.BEGIN}\n\nold\n\n{tables.END}\n\nafter\n"


def bits(text: str) -> list[bool]:
    return [letter == "x" for letter in text]


def always(regime: Regime, bars: int) -> list[Reading]:
    off = 1.0 if regime is Regime.BEAR else 0.0
    return [Reading(regime, (1 - off, off, 0.0, 0.0), 1.0, {}, False)] * bars


@pytest.fixture(scope="module")
def columns() -> dict[str, Measured]:
    truth = truth_of("S&P 500", spx(600))
    return {
        tables.OURS: measure(truth, always(Regime.BEAR, 600), 1e5),
        "calm": measure(truth, always(Regime.BULL, 600), 1e4),
        tables.HOLD: measure(truth, report.held(truth), 0.0),
    }


def test_the_documents_figures_are_fresh(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["detector.py", "--check"])
    assert report.main() == 0, capsys.readouterr().out
    assert capsys.readouterr().out == "detector.md is fresh\n"


def test_a_stale_document_is_told_and_a_new_report_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "INDICES", ("SPX",))
    monkeypatch.setattr(report, "found", lambda: ([registry.detector("sma200")], []))
    monkeypatch.setattr(tables, "OURS", "sma200")
    path = tmp_path / "d.md"
    path.write_text(DOCUMENT)
    for arguments, code in ((["--check"], 1), ([], 0), (["--check"], 0)):
        monkeypatch.setattr(sys, "argv", ["detector.py", "--docs", str(path), *arguments])
        assert report.main() == code
    assert path.read_text().startswith("before\n\n<!--")
    assert path.read_text().endswith("-->\n\nafter\n")
    path.write_text(path.read_text().replace("0.108", "0.107"))
    monkeypatch.setattr(sys, "argv", ["detector.py", "--docs", str(path), "--check"])
    assert report.main() == 1


def test_a_missing_extra_is_told_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(name: str) -> object:
        if name in {"hmm", "jump"}:
            raise registry.MissingExtra(f"The detector {name!r} needs numpy.")
        return registry.detector(name)

    monkeypatch.setattr(report, "INDICES", ("SPX",))
    monkeypatch.setattr(report, "detector", lacking)
    path = tmp_path / "d.md"
    path.write_text(DOCUMENT)
    monkeypatch.setattr(sys, "argv", ["detector.py", "--docs", str(path)])
    assert report.main() == 0
    assert "Left out: The detector 'hmm' needs numpy." in capsys.readouterr().out
    assert path.read_text() == DOCUMENT


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        tables.between("# no markers")


def test_bars_a_second_are_left_out_of_the_comparison() -> None:
    slow, fast = (f"| a | 1 |\n| {tables.SPEED} | {n} |\n| b | 2 |\n" for n in (1, 9))
    assert tables.figures(slow) == tables.figures(fast) == "| a | 1 |\n| b | 2 |\n"


def test_delays_count_from_the_first_bar_of_a_bear_to_the_first_risk_off_in_it() -> None:
    bear = bits("..xxx..xx..xxx")
    out = bits("....x.......xx")
    assert delays(out, bear) == (2, None, 1)
    assert delays([True] * 14, bear) == (0, 0, 0)


def test_a_false_alarm_is_a_spell_that_touches_no_bear() -> None:
    assert false_alarms(bits("xx.xx..x"), bits("....xx..")) == 2


def test_calls_of_nothing_have_no_precision() -> None:
    assert calls(bits("xx.."), bits("x..x")) == Calls(0.5, 0.5)
    assert calls(bits("...."), bits("x..x")) == Calls(None, 0.0)
    assert calls(bits("x..."), bits("....")) == Calls(0.0, None)


def test_reliability_bins_are_tenths() -> None:
    bins = reliability([0.05, 0.05, 0.55, 1.0], bits("x..x"))
    assert bins[0] == Bin(0.05, 0.5, 2)
    assert bins[5] == Bin(0.55, 0.0, 1)
    assert bins[9] == Bin(1.0, 1.0, 1)
    assert bins[1] is None


def test_a_close_earns_from_the_second_bar_after_it_and_changes_cost() -> None:
    closes = [100.0, 100.0, 110.0, 121.0]
    assert returns_of(closes, [1.0, 1.0, 1.0, 1.0]) == pytest.approx([0.1, 0.1])
    assert returns_of(closes, [1.0, 0.0, 1.0, 1.0]) == pytest.approx([0.1, -0.001])
    assert returns_of(closes, [0.5, 0.5, 0.0, 0.0]) == pytest.approx([0.0495, 0.05])


def test_drawdown_is_the_deepest_fall_from_a_peak() -> None:
    assert drawdown([0.5, -0.5, 0.1]) == pytest.approx(-0.5)


def test_resampled_sharpe_is_that_of_the_blocks_laid_end_to_end() -> None:
    returns = [0.01, -0.02, 0.03, 0.0, 0.01]
    picked = [*returns[3:], *returns[:1], *returns[1:3]]
    direct = Resampled(picked).sharpe([(0, 5)])
    assert Resampled(returns).sharpe([(3, 6), (1, 3)]) == pytest.approx(direct)


def test_resamples_are_seeded_whole_and_of_the_stated_length() -> None:
    made = resamples(5_000, 7)
    resamples.cache_clear()
    assert resamples(5_000, 7) == made
    lengths = [[end - start for start, end in blocks] for blocks in made]
    assert {sum(one) for one in lengths} == {5_000}
    blocks = sum(len(one) for one in lengths)
    # A block that the end of the sample cuts short pulls the mean down a little.
    assert 5_000 * len(made) / blocks == pytest.approx(BLOCK_BARS, rel=0.05)
    assert resamples(5_000, 8) != made


def test_an_interval_is_the_middle_of_the_values() -> None:
    assert interval([float(k) for k in range(1001)]) == (25.0, 975.0)


def test_buy_and_hold_differs_from_itself_by_nothing() -> None:
    held = worth(spx(600), [1.0] * 600)
    assert (held.over_low, held.over_high) == (0.0, 0.0)
    assert held.low < held.sharpe < held.high


def test_where_ours_loses_comes_from_the_figures(columns: dict[str, Measured]) -> None:
    rows = tables.losses({"S&P 500": columns}).splitlines()
    said = next(row for row in rows if "Sharpe, out in BEAR" in row)
    sharpe = columns["calm"].switched.sharpe
    assert f"calm {sharpe:.2f}" in said
    assert f"{tables.HOLD} {sharpe:.2f}" in said
    reversed_names = {tables.OURS: columns["calm"], "calm": columns[tables.OURS]}
    assert "Sharpe, out in BEAR" not in tables.losses({"S&P 500": reversed_names})
    equal = {tables.OURS: columns["calm"], "other": columns["calm"]}
    assert tables.losses({"S&P 500": equal}) == "Nowhere in these figures."


def test_an_aim_is_met_or_not(columns: dict[str, Measured]) -> None:
    rows = tables.goals({"S&P 500": columns}).splitlines()
    assert rows[2].endswith("not met |")
    assert rows[4].endswith(f"| {tables.NONE}, not met |")
    assert rows[6].endswith("0.00, met |")


def test_a_section_shows_every_detector_in_every_row(columns: dict[str, Measured]) -> None:
    section = tables.index_section(truth_of("S&P 500", spx(600)), columns)
    rows = [line for line in section.splitlines() if line.startswith("|")]
    bins = next(k for k, row in enumerate(rows) if row.startswith("| 0.0"))
    assert {row.count("|") for row in rows[: bins - 2]} == {5}
    assert {row.count("|") for row in rows[bins - 2 :]} == {4}
    assert [row for row in rows if row.startswith(f"| {tables.SPEED}")] == [
        f"| {tables.SPEED} | 100,000 | 10,000 | {tables.NONE} |"
    ]
