"""Shows why: what the regime was before and after, the price, the terms, the limits, what followed, what it advises."""

from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.explain import Explanation, Flip, Score
from app.client.messages import Event
from app.terminal.figures import (
    instant,
    percent,
    plain,
    price,
    share,
    signed,
    signed_percent,
    words,
)
from app.terminal.lines import BY_HAND, event_line
from app.terminal.look import (
    DIM,
    NO_ADVICE,
    change_text,
    regime_text,
)
from app.terminal.table import Cell, Column, print_table
from app.terminal.why import Why
from events.catalog import PriceUpdate

BAR_COLUMNS: Final = 14
"""Columns of the bar of a contribution, each way half of them."""


def print_why(console: Console, why: Why) -> None:
    """All of it."""
    _print_head(console, why)
    _print_scores(console, why)
    _print_flips(console, why.explanation)
    if why.at_shift:
        _print_followed(console, "Alerts it caused", why.shift.alerts)
        _print_followed(console, "Trades it caused", why.shift.trades)
    update = why.shift.update
    strategy = words(update.strategy_recommendation.value)
    kept = f"{strategy}, {percent(update.target_exposure, 0)} invested"
    console.print(f"\nThe strategy of {update.regime.value}: {kept}. {NO_ADVICE}")


def _print_head(console: Console, why: Why) -> None:
    shift, update = why.shift, why.shift.update
    line = Text(f"{update.symbol}  ", "bold")
    if not why.at_shift:
        console.print("This moment is no shift; the regime that holds there:", style=DIM)
        line.append_text(regime_text(update.regime))
        line.append(f" with confidence {share(why.explanation.confidence)}")
        line.append(f", since {instant(shift.event.occurred_at)}")
        console.print(line, soft_wrap=True)
        console.print(f"Why it began: synapse explain {shift.event.position}", style=DIM)
        return
    if update.previous_regime is not None:
        line.append_text(regime_text(update.previous_regime))
        if why.before is not None and why.before.confidence is not None:
            line.append(f" ({share(why.before.confidence)})")
        line.append(" to ")
    line.append_text(regime_text(update.regime))
    line.append(f" ({share(update.confidence)})")
    line.append(f" at {instant(shift.event.occurred_at)}, position {shift.event.position}")
    console.print(line, soft_wrap=True)
    _print_cause(console, why)


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
    console.print(line, soft_wrap=True)
    crossed = why.crossed
    if crossed is not None:
        passed = "rose above" if crossed.direction == "above" else "fell below"
        console.print(
            f"The score {crossed.score} {passed} {plain(crossed.threshold, 2)}:"
            f" from {plain(crossed.before, 3)} to {plain(crossed.after, 3)}.",
            soft_wrap=True,
        )


_TERMS: Final = (
    Column("score"),
    Column("feature"),
    Column("value", right=True),
    Column("weight", right=True, rank=1),
    Column("contribution", right=True),
    Column("before", right=True, rank=3),
    Column("change", right=True, rank=2),
    Column("against│for", rank=1),
)


def _print_scores(console: Console, why: Why) -> None:
    explanation = why.explanation
    if not explanation.explained:
        console.print(f"\nNot explained: {explanation.reason}.", soft_wrap=True)
        return
    before = {} if why.before is None else _contributions(why.before)
    largest = max(
        (abs(term.contribution) for score in explanation.scores for term in score.terms), default=0
    )
    console.print()
    rows: list[tuple[Cell, ...]] = []
    for score in explanation.scores:
        rows += _rows(score, before, largest or 1.0)
    columns = (
        _TERMS if before else [each for each in _TERMS if each.title not in {"before", "change"}]
    )
    keep = [index for index, each in enumerate(_TERMS) if each in columns]
    print_table(console, columns, [[row[index] for index in keep] for row in rows])
    if explanation.reason:
        console.print(f"{explanation.reason}.", style=DIM, soft_wrap=True)


def _contributions(explanation: Explanation) -> dict[tuple[str, str], float]:
    return {
        (score.name, term.feature): term.contribution
        for score in explanation.scores
        for term in score.terms
    }


def _rows(
    score: Score, before: dict[tuple[str, str], float], largest: float
) -> list[tuple[Cell, ...]]:
    head = Text(f"{score.name} = {plain(score.value, 3)}", "bold")
    rows: list[tuple[Cell, ...]] = [(head, "bias", "", "", signed(score.bias, 3), "", "", "")]
    for term in score.terms:
        was = before.get((score.name, term.feature))
        change = None if was is None else term.contribution - was
        rows.append(
            (
                "",
                term.feature,
                signed(term.value, 3),
                signed(term.weight, 3),
                signed(term.contribution, 3),
                signed(was, 3),
                change_text(signed(change, 3)),
                signed_bar(term.contribution / largest),
            )
        )
    return rows


def signed_bar(part: float) -> str:
    """A bar from the middle: to the left what speaks against the score, to the right what speaks for it."""
    half = BAR_COLUMNS // 2
    length = min(half, round(abs(part) * half))
    if part < 0:
        return " " * (half - length) + "█" * length + "│" + " " * half
    return " " * half + "│" + "█" * length + " " * (half - length)


_FLIPS: Final = (
    Column("would lead to"),
    Column("score"),
    Column("now", right=True),
    Column("must be", right=True),
    Column("at a close of about", right=True),
    Column("change", right=True),
)


def _print_flips(console: Console, explanation: Explanation) -> None:
    if explanation.flips:
        console.print("\nWhat the next bar would have to bring for another regime:")
        print_table(console, _FLIPS, [_flip(each) for each in explanation.flips])


def _flip(flip: Flip) -> tuple[Cell, ...]:
    return (
        regime_text(flip.to),
        flip.score,
        plain(flip.value, 3),
        f"{flip.direction} {plain(flip.threshold, 2)}",
        "none within reach" if flip.change is None else price(flip.price),
        change_text(signed_percent(flip.change)),
    )


def _print_followed(console: Console, title: str, events: tuple[Event, ...]) -> None:
    console.print(f"\n{title}:" if events else f"\n{title}: none.")
    for event in events:
        console.print(event_line(event), soft_wrap=True)
