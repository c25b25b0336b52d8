"""docs/reference/cli.md: the commands as they describe themselves."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer.main

from app.check.cli import app as check_app
from app.cli import NOT_NOW, WRONG_USE, app
from docs.generate.markdown import code, one_line, page, table

EXIT_CODES: Final = {
    0: "fine; a server that Ctrl-C stopped, too",
    1: "a check failed",
    WRONG_USE: "wrong use, or a condition that the message explains",
    NOT_NOW: "the database cannot be reached now: starting again may help",
    130: "interrupted before the server ran",
    143: "a server that SIGTERM stopped",
}
"""Exit codes of all commands, and what they mean."""


def cli_page() -> str:
    """The whole page."""
    return page(
        "Commands",
        "What `synapse --help` and `synapse COMMAND --help` say, in one place. How they are used is in"
        " [the log in a terminal](../terminal.md), [feeds](../feeds.md) and [deploying](../deploy.md). A flag wins over its"
        " [setting](settings.md).",
        "## Exit codes",
        table(["code", "meaning"], ((str(number), text) for number, text in EXIT_CODES.items())),
        *_commands(typer.main.get_command(app), ["synapse"]),
        *_commands(typer.main.get_command(check_app), ["synapse-check"]),
    )


def _commands(command: Any, path: Sequence[str]) -> Iterator[str]:
    """One command, and all below it. `Any`: the framework does not give out its commands' types."""
    context = command.context_class(command, info_name=" ".join(path))
    below: dict[str, Any] = getattr(command, "commands", {})
    yield f"## `{' '.join(path)}`"
    yield from _paragraphs(command.help)
    if not below:
        usage = " ".join([*path, *command.collect_usage_pieces(context)])
        yield f"```text\n{usage}\n```"
    if told := [said for one in command.params if (said := one.get_help_record(context))]:
        yield table(["argument or option", "what"], ((code(name), text) for name, text in told))
    for name, each in below.items():
        if not each.hidden:
            yield from _commands(each, [*path, name])


def _paragraphs(text: str | None) -> Iterator[str]:
    r"""What a command says of itself; `\b` and `\f` are the terminal's."""
    for part in re.sub("[\b\f]", "", text or "").split("\n\n"):
        if said := one_line(part):
            yield said
