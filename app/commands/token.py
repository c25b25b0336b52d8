"""The commands `synapse token` (who may do what) and `synapse link` (a browser signs in)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from app.access.errors import AccessError
from app.access.grant import Scope
from app.commands.ask import TOKEN_VARIABLE, Json, print_json
from app.config import Settings
from app.database_url import PostgresUrl, database_of
from events.catalog import Channel
from events.scalars import LABEL_PATTERN

DAYS_MAX: Final = 36_500
"""Of --expires."""

_PERIOD: Final = re.compile(r"(\d{1,6})([dh])")
_UNITS: Final = {"d": "days", "h": "hours"}

tokens = typer.Typer(
    name="token",
    help="Make, list and remove tokens of the tokens file: docs/tokens.md.",
    no_args_is_help=True,
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Whose it is, for you and for the log: grafana."),
]
File = Annotated[
    Path | None,
    typer.Option("--file", metavar="PATH", help="The tokens file. Default: SYNAPSE_TOKENS_FILE."),
]


class TokenCommandError(AccessError):
    """A token command that cannot be carried out."""


def register(app: typer.Typer) -> None:
    """Put the commands on the program."""
    app.add_typer(tokens)
    app.command("link")(link_command)


@tokens.command("add")
def add_command(
    name: Name,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="What it is for: read, write or admin. May be given several times. Default: read.",
        ),
    ] = None,
    channel: Annotated[
        list[Channel] | None,
        typer.Option(
            "--channel",
            metavar="CHANNEL",
            help=f"What of the log it covers: {', '.join(Channel)}. May be given several times. Default: all.",
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            metavar="WHEN",
            help="When it ends: 90d, 12h, or a day (2027-01-31, its end, UTC). Default: never.",
        ),
    ] = None,
    file: File = None,
) -> None:
    """Make a token and print it, once: the file holds only its hash. A running server takes it up within a second."""
    from app.access.token_edit import add_token, short_time

    if not re.fullmatch(LABEL_PATTERN, name):
        raise typer.BadParameter(f"{name!r} is no name: use 1 to 64 letters, digits and . _ : -")
    now = datetime.now(UTC)
    ends_at = None if expires is None else parse_end(expires, now)
    path = tokens_file(file)
    scopes = list(dict.fromkeys(scope or [Scope.READ]))
    channels = None if channel is None else list(dict.fromkeys(channel))
    token = add_token(path, name, scopes, channels or None, ends_at)
    typer.echo(token)
    covers = "every channel" if not channels else ", ".join(channels)
    ends = "never ends" if ends_at is None else f"ends at {short_time(ends_at)}"
    typer.echo(
        f"synapse: {name} may {', '.join(scopes)}, covers {covers}, and {ends}. Keep the token: it is shown"
        f" only now. Its hash is in {path}.",
        err=True,
    )


@tokens.command("list")
def list_command(file: File = None, as_json: Json = False) -> None:
    """List the tokens by name; what they are is not in the file."""
    from app.access.token_book import read_tokens

    found = read_tokens(tokens_file(file)).token
    if as_json:
        print_json([one.model_dump(exclude={"sha256"}) for one in found])
        return
    from rich.table import Table

    from app.commands.ask import console

    table = Table("NAME", "SCOPES", "CHANNELS", "EXPIRES", box=None, pad_edge=False)
    now = datetime.now(UTC)
    for one in found:
        channels = "all" if one.channels is None else ", ".join(one.channels)
        table.add_row(one.name, ", ".join(one.scopes), channels, _ends(one.expires_at, now))
    console().print(table)


@tokens.command("remove")
def remove_command(name: Name, file: File = None) -> None:
    """Take a token out of the file: it is revoked, and what is open with it is closed within 5 s."""
    from app.access.token_edit import remove_token

    path = tokens_file(file)
    remove_token(path, name)
    typer.echo(f"synapse: {name} is no longer in {path}", err=True)


def link_command(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The running server.")
    ] = "http://127.0.0.1:8000/",
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="PATH",
            help="The log whose token file lies beside it, where no token is given."
            " Default: SYNAPSE_DATABASE_URL, or synapse.db.",
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TOKEN",
            envvar=TOKEN_VARIABLE,
            show_envvar=True,
            help="A token with the scope admin, such as the server's own.",
        ),
    ] = None,
) -> None:
    """Print a new launch link of a running server: it signs in one browser, once, within 10 minutes."""
    from app.client.launch import new_launch_link

    typer.echo(new_launch_link(url, token or _owners_token(db)))


def tokens_file(file: Path | None) -> Path:
    """The file that is meant.

    Raises:
        TokenCommandError: none is named.
    """
    path = file or Settings().tokens_file
    if path is None:
        raise TokenCommandError("name the tokens file: --file tokens.toml, or SYNAPSE_TOKENS_FILE")
    return path


def parse_end(text: str, now: datetime) -> datetime:
    """When a token ends: after `90d` or `12h`, or at the end of a day.

    Raises:
        typer.BadParameter: it is neither, or has passed.
    """
    period = _PERIOD.fullmatch(text)
    try:
        if period:
            length = timedelta(**{_UNITS[period[2]]: int(period[1])})
            if length > timedelta(days=DAYS_MAX):
                raise typer.BadParameter(f"--expires: at most {DAYS_MAX}d")
            end = (now + length).replace(microsecond=0)
        else:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
            end = day + timedelta(days=1)
    except ValueError:
        raise typer.BadParameter(
            f"--expires: {text!r} is neither 90d, nor 12h, nor a day such as 2027-01-31"
        ) from None
    if end <= now:
        raise typer.BadParameter(f"--expires: {text} has passed")
    return end


def _ends(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    from app.access.token_edit import short_time

    return short_time(at) if at > now else f"{short_time(at)} (expired)"


def _owners_token(db: str | None) -> str:
    """The token that lies beside a log.

    Raises:
        TokenCommandError: there is none.
    """
    database = database_of(db or Settings().database_url)
    if isinstance(database, PostgresUrl):
        raise TokenCommandError(
            "the log is in PostgreSQL: give its server's token in SYNAPSE_TOKEN"
        )
    path = database.with_name(f"{database.name}.token")
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise TokenCommandError(
            f"there is no token in {path}: name the log with --db, or give the token in SYNAPSE_TOKEN"
        ) from None
