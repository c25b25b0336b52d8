"""The command `synapse mcp`: the log for assistants, on standard input and output."""

from importlib.metadata import version

import typer

from app.commands.ask import Db, Token, Url, asked_log
from events.errors import EventError


class MissingMcp(EventError):
    """The extra `mcp` is not installed."""

    code = "missing_extra"


def register(app: typer.Typer) -> None:
    """Put the command on the program."""
    app.command("mcp")(mcp_command)


def mcp_command(db: Db = None, url: Url = None, token: Token = None) -> None:
    """Let an assistant ask the log, read only: a server of the Model Context Protocol on standard input and output."""
    try:
        from app.assistant import assistant_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise MissingMcp(
            "this needs mcp, which is not installed: pip install 'regime-synapse[mcp]'"
        ) from error
    with asked_log(db, url, token) as log:
        log.head()
        assistant_server(log, version("regime-synapse")).run()
