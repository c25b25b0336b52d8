"""`synapse episodes` and `synapse transitions`: how long each regime lasted, what it did, what followed it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.commands.ask import (
    Db,
    Json,
    Position,
    Since,
    Symbol,
    Token,
    Until,
    Url,
    asked_log,
    console,
    print_json,
    refuse_empty,
    say_if_what_if,
    waiting,
)
from events.catalog import Regime

if TYPE_CHECKING:
    from app.answers.episodes import Episode

EPISODES_MAX: Final = 10_000
"""Of `--limit`."""

Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", metavar="COUNT", min=1, max=EPISODES_MAX, help="Only the newest so many."
    ),
]
Regimes = Annotated[
    list[Regime] | None,
    typer.Option(
        "--regime",
        "-r",
        metavar="REGIME",
        case_sensitive=False,
        help=f"Of this regime only; may be given several times: {', '.join(Regime)}.",
    ),
]


def register(app: typer.Typer) -> None:
    """Put these commands on the program."""
    example = "Example: synapse episodes --symbol SPX --regime CRASH --since 2008-01-01"
    app.command("episodes", epilog=example)(episodes_command)
    example = "Example: synapse transitions --symbol SPX"
    app.command("transitions", epilog=example)(transitions_command)


def episodes_command(  # noqa: PLR0913, PLR0917  # one parameter for each option
    symbol: Symbol = None,
    regime: Regimes = None,
    since: Since = None,
    until: Until = None,
    position: Position = None,
    limit: Limit = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """How long each regime lasted, and what it brought: one line an episode, oldest first."""
    with asked_log(db, url, token) as log, waiting("Reading episodes"):
        refuse_empty(log)
        say_if_what_if(log)
        asked = None if regime else limit
        found: Sequence[Episode] = log.episodes(
            symbol, since=since, until=until, position=position, limit=asked
        )
        if regime:
            found = [each for each in found if each.regime in regime][-(limit or 0) :]
    if as_json:
        print_json(found)
        return
    from app.terminal.episode_tables import print_episodes

    print_episodes(console(), found)


def transitions_command(
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    position: Position = None,
    as_json: Json = False,
    db: Db = None,
    url: Url = None,
    token: Token = None,
) -> None:
    """How often each regime followed each other one, and how long each lasted."""
    with asked_log(db, url, token) as log, waiting("Reading episodes"):
        refuse_empty(log)
        found = log.transitions(symbol, since=since, until=until, position=position)
    if as_json:
        print_json(found)
        return
    from app.terminal.episode_tables import print_transitions

    print_transitions(console(), found)
