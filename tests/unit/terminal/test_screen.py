from dataclasses import replace

import pytest

from app.market.persona import PERSONAS
from app.terminal.look import NO_ADVICE
from app.terminal.scene import Scene
from app.terminal.screen import View, picture
from events.catalog import Regime
from tests.unit.terminal.told import DAY, START, alert, portfolio, price, regime, trade

VIEW = View("SPX", PERSONAS["big_pickle"], "1d/s")


def scene(bars: int = 120) -> Scene:
    made = Scene()
    for day in range(bars):
        made.add(price(1_200 - day, day))
        made.add(regime(Regime.BEAR, None if day == 0 else Regime.BEAR, day))
    made.add(regime(Regime.CRASH, Regime.BEAR, bars - 1))
    for event in (alert(day=bars - 1), trade(), portfolio()):
        made.add(event)
    return made


def test_it_shows_price_clock_persona_confidence_news_and_no_advice() -> None:
    shown = picture(scene(), VIEW, 100, 30).plain
    for part in (
        "SPX  1,081.00 -0.1 %",
        "2009-01-12T21:00:00Z",
        "▶ 1d/s",
        "⚠ CRASH  ███████░░░░░ 62 %  Big Pickle: SELL EVERYTHING! 🔥",
        "capital preservation, 0 % invested",
        "main 194,502.31 -2.7 %",
        "warning: SPX is low",
        "sell 2.5 at 1,192.70",
        "space pause",
        NO_ADVICE,
    ):
        assert part in shown, part


@pytest.mark.parametrize(
    "size", [(80, 24), (160, 50), (100, 30), (50, 10), (30, 5), (20, 2), (9, 1)]
)
@pytest.mark.parametrize("bars", [0, 1, 120])
def test_it_fits_any_terminal(size: tuple[int, int], bars: int) -> None:
    width, height = size
    lines = picture(scene(bars) if bars else Scene(), VIEW, width, height).split(allow_blank=True)
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width


def test_paused_and_ended_are_told() -> None:
    persona = PERSONAS["minimax"]
    paused = picture(scene(), View("SPX", persona, "1d/s", paused=True), 80, 24).plain
    assert "‖ paused" in paused
    assert "MiniMax: Prices are falling fast." in paused
    ended = picture(scene(), View("SPX", persona, "1d/s", ended=True, keys=False), 80, 24).plain
    assert "■ ended" in ended
    assert "space pause" not in ended
    assert NO_ADVICE in ended


def test_the_clock_runs_between_events() -> None:
    later, persona = START + 400 * DAY, PERSONAS["minimax"]
    running = View("SPX", persona, "1d/s", clock=later)
    assert "2009-10-20T21:00:00Z" in picture(scene(), running, 80, 24).plain
    ended = View("SPX", persona, "1d/s", clock=later, ended=True)
    assert "2009-01-12T21:00:00Z" in picture(scene(), ended, 80, 24).plain


def test_without_a_symbol_the_first_that_comes_is_shown() -> None:
    view = View(None, PERSONAS["minimax"], "max")
    assert picture(Scene(), view, 80, 24).plain.startswith("waiting for the first price")
    assert picture(scene(), view, 80, 24).plain.startswith("SPX")


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (60, 20)])
def test_long_news_are_folded_and_keep_their_figure(size: tuple[int, int]) -> None:
    long = "SPX at 1244.6899 is 20.5 % below its 252-bar high of 1565.15 (step: 20 %)"
    made = scene()
    made.add(alert(long, day=119))
    lines = picture(made, VIEW, *size).plain.splitlines()
    assert len(lines) == size[1]
    first = next(n for n, line in enumerate(lines) if "SPX at 1244" in line)
    assert " ".join(" ".join(lines[first:-1]).split()).endswith(long)
    assert lines[first].startswith("      1 2009-01-12  SPX      warning")


def test_all_keys_are_told_where_asked_for() -> None:
    lines = picture(scene(), replace(VIEW, help=True), 80, 24).plain.splitlines()
    assert len(lines) == 24
    told = " ".join(" ".join(lines).split())
    for part in ("half as fast", "the next symbol", "leave", NO_ADVICE):
        assert part in told, part
    assert "half as fast" not in picture(scene(), VIEW, 80, 24).plain
