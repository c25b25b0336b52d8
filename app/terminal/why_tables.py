"""The tables of why: every score's terms, and what the next bar would have to bring for another regime."""

from typing import Final

from rich.console import Console
from rich.text import Text

from app.answers.explain import Explanation, Flip, Score
from app.terminal.features import BIAS, in_words, legend, term_name
from app.terminal.figures import plain, price, signed, signed_percent
from app.terminal.folded import print_text
from app.terminal.look import DIM, change_text, regime_text
from app.terminal.table import Cell, Column, print_table

BAR_COLUMNS: Final = 14
"""Columns of the bar of a contribution, each way half of them."""

IN_WORDS: Final = "in words"

_TERMS: Final = (
    Column("score"),
    Column("feature"),
    Column("value", right=True),
    Column("weight", right=True, rank=3),
    Column("contribution", right=True),
    Column("before", right=True, rank=4),
    Column("change", right=True, rank=2),
    Column("against│for", rank=1),
    Column(IN_WORDS, rank=5),
)
_BEFORE: Final = frozenset({"before", "change"})


def print_scores(console: Console, explanation: Explanation, before: Explanation | None) -> None:
    """Every score with its terms, and those of the bar before where they are known."""
    if not explanation.explained:
        console.print()
        print_text(console, f"Not explained: {explanation.reason}.")
        return
    was = {} if before is None else _contributions(before)
    terms = [term for score in explanation.scores for term in score.terms]
    largest = max((abs(term.contribution) for term in terms), default=0) or 1.0
    rows = [row for score in explanation.scores for row in _rows(score, was, largest)]
    keep = [index for index, each in enumerate(_TERMS) if was or each.title not in _BEFORE]
    console.print()
    hidden = print_table(
        console, [_TERMS[index] for index in keep], [[row[index] for index in keep] for row in rows]
    )
    if IN_WORDS in hidden and (words := legend([term.feature for term in terms])):
        print_text(console, f"{words}.", DIM)
    if explanation.reason:
        print_text(console, f"{explanation.reason}.", DIM)


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
    begins = signed(score.bias, 3)
    rows: list[tuple[Cell, ...]] = [(head, "bias", "", "", begins, "", "", "", Text(BIAS, DIM))]
    for term in score.terms:
        was = before.get((score.name, term.feature))
        change = None if was is None else term.contribution - was
        rows.append(
            (
                "",
                term_name(score.name, term.feature),
                signed(term.value, 3),
                signed(term.weight, 3),
                signed(term.contribution, 3),
                signed(was, 3),
                change_text(signed(change, 3)),
                signed_bar(term.contribution / largest),
                Text(in_words(term.feature), DIM),
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


def print_flips(console: Console, explanation: Explanation) -> None:
    """The regimes that the next bar may lead to."""
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
