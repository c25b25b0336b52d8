"""The crash of 2008 as the log tells it: what was known when, and a picture of it.

    .venv/bin/python docs/examples/crash_2008.py [LOG] [--picture FILE]

LOG is a log's file (by default synapse.db) or the address of a server, with the demo's prices in it. Nothing here
is investment advice: the portfolio is paper, and its rules were made long after 2008.
"""

# ruff: noqa: T201  # a script prints

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.answers.bars import Bar
from app.answers.episodes import Episode
from app.client import Log, connect
from events.catalog import PortfolioUpdate, PriceAlert, Regime, RegimeUpdate, TradeExecution

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

SYMBOL = "SPX"
PORTFOLIO = "main"
SINCE, UNTIL = date(2007, 10, 1), date(2009, 8, 31)
MORNING = datetime(2008, 9, 15, 13, tzinfo=UTC)
"""Half an hour before New York opened on the day that Lehman Brothers filed for bankruptcy."""
SEVERITY = {"BULL": 0, "SIDEWAYS": 1, "BEAR": 2, "CRASH": 3}
DISCLAIMER = "Not investment advice."


class Delay(NamedTuple):
    """How late a shift was: the turn of the closes before it, and what happened since."""

    turn: Bar
    days: int
    move: float


class Point(NamedTuple):
    """A portfolio and buying and holding the same, at a day's end; both 100 on the first day."""

    at: datetime
    paper: float
    held: float


def main() -> None:
    """Tell the story, then draw it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("log", nargs="?", default="synapse.db")
    options.add_argument("--picture", type=Path, default=Path("crash_2008.png"))
    given = options.parse_args()
    if find_spec("matplotlib") is None:
        print("the picture needs matplotlib: pip install matplotlib", file=sys.stderr)
        sys.exit(2)
    with connect(given.log) as log:
        # A year more than is shown: a turn may lie before the first shift of the story.
        bars = log.bars(SYMBOL, since=SINCE - timedelta(days=366), until=UNTIL, points=10_000)
        episodes = log.episodes(SYMBOL, since=SINCE, until=UNTIL)
        worth = list(rebased(log))
        note = tell_morning(log)
        tell_week(log)
        tell_shifts(episodes, bars)
        tell_alerts(log)
        tell_trades(log)
        tell_end(worth)
    draw(
        episodes, [bar for bar in bars if bar.timestamp.date() >= SINCE], worth, note, given.picture
    )


def heading(text: str) -> None:
    """A line, and one under it."""
    print(f"\n{text}\n{'-' * len(text)}")


def tell_morning(log: Log) -> tuple[float, str]:
    """The state before the opening bell: nothing in it is younger than the close of Friday; as a note, too."""
    state = log.state(at=MORNING)
    known, paper = state.symbols[SYMBOL], state.portfolios[PORTFOLIO]
    assert known.probabilities is not None
    print(f"What was known at {MORNING:%Y-%m-%d %H:%M} UTC, from position {state.position:,} down")
    print(f"  {SYMBOL} {known.price:,.2f}, {known.regime} since {known.since:%Y-%m-%d}")
    parts = (f"{name} {share:.0%}" for name, share in known.probabilities.items())
    print(f"  probabilities: {', '.join(parts)}")
    print(f"  recommended: {known.strategy_recommendation}. {DISCLAIMER}")
    held = paper.benchmark_pnl_pct or 0.0
    print(f"  paper portfolio: {paper.total_value:,.0f}, {paper.exposure:.0%} of it invested;")
    print(f"  since 1999 {paper.pnl_pct:+.1%}, and buying and holding {held:+.1%}")
    crash = known.probabilities[Regime.CRASH]
    return float(known.price or 0), (
        f"{MORNING:%d %B %Y, %H:%M} UTC:\n{known.regime} at {known.confidence:.0%}, CRASH at {crash:.0%}"
    )


def tell_week(log: Log) -> None:
    """Each close from Friday to the CRASH."""
    heading("From the Friday before to the CRASH")
    for event in log.events(
        channels=["regime"], symbols=SYMBOL, since=date(2008, 9, 12), until=date(2008, 9, 29)
    ):
        if isinstance(event.payload, RegimeUpdate):
            shares = event.payload.probabilities
            shown = "  ".join(f"{name} {share:4.0%}" for name, share in shares.items())
            print(f"  {event.occurred_at:%Y-%m-%d}  {event.payload.regime:<5}  {shown}")


def delay_of(episode: Episode, bars: Sequence[Bar]) -> Delay:
    """From the turn of the closes before a shift: a high before a worse regime, a low before a better one.

    The turn is looked for in the year before, and for shifts into and out of a CRASH in the 21 bars before.
    """
    before = [bar for bar in bars if bar.timestamp <= episode.start]
    regimes = {episode.regime, episode.previous_regime}
    lately = before[-21:] if "CRASH" in regimes else before[-252:]
    turn = (max if is_worse(episode) else min)(reversed(lately), key=lambda bar: bar.close)
    move = float(before[-1].close / turn.close) - 1
    return Delay(turn, (episode.start - turn.timestamp).days, move)


def is_worse(episode: Episode) -> bool:
    """Whether a shift went towards CRASH."""
    before = episode.previous_regime or episode.regime
    return SEVERITY[episode.regime] > SEVERITY[before]


def shifts(episodes: Sequence[Episode]) -> list[Episode]:
    """Those that began in the time of the story."""
    return [each for each in episodes if each.start.date() >= SINCE]


def tell_shifts(episodes: Sequence[Episode], bars: Sequence[Bar]) -> None:
    """Each shift, and how late it was."""
    heading("The shifts, and how long after the turn they were known")
    for each in shifts(episodes):
        late = delay_of(each, bars)
        kind = "high" if is_worse(each) else "low"
        print(
            f"  {each.start:%Y-%m-%d}  {each.previous_regime:>8} -> {each.regime:<5}"
            f" {each.start_price:>9,.2f}  {late.days:>3} days after the {kind:<4} of"
            f" {late.turn.timestamp:%Y-%m-%d}, {late.move:+.1%}"
        )


def tell_alerts(log: Log) -> None:
    """What the alert rules said."""
    heading("The alerts of autumn 2008")
    found = log.events(
        channels=["price_alerts"], symbols=SYMBOL, since=date(2008, 9, 1), until=date(2008, 11, 30)
    )
    for event in found:
        if isinstance(event.payload, PriceAlert):
            alert = event.payload
            print(f"  {event.occurred_at:%Y-%m-%d}  {alert.severity:<8}  {alert.message}")


def tell_trades(log: Log) -> None:
    """What the paper trader did, each time a bar after the regime that made it act; and what it lost by coming back."""
    heading(f"The paper trades in {SYMBOL}")
    bought = Decimal(0)
    lost: list[Decimal] = []
    for event in log.events(channels=["trades"], since=SINCE, until=UNTIL):
        trade = event.payload
        if isinstance(trade, TradeExecution) and trade.symbol == SYMBOL and trade.reason:
            value = trade.quantity * trade.price
            print(
                f"  {event.occurred_at:%Y-%m-%d}  {trade.side:<4} {trade.quantity:>10.6f}"
                f" at {trade.price:>8,.2f} = {value:>7,.0f}, because of {trade.reason.regime}"
            )
            if trade.side == "sell" and bought:
                lost.append(bought - value)
            bought = value if trade.side == "buy" else Decimal(0)
    print(
        f"  bought back and sold again {len(lost)} times: {sum(lost):,.0f} lost by it, without fees"
    )


def rebased(log: Log) -> Iterator[Point]:
    """The portfolio's value and its benchmark's, day by day, as parts of 100 on the first."""
    days: dict[date, tuple[datetime, float, float]] = {}
    for event in log.events(types=["portfolio_update"], since=SINCE, until=UNTIL):
        mark = event.payload
        if isinstance(mark, PortfolioUpdate) and mark.portfolio_id == PORTFOLIO:
            held = 1 + (mark.benchmark_pnl_pct or 0.0)
            days[event.occurred_at.date()] = (event.occurred_at, float(mark.total_value), held)
    _, paper_first, held_first = next(iter(days.values()))
    for at, paper, held in days.values():
        yield Point(at, 100 * paper / paper_first, 100 * held / held_first)


def tell_end(worth: Sequence[Point]) -> None:
    """What it came to."""
    heading("The paper portfolio (S&P 500 and NASDAQ) against buying and holding both")
    low_paper, low_held = (min(each[column] for each in worth) for column in (1, 2))
    last = worth[-1]
    print(f"  {SINCE:%Y-%m-%d}  100.0 and 100.0")
    print(f"  lowest      {low_paper:5.1f} and {low_held:5.1f}")
    print(f"  {last.at:%Y-%m-%d}  {last.paper:5.1f} and {last.held:5.1f}")
    print(f"  Paper trading, fees included. {DISCLAIMER}")


# --- the picture ----------------------------------------------------------------------------------

LOOKS = {
    "BULL": ("#cdeadf", ""),
    "SIDEWAYS": ("#e3e3e3", ".."),
    "BEAR": ("#fbdcb5", "//"),
    "CRASH": ("#eeaaa6", "xx"),
}
"""Of each regime a colour that the colour-blind tell apart, and a hatch for whoever sees none."""
INK = "#1d1d1f"
PAPER_LINE, HELD_LINE = "#0057b8", "#a03c00"
PROVENANCE = (
    "Daily closes of the S&P 500, of Yahoo origin (app/feeds/samples/PROVENANCE.md). Drawn from the log by"
    " docs/examples/crash_2008.py."
)


def draw(
    episodes: Sequence[Episode],
    bars: Sequence[Bar],
    worth: Sequence[Point],
    note: tuple[float, str],
    file: Path,
) -> None:
    """The price with its regimes and shifts; under it what the paper portfolio was worth."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"hatch.linewidth": 0.5, "font.size": 10, "axes.edgecolor": "#8a8a8e"}):
        figure = Figure(figsize=(12, 7.6), dpi=130)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2.3, 1))
        draw_price(top, episodes, bars, note)
        draw_worth(bottom, worth)
        figure.suptitle(
            "2008 as the log tells it: each regime begins where it was known",
            x=0.06,
            ha="left",
            fontsize=15,
            fontweight="bold",
            color=INK,
        )
        figure.text(0.06, 0.015, f"{DISCLAIMER} {PROVENANCE}", fontsize=8.5, color="#55555a")
        figure.subplots_adjust(left=0.06, right=0.985, top=0.925, bottom=0.09, hspace=0.06)
        figure.savefig(file)


def day(at: datetime) -> float:
    """A time as matplotlib counts it."""
    from matplotlib.dates import date2num

    return float(date2num(at))  # type: ignore[no-untyped-call]  # it has no types


def draw_price(
    axes: "Axes", episodes: Sequence[Episode], bars: Sequence[Bar], note: tuple[float, str]
) -> None:
    """The closes over bands of their regimes, and on them the shifts; `note` is of the morning."""
    first, last = bars[0].timestamp, bars[-1].timestamp
    for each in episodes:
        begin, end = max(each.start, first), min(each.end or last, last)
        colour, hatch = LOOKS[each.regime]
        axes.axvspan(
            day(begin), day(end), facecolor=colour, hatch=hatch, edgecolor="#00000038", linewidth=0
        )
        if end - begin > timedelta(days=15):
            middle = begin + (end - begin) / 2
            turned = 90 if end - begin < timedelta(days=40) else 0
            axes.text(
                day(middle),
                625,
                each.regime,
                ha="center",
                color=INK,
                fontweight="bold",
                rotation=turned,
            )
    axes.plot([day(b.timestamp) for b in bars], [float(b.close) for b in bars], color=INK, lw=1.6)
    for each in shifts(episodes):
        down = is_worse(each)
        price = float(each.start_price or 0)
        axes.plot(day(each.start), price, "v" if down else "^", color=INK, mec="white", ms=9)
    say(axes, MORNING, *note, (26, 30))
    axes.set_ylabel("S&P 500, daily close")
    axes.set_ylim(600, 1650)
    axes.set_xlim(day(first), day(last))
    axes.xaxis_date()
    axes.legend(
        handles=[*swatches(episodes), *markers()], loc="upper right", ncols=2, framealpha=0.95
    )


def say(axes: "Axes", at: datetime, price: float, text: str, off: tuple[int, int]) -> None:
    """A note with an arrow to a place."""
    axes.annotate(
        text,
        (day(at), price),
        xytext=off,
        textcoords="offset points",
        arrowprops={"arrowstyle": "->", "color": INK},
        bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "#8a8a8e"},
        color=INK,
    )


def swatches(episodes: Sequence[Episode]) -> "list[Artist]":
    """The looks of the regimes that there were."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=colour, hatch=hatch, edgecolor="#00000060", label=name)
        for name, (colour, hatch) in LOOKS.items()
        if any(shift.regime == name for shift in shifts(episodes))
    ]


def markers() -> "list[Artist]":
    """The marks of the shifts."""
    from matplotlib.lines import Line2D

    looks = (("v", "shift towards CRASH"), ("^", "shift away from it"))
    return [
        Line2D([], [], color=INK, mec="white", marker=mark, ms=9, lw=0, label=name)
        for mark, name in looks
    ]


def draw_worth(axes: "Axes", worth: Sequence[Point]) -> None:
    """Both values, each named at its end."""
    at = [day(point.at) for point in worth]
    axes.plot(at, [point.paper for point in worth], color=PAPER_LINE, lw=2.2)
    axes.plot(at, [point.held for point in worth], color=HELD_LINE, lw=1.8, ls=(0, (5, 2)))
    last = worth[-1]
    for value, name, colour, off in (
        (last.paper, "paper portfolio", PAPER_LINE, 9),
        (last.held, "buy and hold (dashed)", HELD_LINE, -40),
    ):
        axes.annotate(
            f"{name} {value:.1f}",
            (day(last.at), value),
            xytext=(-6, off),
            textcoords="offset points",
            ha="right",
            color=colour,
            fontweight="bold",
        )
    axes.axhline(100, color="#8a8a8e", lw=0.8)
    axes.set_ylim(40, 115)
    axes.set_ylabel(f"{SINCE:%B %Y} = 100")
    axes.grid(axis="y", color="#e3e3e3")


if __name__ == "__main__":
    main()
