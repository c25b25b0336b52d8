"""All groups of commands, and how `synapse --help` lists them: what they are for, and in which order."""

from collections.abc import Mapping, Sequence
from typing import Final

import typer

from app.commands import (
    compare,
    db,
    episodes,
    explain,
    export,
    log,
    mcp,
    rebuild,
    replay,
    state,
    tail,
    token,
    whatif,
)

PANELS: Final[Mapping[str, Sequence[str]]] = {
    "Serve and record": ("serve", "demo", "import"),
    "Ask the log": (
        "tail",
        "replay",
        "state",
        "explain",
        "compare",
        "episodes",
        "transitions",
        "whatif",
        "hindsight",
        "export",
        "mcp",
    ),
    "Look after the log": ("verify", "doctor", "backup", "restore", "rebuild", "db"),
    "Who may do what": ("token", "link"),
}
"""The commands of each panel; one that is in none comes last, under its own."""


def register(app: typer.Typer) -> None:
    """Put the commands of every group on the program."""
    asking = (tail, replay, episodes, explain, compare, state, export, whatif, mcp)
    for group in (*asking, log, db, rebuild, token):
        group.register(app)


def arrange(app: typer.Typer) -> None:
    """Sort the commands, once all of them are there."""
    order = [name for names in PANELS.values() for name in names]
    for command in app.registered_commands:
        for panel, names in PANELS.items():
            if command.name in names:
                command.rich_help_panel = panel
    app.registered_commands.sort(
        key=lambda each: order.index(each.name) if each.name in order else len(order)
    )
    for group in app.registered_groups:
        group.rich_help_panel = next(
            (
                panel
                for panel, names in PANELS.items()
                if group.typer_instance is not None and group.typer_instance.info.name in names
            ),
            None,
        )
