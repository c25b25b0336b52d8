"""Puts the analysts' commands on the program: those that follow a log, play it again, and ask it."""

import typer

from app import cli_compare, cli_episodes, cli_explain, cli_replay, cli_state, cli_tail


def register(app: typer.Typer) -> None:
    """Put these commands on the program."""
    for group in (cli_tail, cli_replay, cli_episodes, cli_explain, cli_compare, cli_state):
        group.register(app)
