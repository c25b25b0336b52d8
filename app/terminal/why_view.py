"""Shows why: what the regime was before and after, the price, the terms, the limits, what followed, what it advises."""

from rich.console import Console
from rich.text import Text

from app.client.events import EventDetail
from app.client.messages import Event
from app.client.shift import BY_HAND
from app.moments import HEAD, moment_text
from app.terminal.figures import (
    instant,
    percent,
    plain,
    price,
    share,
    signed_percent,
    words,
)
from app.terminal.folded import print_line, print_text
from app.terminal.likelier import why_it_holds
from app.terminal.lines import event_parts
from app.terminal.look import DIM, NO_ADVICE, change_text, regime_text
from app.terminal.why import Why
from app.terminal.why_tables import print_flips, print_scores
from events.catalog import PriceUpdate


def print_why(console: Console, why: Why, same_log: str = "") -> None:
    """All of it; `same_log` is what names this log on a command line."""
    if why.at_shift:
        _print_shift(console, why)
        _print_cause(console, why)
    else:
        _print_held(console, why, same_log)
    if holds := why_it_holds(why.explanation, why.probabilities):
        print_text(console, holds)
    print_scores(console, why.explanation, why.before)
    print_flips(console, why.explanation)
    if why.at_shift:
        _print_events(console, "Alerts it caused", why.shift.alerts)
        _print_events(console, "Trades it caused", why.shift.trades)
        if why.also:
            _print_events(console, "The same price also caused", why.also)
    update = why.shift.update
    strategy = words(update.strategy_recommendation.value)
    kept = f"{strategy}, {percent(update.target_exposure, 0)} invested"
    console.print(f"\nThe strategy of {update.regime.value}: {kept}. {NO_ADVICE}")


def _print_held(console: Console, why: Why, same_log: str) -> None:
    shift, update = why.shift, why.shift.update
    if why.about is not None:
        _print_about(console, why.about)
    asked = "the head" if why.asked == HEAD else moment_text(why.asked)
    title = f"No shift at {asked}; the regime that holds there:"
    console.print("It stands on:" if why.stands else title, style=DIM)
    line = Text(f"{update.symbol}  ", "bold")
    line.append_text(regime_text(update.regime))
    line.append(f" with confidence {share(why.explanation.confidence)}")
    line.append(f", since {instant(shift.event.occurred_at)}")
    console.print(line, soft_wrap=True)
    if why.about is None or why.about.event.position != shift.event.position:
        again = f"Why it began: synapse explain {shift.event.position}{same_log}"
        console.print(Text(again, DIM), soft_wrap=True)


def _print_about(console: Console, about: EventDetail) -> None:
    """What happened at the position, what led to it up to the price, and what it led to."""
    print_line(console, *event_parts(about.event))
    if about.causes:
        _print_events(console, "Caused by", about.causes)
    if about.effects:
        _print_events(console, "It caused", about.effects)
    console.print()


def _print_shift(console: Console, why: Why) -> None:
    shift, update = why.shift, why.shift.update
    line = Text(f"{update.symbol}  ", "bold")
    if shift.previous_regime is not None:
        line.append_text(regime_text(shift.previous_regime))
        if why.before is not None and why.before.confidence is not None:
            line.append(f" ({share(why.before.confidence)})")
        line.append(" to ")
    line.append_text(regime_text(update.regime))
    line.append(f" ({share(update.confidence)})")
    line.append(f" at {instant(shift.event.occurred_at)}, position {shift.event.position}")
    console.print(line, soft_wrap=True)


def _print_cause(console: Console, why: Why) -> None:
    tick = why.shift.tick
    if tick is None:
        hand = why.shift.event.source == BY_HAND
        console.print("Set by hand." if hand else "No price is known that caused it.")
        return
    assert isinstance(tick.payload, PriceUpdate)
    line = Text(f"Caused by the price {price(tick.payload.price)} at {instant(tick.occurred_at)}")
    line.append(f", position {tick.position}")
    if why.change is not None and why.price_before is not None:
        line.append(": ")
        line.append_text(change_text(signed_percent(why.change, 2)))
        line.append(f" against {instant(why.price_before.occurred_at)}")
    print_line(console, Text(), line)
    crossed = why.crossed
    if crossed is not None:
        passed = "rose above" if crossed.direction == "above" else "fell below"
        print_text(
            console,
            f"The score {crossed.score} {passed} {plain(crossed.threshold, 2)}:"
            f" from {plain(crossed.before, 3)} to {plain(crossed.after, 3)}.",
        )


def _print_events(console: Console, title: str, events: tuple[Event, ...]) -> None:
    console.print(f"\n{title}:" if events else f"\n{title}: none.")
    for event in events:
        print_line(console, *event_parts(event))
