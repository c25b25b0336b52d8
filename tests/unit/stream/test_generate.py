"""`python -m app.stream.generate`: writes one file, and says when it is stale."""

from pathlib import Path

import pytest

from app.market.persona import PERSONAS
from app.stream.generate import TARGET, main, stale, wire
from app.stream.protocol import CLIENT_MESSAGES, CONTROL_MESSAGES, EVENT_MESSAGES
from app.stream.replay_protocol import REPLAY_COMMANDS, REPLAY_CONTROL
from app.stream.typescript import render


def test_it_writes_the_file_once_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert "wrote" in capsys.readouterr().out
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / TARGET]
    before = (tmp_path / TARGET).stat().st_mtime_ns
    assert main([], tmp_path) == 0
    assert (tmp_path / TARGET).stat().st_mtime_ns == before


def test_check_only_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stale(tmp_path)
    assert main(["--check"], tmp_path) == 1
    assert "stale" in capsys.readouterr().err
    assert not (tmp_path / TARGET).exists()
    main([], tmp_path)
    assert main(["--check"], tmp_path) == 0
    target = tmp_path / TARGET
    target.write_text(target.read_text(encoding="utf-8") + "// by hand\n", encoding="utf-8")
    assert main(["--check"], tmp_path) == 1


def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"], tmp_path) == 2
    assert "usage" in capsys.readouterr().err


def test_every_message_and_every_persona_is_in_it() -> None:
    text = render(wire())
    replay = (*REPLAY_COMMANDS, *REPLAY_CONTROL)
    for name in (*CLIENT_MESSAGES, *CONTROL_MESSAGES, *EVENT_MESSAGES, *replay):
        assert f"  {name}: " in text
    for persona in PERSONAS.values():
        for line in persona.lines.values():
            assert line.message in text
