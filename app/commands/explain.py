"""`synapse explain`: why a shift came, or why a regime holds."""

from typing import Annotated

import typer

from app.commands.ask import (
    MOMENT_HELP,
    Db,
    Json,
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
from app.moments import LAST_SHIFT


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    example = "Example: synapse explain 2008-10-02 --symbol SPX"
    app.command("explain", epilog=example)(explain_command)


def explain_command(
    moment: Annotated[str, typer.Argument(help=MOMENT_HELP)] = LAST_SHIFT,
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol",
            "-s",
            metavar="SYMBOL",
            help="Of this symbol; needed where the moment is of several.",
        ),
    ] = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """Why this shift: the price that caused it, features and what each added, limits, alerts, trades.

    Of an alert's or a trade's position: what led to it, and the regime that it stands on.
    """
    with asked_log(db, url, token) as log, waiting("Asking why"):
        refuse_empty(log)
        say_if_what_if(log)
        from app.terminal.why import why

        found = why(log, moment, symbol)
    if as_json:
        print_json(found.as_json())
        return
    from app.terminal.why_view import print_why

    print_why(console(), found, same_log(db, url))
