"""The limits of a log in PostgreSQL are those that its pages name, where they say that they are."""

# covers: events.postgres, events.postgres_session, events.postgres_statements

import re
from importlib import import_module

import pytest

from tests.house.tree import ROOT

IN_PAGE = {
    "postgresql.md": re.compile(r"^\|.*?\| (?P<value>[\d.]+)[^|]*\|.*`(?P<file>\S+)\.py` `(?P<name>[A-Z_]+)` \|$", re.MULTILINE),
    "failover.md": re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<value>[\d.]+) s \|.*`(?P<file>\S+)\.py` \|$", re.MULTILINE),
}  # fmt: skip
OURS = {"COMMAND_S_MAX", "COMMIT_S_MAX", "CONNECT_S_MAX"}
NAMED = {
    "postgresql.md": OURS
    | {"CONNECTIONS", "CLOSE_S_MAX", "FROZEN_S_MAX", "IDLE_S_MAX", "APPEND_IDLE_S_MAX"},
    "failover.md": OURS | {"POLL_S", "REOPEN_S", "QUIET_S", "GOODBYE_S_MAX"},
}


@pytest.mark.parametrize("page", IN_PAGE)
def test_every_limit_is_as_its_page_says(page: str) -> None:
    rows = list(IN_PAGE[page].finditer((ROOT / "docs" / page).read_text(encoding="utf-8")))
    assert {row["name"] for row in rows} == NAMED[page]
    for row in rows:
        module = import_module(row["file"].replace("/", "."))
        assert getattr(module, row["name"]) == float(row["value"]), row[0]
