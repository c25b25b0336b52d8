from dataclasses import replace

from app.client.messages import Event
from app.terminal.lines import begins_regime, event_line, is_news, is_of
from events.catalog import AlertSeverity, NoticeKind, Regime, SystemNotice, TradeStatus
from tests.unit.terminal.told import START, alert, event, portfolio, price, regime, trade

BEAR, CRASH = Regime.BEAR, Regime.CRASH


def test_a_line_begins_with_position_time_and_symbol() -> None:
    line = event_line(replace(price("1192.7"), position=14_272)).plain
    assert line == "  14272 2008-09-15T21:00:00Z  SPX      1,192.70"


def test_a_shift_names_both_regimes_and_stands_out() -> None:
    line = event_line(regime(CRASH, BEAR))
    assert "⚠ CRASH from ▼ BEAR, confidence 62 %, capital preservation" in line.plain
    assert any("reverse" in str(span.style) for span in line.spans)
    assert "at first" in event_line(regime(CRASH, None)).plain
    assert "by hand" in event_line(regime(CRASH, BEAR, source="manual")).plain


def test_only_final_changes_are_shifts_and_all_else_about_regimes_is_no_news() -> None:
    shift, repeat = regime(CRASH, BEAR), regime(CRASH, CRASH)
    provisional = regime(CRASH, BEAR, provisional=True)
    assert [begins_regime(each) for each in (shift, repeat, provisional)] == [True, False, False]
    assert [is_news(each) for each in (shift, repeat, provisional)] == [True, False, False]
    assert is_news(price(1))
    assert "⚠ CRASH still" in event_line(repeat).plain
    assert "⚠ CRASH for now" in event_line(provisional).plain


def test_severities_are_words_and_colours() -> None:
    for severity in AlertSeverity:
        assert f"{severity.value}: SPX is low" in event_line(alert(severity=severity)).plain
    styles = {str(event_line(alert(severity=each)).spans) for each in AlertSeverity}
    assert len(styles) == len(AlertSeverity)


def test_trades_and_portfolios() -> None:
    assert event_line(trade()).plain.endswith("sell 2.5 at 1,192.70 for main, for it is ⚠ CRASH")
    assert "partial" in event_line(trade(TradeStatus.PARTIAL)).plain
    line = event_line(portfolio()).plain
    assert line.endswith("main     194,502.31 (-2.7 %), 20 % invested, drawdown 17.7 %")


def test_notices_and_what_a_newer_program_recorded() -> None:
    notice = SystemNotice(timestamp=START, kind=NoticeKind.FEED_STARTED, text="csv", details={})
    assert "feed started: csv" in event_line(event(notice)).plain
    unknown = Event(7, "moods:SPX", 1, "mood_update", START, START, "feed", "id", {})
    assert event_line(unknown).plain.endswith("mood_update, which this program does not know")


def test_no_text_of_the_log_steers_the_terminal() -> None:
    assert "\x1b" not in event_line(alert("\x1b]0;owned\x07")).plain


def test_a_trade_belongs_to_its_symbol_and_a_portfolio_to_none() -> None:
    assert is_of(trade(symbol="SPX"), ["SPX"])
    assert not is_of(trade(symbol="IXIC"), ["SPX"])
    assert is_of(portfolio(), ["SPX"])
    assert is_of(trade(), None)
