"""Which way nodes hear of each other's commits, and settings that do not go together."""

import sys
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.hints import HintsError, check_hints, hint_kind, open_hints
from app.recorder import open_log
from events.errors import StoreUnavailable
from events.hints import HintKind
from events.sql_store import SqlEventStore

POSTGRES = "postgresql://h/log"
NATS = "nats://h:4222"


def chosen(**settings: Any) -> Settings:
    return Settings(database_url=POSTGRES, **settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, HintKind.NOTIFY),
        ({"nats_url": NATS}, HintKind.NATS),
        ({"nats_url": NATS, "hints": "nats"}, HintKind.NATS),
        ({"nats_url": NATS, "hints": "notify"}, HintKind.NOTIFY),
        ({"nats_url": NATS, "hints": "poll"}, HintKind.POLL),
        ({"hints": "poll"}, HintKind.POLL),
    ],
)
def test_the_settings_choose_a_way(settings: dict[str, str], kind: HintKind) -> None:
    assert hint_kind(chosen(**settings)) is kind
    check_hints(chosen(**settings), POSTGRES)


def test_nats_without_a_server_is_refused() -> None:
    with pytest.raises(
        HintsError, match=r"^SYNAPSE_HINTS=nats needs SYNAPSE_NATS_URL: write nats:"
    ):
        check_hints(chosen(hints="nats"), POSTGRES)


def test_a_url_that_cannot_be_read_is_refused_without_its_password() -> None:
    with pytest.raises(HintsError, match=r"^SYNAPSE_NATS_URL: a NATS server is written") as refused:
        check_hints(chosen(nats_url="nats://u:secret@h:port"), POSTGRES)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"nats_url": NATS}, "^SYNAPSE_NATS_URL is for a log in PostgreSQL"),
        ({"hints": "notify"}, "^SYNAPSE_HINTS=notify is for a log in PostgreSQL"),
        ({"hints": "nats"}, "^SYNAPSE_HINTS=nats is for a log in PostgreSQL"),
    ],
)
async def test_hints_of_a_log_in_a_file_are_refused_before_the_file_is_made(
    settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.db"
    with pytest.raises(HintsError, match=named):
        await open_log(Settings(database_url=str(path), **settings))  # type: ignore[arg-type]  # of several types
    assert not path.exists()


async def test_a_file_that_is_only_asked_is_opened(tmp_path: Path) -> None:
    settings = Settings(database_url=str(tmp_path / "x.db"), hints="poll")
    log = await open_log(settings)
    assert log.follower.hints is None
    await log.close()


def test_nats_py_that_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("nats", "nats.aio", "nats.aio.client"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'regime-synapse\[nats\]'"):
        check_hints(chosen(nats_url=NATS), POSTGRES)
    check_hints(chosen(nats_url=NATS, hints="notify"), POSTGRES)


async def test_each_way_is_opened(tmp_path: Path) -> None:
    log = await open_log(Settings(database_url=str(tmp_path / "x.db")))
    store = log.store
    assert isinstance(store, SqlEventStore)
    for settings, kind in (
        (chosen(nats_url=NATS), HintKind.NATS),
        (chosen(), HintKind.NOTIFY),
    ):
        hints = await open_hints(settings, POSTGRES, store)
        assert hints is not None
        assert hints.status.kind is kind
        await hints.close()
    assert await open_hints(chosen(hints="poll"), POSTGRES, store) is None
    await log.close()
