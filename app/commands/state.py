"""`synapse state`: what was known at a moment."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.ask import (
    MOMENT_HELP,
    Db,
    Json,
    Symbol,
    Token,
    Url,
    asked_log,
    console,
    print_json,
    refuse_empty,
    same_log,
    say_if_what_if,
    waiting,
)
from app.moments import HEAD, LAST_SHIFT, parse_moment

if TYPE_CHECKING:
    from app.answers.state import State
    from app.client.log import Log


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    example = "Example: synapse state --at 2008-09-15 --symbol SPX"
    app.command("state", epilog=example)(state_command)


def state_command(
    at: Annotated[
        str | None, typer.Option("--at", metavar="MOMENT", help=f"{MOMENT_HELP} Default: head.")
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at",
            metavar="TIME",
            help="With what had been recorded by then only: the commit time, not the market's.",
        ),
    ] = None,
    position: Annotated[
        int | None,
        typer.Option("--position", metavar="POSITION", min=0, help="At this position of the log."),
    ] = None,
    symbol: Symbol = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """What was known at a moment: regimes, prices, persona, portfolios, the last alerts and trades."""
    if position is not None and (at is not None or known_at is not None):
        raise typer.BadParameter("give either --position or --at and --known-at, not both")
    with asked_log(db, url, token) as log, waiting("Asking for the state"):
        refuse_empty(log)
        say_if_what_if(log)
        found = of_symbol(_state(log, at, known_at, position, symbol), symbol)
    if as_json:
        print_json(found)
        return
    from app.terminal.state_view import StateAsked, print_state

    print_state(console(), found, StateAsked(at, known_at, symbol, same_log(db, url)))


def of_symbol(state: "State", symbol: str | None) -> "State":
    """Without the alerts and trades of other symbols."""
    if symbol is None:
        return state
    alerts = tuple(each for each in state.alerts if each.symbol == symbol)
    trades = tuple(each for each in state.trades if each.symbol == symbol)
    return state.model_copy(update={"alerts": alerts, "trades": trades})


def _state(
    log: "Log", at: str | None, known_at: str | None, position: int | None, symbol: str | None
) -> "State":
    """A moment that is a place in the log is one of its positions; with `known_at` it must be a time."""
    place = position if at is None else _place(log, at, symbol)
    if place is not None:
        if known_at is not None:
            raise typer.BadParameter("--known-at goes with a time: a position is known as it is")
        return log.state(position=place, symbol=symbol)
    return log.state(at=None if at == HEAD else at, known_at=known_at, symbol=symbol)


def _place(log: "Log", at: str, symbol: str | None) -> int | None:
    try:
        moment = parse_moment(at)
    except ValueError as error:
        raise typer.BadParameter(f"--at {error}") from None
    if moment == LAST_SHIFT:
        return log.shift(LAST_SHIFT, symbol).event.position
    return moment if isinstance(moment, int) else None
