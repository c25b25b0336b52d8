"""`synapse compare`: two moments side by side."""

from typing import Annotated

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
    say_if_what_if,
    waiting,
)
from app.moments import HEAD


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    example = "Example: synapse compare 2008-09-12 2008-10-10 --symbol SPX"
    app.command("compare", epilog=example)(compare_command)


def compare_command(
    a: Annotated[str, typer.Argument(metavar="A", help=MOMENT_HELP)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")] = HEAD,
    symbol: Symbol = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """What changed from one moment to another: regimes, prices, the features that did it, portfolios."""
    with asked_log(db, url, token) as log, waiting("Comparing"):
        refuse_empty(log)
        say_if_what_if(log)
        found = log.compare(a, b, symbol)
    if as_json:
        print_json(found)
        return
    from app.terminal.compare_view import print_comparison

    print_comparison(console(), found, a, b)
