"""The import contracts in pyproject.toml cover what they are meant to, and do bite.

A contract names its modules one by one and forgives a missing one, so a new or renamed module
could escape it without a word. The first test sees that; the others plant a forbidden import
for each contract and see it broken.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT, module_name, python_files

PURE = (
    "app.access.errors",
    "app.access.exposure",
    "app.access.grant",
    "app.access.origins",
    "app.access.rules",
    "app.analysis",
    "app.answers",
    "app.check.answers",
    "app.check.claims",
    "app.check.findings",
    "app.check.heartbeats",
    "app.check.history",
    "app.check.page",
    "app.check.plan",
    "app.check.span",
    "app.check.sse",
    "app.check.transcript",
    "app.client.continuity",
    "app.market",
    "app.stream.close_codes",
    "app.stream.protocol",
    "app.stream.replay_clock",
    "app.stream.replay_effects",
    "app.stream.replay_protocol",
    "app.stream.replay_session",
    "app.stream.session",
    "app.tick_batch",
    "events.catalog",
    "events.chain",
    "events.codec",
    "events.envelope",
    "events.errors",
    "events.held_hints",
    "events.hint_codec",
    "events.hints",
    "events.ids",
    "events.lease_rules",
    "events.messages",
    "events.plan",
    "events.postgres_statements",
    "events.projection",
    "events.scalars",
    "events.selection",
    "events.store",
    "events.subscription",
    "events.tail",
    "events.upcasters",
    "events.verify_report",
    "events.verify_rows",
)
ROOMS = (
    "cli",
    "commands",
    "assistant",
    "assistant_server",
    "terminal",
    "whatif",
    "lifetimes",
    "testing",
    "backup",
    "checkpoints",
    "db_status",
    "db_upgrade",
    "doctor",
    "demo",
    "serving",
    "log_file",
    "main",
    "recorder",
    "hints",
    "opened",
    "api",
    "lanes",
    "queries",
    "stream",
    "analysis",
    "exporting",
    "broadcaster",
    "feed_runner",
    "feed_notices",
    "decider",
    "recorded",
    "tick_batch",
    "ingest",
    "live_state",
    "feeds",
    "market",
)
LOOSE = {
    "app.check",
    "app.answers",
    "app.client",
    "app.config",
    "app.database_url",
    "app.lane_names",
    "app.log_schema",
    "app.metrics",
    "app.migrate",
    "app.moments",
    "app.new_file",
    "app.access",
    "app.certificate",
    "app.health_check",
    "app.log_text",
    "app.setting_names",
    "app.welcome",
}
"""Modules of app outside the order of the rooms: they import no room, or stand beside them all."""

IMPURE = {
    "aiosqlite",
    "alembic",
    "asyncio",
    "fastapi",
    "httptools",
    "random",
    "secrets",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "starlette",
    "subprocess",
    "threading",
    "time",
    "uvicorn",
    "websockets",
}


def contracts(pyproject: Path = ROOT / "pyproject.toml") -> dict[str, dict[str, Any]]:
    """Return the contracts by id."""
    settings = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    return {one["id"]: one for one in settings["tool"]["importlinter"]["contracts"]}


def layer_words(layers: list[str]) -> set[str]:
    """Return the names in the layers of a contract."""
    separators = str.maketrans("()|:", "    ")
    return set(" ".join(layers).translate(separators).split())


def uncovered(contract: dict[str, dict[str, Any]], modules: list[str]) -> list[str]:
    """Name the modules that a contract should hold to a rule and does not."""
    pure = layer_words(contract["pure"]["layers"][1:])
    order = layer_words(contract["one-way"]["layers"])
    rooms = {".".join(name.split(".")[:2]) for name in modules if name.startswith("app.")}
    found = [f"{name}: not in the contract pure" for name in PURE if name not in pure]
    found += [f"{name}: not in the contract one-way" for name in sorted(rooms - order - LOOSE)]
    named = (pure | order) - set(PURE) - {f"app.{room}" for room in ROOMS}
    found += [f"{name}: in a contract, unknown here" for name in sorted(named)]
    outside = layer_words(contract["pure"]["layers"][:1])
    return found + [f"{name}: not kept from the pure" for name in sorted(IMPURE - outside)]


def existing_modules(root: Path = ROOT) -> list[str]:
    """Return the dotted names of all modules of app and events."""
    return [module_name(path, root) for path in python_files("app", "events", root=root)]


def lint(root: Path, module: str, line: str) -> str:
    """Plant one import into a small house under this one's contracts; return what is said."""
    shutil.copy(ROOT / "pyproject.toml", root)
    others = ("app.config", "app.api", "app.commands.groups", "events.tables", "events.sql_store")
    for name in (*PURE, *others, module):
        folder = root.joinpath(*name.split(".")[:-1])
        folder.mkdir(parents=True, exist_ok=True)
        (root.joinpath(*name.split(".")).with_suffix(".py")).touch()
    (root / "migrations").mkdir(exist_ok=True)
    for folder in [path for path in root.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()
    (root.joinpath(*module.split(".")).with_suffix(".py")).write_text(f"{line}\n")
    program = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_every_module_that_has_a_rule_is_in_its_contract() -> None:
    assert uncovered(contracts(), existing_modules()) == []


def test_planted_gap_is_found() -> None:
    bad = contracts()
    bad["pure"]["layers"] = [
        layer.replace("(events.codec)", "(events.kodec)").replace("(time)", "(tide)")
        for layer in bad["pure"]["layers"]
    ]
    assert uncovered(bad, ["app.attic.trunk", "app.api.state", "events.codec"]) == [
        "events.codec: not in the contract pure",
        "app.attic: not in the contract one-way",
        "events.kodec: in a contract, unknown here",
        "time: not kept from the pure",
    ]


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("one-way", "app.feeds", "import app.stream"),
        ("one-way", "app.analysis", "from app.stream import protocol"),
        ("commands-apart", "app.commands.tail", "from app.commands import groups"),
        ("commands-apart", "app.commands.attic", ""),
        ("events-alone", "events.log", "from app import market"),
        ("migrations-tables", "migrations.env", "from events import catalog"),
        ("pure", "app.market", "import asyncio.queues"),
        ("pure", "app.analysis", "from events import sql_store\nimport sqlalchemy"),
        ("pure", "events.codec", "from time import monotonic"),
        ("pure", "app.stream.session", "from events import sql_store\nimport sqlalchemy"),
        ("client-apart", "app.client.planted", "import app.api"),
        ("client-apart", "app.check.planted", "import app.api"),
        ("fastapi-at-the-edge", "app.analysis", "from fastapi.responses import Response"),
        ("sqlalchemy-in-the-store", "events.log", "import sqlalchemy.ext.asyncio"),
        ("settings-at-the-top", "app.api", "from app.config import Settings"),
    ],
)
def test_planted_import_breaks_its_contract(
    tmp_path: Path, contract: str, module: str, line: str
) -> None:
    assert f"{contracts()[contract]['name']} BROKEN" in lint(tmp_path, module, line)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("migrations.env", "from events import tables"),
        ("app.api", "import fastapi"),
        ("app.analysis", "from app import market\nfrom events import codec, projection"),
        ("app.main", "from app import api, config, market"),
        ("events.sql_store", "import sqlalchemy, asyncio"),
    ],
)
def test_what_is_meant_to_be_allowed_is(tmp_path: Path, module: str, line: str) -> None:
    assert "0 broken" in lint(tmp_path, module, line)
