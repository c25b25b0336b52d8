"""One picture of a replay, as many lines as the terminal has and none wider: clock, persona, chart, news, keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from app.market.persona import Persona
from app.terminal.figures import (
    instant,
    instants,
    money,
    percent,
    price,
    safe,
    share,
    signed_percent,
    words,
)
from app.terminal.folded import folded
from app.terminal.lines import event_parts
from app.terminal.look import DIM, NO_ADVICE, bar, change_text, regime_text, style_of
from app.terminal.plot import plot_lines
from app.terminal.scene import Scene, Track

NEWS_SHARE: Final = 4
"""A quarter of the lines is for news."""

CHART_ROWS_MIN: Final = 4
"""Where there are fewer, there is no chart."""

KEYS: Final = "space pause  + - speed  s symbol  ? keys  q quit"
HELP: Final = (
    "space stops, and goes on. + → ↑ twice as fast. - ← ↓ half as fast. s, Tab: the next symbol."
    " q, Esc, Ctrl-C: leave. ? these keys."
)

_FOLDING: Final = Console()
"""What folds texts; nothing is printed on it."""


@dataclass(frozen=True, slots=True)
class View:
    """How a scene is looked at.

    Attributes:
        symbol: the one whose chart is shown; None for the first that comes.
        persona: who speaks.
        speed: in words.
        clock: where market time stands; None for the newest event's.
        paused, ended: what the clock does.
        keys: whether there are any.
        help: whether all of them are told.
    """

    symbol: str | None
    persona: Persona
    speed: str
    clock: datetime | None = None
    paused: bool = False
    ended: bool = False
    keys: bool = True
    help: bool = False


def picture(scene: Scene, view: View, width: int, height: int) -> Text:
    """The whole picture; it ends without a line break."""
    symbol = view.symbol or next(iter(scene.tracks), None)
    track = scene.tracks.get(symbol or "", Track())
    above = [_title(scene, view, symbol, track), *_verdict(track, view.persona), *_worth(scene)]
    below = _foot(view, width)
    news_lines = max(0, min(height // NEWS_SHARE, height - len(above) - len(below)))
    chart_lines = height - len(above) - len(below) - news_lines
    if chart_lines < CHART_ROWS_MIN + 2:
        news_lines, chart_lines = news_lines + max(chart_lines, 0), 0
    chart = plot_lines(track.points, width, chart_lines) if chart_lines else []
    news = _news(scene, width, news_lines)
    news += [Text()] * (news_lines - len(news))
    lines = [*above, *chart, *news][: max(0, height - len(below))]
    return _fitted([*lines, *below][:height], width)


def _fitted(lines: Sequence[Text], width: int) -> Text:
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n", no_wrap=True, end="").join(lines)


def _title(scene: Scene, view: View, symbol: str | None, track: Track) -> Text:
    line = Text(safe(symbol or "waiting for the first price"), "bold")
    if track.price is not None:
        line.append(f"  {price(track.price)} ", "bold")
        line.append_text(change_text(signed_percent(track.change)))
    state = "ended" if view.ended else "paused" if view.paused else view.speed
    sign = "■" if view.ended else "‖" if view.paused else "▶"
    clock = None if view.ended else view.clock
    line.append(f"   {instant(clock or scene.market_time)}", "bold")
    line.append(f"   {sign} {state}", "reverse" if view.paused else "")
    return line.append(f"   position {scene.position:,}", DIM)


def _verdict(track: Track, persona: Persona) -> list[Text]:
    update = track.regime
    if update is None:
        return [Text("no regime is known yet", DIM), Text()]
    says = persona.lines[update.regime].message
    mood = regime_text(update.regime)
    mood.append(f"  {bar(update.confidence)} {share(update.confidence)}  ", style_of(update.regime))
    mood.append(f"{persona.name}: {says}", style_of(update.regime, "bold"))
    advice = Text(
        f"since {instant(track.since)}, {words(update.strategy_recommendation.value)},"
        f" {percent(update.target_exposure, 0)} invested",
        DIM,
    )
    return [mood, advice]


def _worth(scene: Scene) -> list[Text]:
    if not scene.portfolios:
        return []
    line = Text("", DIM)
    for name, each in scene.portfolios.items():
        line.append(f"{safe(name)} {money(each.total_value)} ")
        line.append_text(change_text(signed_percent(each.pnl_pct)))
        line.append(f", {percent(each.exposure, 0)} invested   ")
    return [line]


def _news(scene: Scene, width: int, room: int) -> list[Text]:
    """The newest that there is room for, each whole: a long one takes several lines, and the last is cut at most."""
    lines: list[Text] = []
    days = instants([*(each.occurred_at for each in scene.recent), scene.market_time])
    for event, day in zip(reversed(scene.recent), reversed(days[:-1]), strict=True):
        before, what = event_parts(event, day)
        taken = folded(_FOLDING, before, what, width)
        if len(taken) + len(lines) > room:
            return lines or taken[:room]
        lines = [*taken, *lines]
    return lines


def _foot(view: View, width: int) -> list[Text]:
    if view.keys and view.help:
        return [*Text(HELP, DIM).wrap(_FOLDING, max(width, 1)), Text(NO_ADVICE, DIM)]
    return [Text(f"{NO_ADVICE}  {KEYS}" if view.keys else NO_ADVICE, DIM)]
