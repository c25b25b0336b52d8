"""What takes its time is told on the terminal, and nowhere else."""

import time
from itertools import count

import pytest

from app.commands import ask

PATIENCE_S = 20


def test_on_a_terminal_it_is_told_what_takes_its_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(ask, "WAITING_S", 0)
    said, patience = "", time.monotonic() + PATIENCE_S
    with ask.waiting("Reading episodes"):
        for _ in count():
            said += capsys.readouterr().err
            if "Reading episodes" in said:
                break
            assert time.monotonic() < patience
    assert capsys.readouterr().out == ""


def test_what_is_quick_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with ask.waiting("Reading episodes"):
        pass
    assert "Reading" not in capsys.readouterr().err


def test_where_nobody_watches_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(ask, "WAITING_S", 0)
    with ask.waiting("Reading episodes"):
        pass
    assert capsys.readouterr().err == ""
