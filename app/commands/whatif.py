"""The commands `synapse whatif` and `synapse hindsight`: the log beside what would have been, and what was.

What a command works with is loaded when it runs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.ask import (
    Db,
    Json,
    Since,
    Symbol,
    Token,
    Until,
    Url,
    asked_log,
    console,
    print_json,
    refuse_empty,
)
from app.config import BASIS_POINTS, Settings
from app.database_url import DatabaseUrlError, sqlite_path
from app.market.ticks import MAX_BAR_S
from app.moments import parse_bound

if TYPE_CHECKING:
    from app.client.log import Log
    from app.market.setup import MarketSetup
    from app.whatif.reading import Span
    from app.whatif.save import Saved

DetectorName = Annotated[
    str | None,
    typer.Option(
        "--detector",
        metavar="NAME",
        help="anchored, sma200, hmm or jump. Default: SYNAPSE_DETECTOR, or anchored.",
    ),
]
Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One of its constants: band=0.05. May be given several times; a wrong name tells which there are.",
    ),
]
BarSeconds = Annotated[
    int | None,
    typer.Option(
        "--bar-s",
        min=1,
        max=MAX_BAR_S,
        help="Seconds of the bars that single ticks make, as the recorder had it. Default: SYNAPSE_BAR_S, or a day.",
    ),
]
SaveAs = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        help="Also make a log of its own, with all prices of the log (or symbol) and this detector.",
    ),
]


def register(app: typer.Typer) -> None:
    """Put these commands on the program."""
    example = "Example: synapse whatif --detector sma200 --symbol SPX --since 2007-10-01 --until 2009-06-30"
    app.command("whatif", epilog=example)(whatif_command)
    example = "Example: synapse hindsight --symbol SPX --since 2007-10-01 --until 2009-06-30"
    app.command("hindsight", epilog=example)(hindsight_command)


def whatif_command(  # noqa: PLR0913, PLR0917  # one parameter for each option
    detector: DetectorName = None,
    values: Constants = None,
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    db: Db = None,
    url: Url = None,
    token: Token = None,
    bar_s: BarSeconds = None,
    save: SaveAs = None,
    as_json: Json = False,
) -> None:
    """Run another detector, or one with other constants, over the recorded prices; the log stays as it is."""
    from app.whatif.mark import marked
    from app.whatif.reading import checked_head, compared, refuse_no_bar
    from app.whatif.tables import show

    span, constants = _span(since, until), _constants(values or ())
    setup = _setup(detector, constants, bar_s)
    if save is not None:
        _check_file(save)
    with asked_log(db, url, token) as log:
        refuse_empty(log)
        head = checked_head(log, symbol)
        note = marked(log)
        found = compared(log, setup, span, symbol, head, "Running")
        refuse_no_bar(sum(each.other.bars for each in found.symbols.values()), since, until)
        saved = None if save is None else _saved(log, save, setup, symbol, head)
    if as_json:
        fields = {"constants": constants, **found.model_dump()}
        print_json({**fields, "saved": None if saved is None else asdict(saved)})
        return
    _tell_mark(note)
    show(found, constants, console())
    if saved is not None:
        typer.echo(
            f"saved: {saved.file}, {saved.prices:,} prices and {saved.events:,} events in all."
            f" Prove it with: synapse verify --db {saved.file}"
        )


def hindsight_command(
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    db: Db = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """What was broadcast beside what hindsight knows: delays, losses by then, misses, false alarms."""
    from app.whatif.hindsight_tables import show
    from app.whatif.mark import marked
    from app.whatif.reading import checked_head, judged, refuse_no_bar

    span = _span(since, until)
    with asked_log(db, url, token) as log:
        refuse_empty(log)
        note = marked(log)
        found = judged(log, span, symbol, checked_head(log, symbol), "Reading")
    refuse_no_bar(sum(each.bars for each in found.symbols.values()), since, until)
    if as_json:
        print_json(found)
        return
    _tell_mark(note)
    show(found, console())


def _span(since: str | None, until: str | None) -> "Span":
    begin, end = (
        None if text is None else _bound(name, text, end=name == "until")
        for name, text in (("since", since), ("until", until))
    )
    if begin is not None and end is not None and end < begin:
        raise typer.BadParameter(f"the range ends before it begins: since {since}, until {until}")
    return begin, end


def _bound(name: str, text: str, *, end: bool) -> datetime:
    try:
        return parse_bound(text, end=end)
    except ValueError as error:
        raise typer.BadParameter(f"--{name} {error}") from None


def _constants(given: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in given:
        name, separator, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            separator, number = "", 0.0
        if not separator or not name.strip():
            raise typer.BadParameter(f"--set {text!r} must be NAME=NUMBER, such as band=0.05")
        if name.strip() in found:
            raise typer.BadParameter(f"--set names {name.strip()} twice")
        found[name.strip()] = number
    return found


def _setup(name: str | None, constants: dict[str, float], bar_s: int | None) -> "MarketSetup":
    from app.market.setup import MarketSetup
    from app.whatif.ask import setup_of

    settings = Settings()
    setup = MarketSetup(
        bar_s=bar_s or settings.bar_s,
        cash=settings.paper_cash,
        paper_fee=settings.paper_fee_bps / BASIS_POINTS,
    )
    return setup_of(name or settings.detector, constants, setup)


def _tell_mark(note: str | None) -> None:
    """That the log that was asked is itself a what-if."""
    if note is not None:
        typer.echo(f"This log is one that a what-if saved. {note}")


def _check_file(file: Path) -> None:
    from app.whatif.save import refuse_existing

    try:
        sqlite_path(str(file))
    except DatabaseUrlError as error:
        raise typer.BadParameter(f"--save: {error}") from None
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"--save: there is no folder {file.parent}")
    refuse_existing(file)


def _saved(log: "Log", file: Path, setup: "MarketSetup", symbol: str | None, head: int) -> "Saved":
    from app.market.setup import parse_paper
    from app.recorder import DEFAULT_PAPER, open_log
    from app.whatif.reading import events_of
    from app.whatif.save import paper_of, save

    # The log's own portfolios, so that both can be laid side by side.
    paper = paper_of(log.events(types=["trade_execution"], before=head + 1))
    prices = events_of(log, "Saving", ["price_update"], symbol, head)
    return asyncio.run(
        save(
            file,
            prices,
            replace(setup, paper=paper or parse_paper(Settings().paper or DEFAULT_PAPER)),
            lambda path: open_log(Settings(database_url=str(path), nats_url=None, hints=None)),
        )
    )
