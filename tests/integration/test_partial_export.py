"""`synapse export` with a token that does not cover all channels: no hash of the chain, and all else is checked."""

# covers: app.exporting.remote, app.exporting.sources, app.exporting.check

import json
from pathlib import Path
from typing import Any

import pytest

from app.access.grant import Scope
from app.cli import main
from events.catalog import Channel
from tests.integration.leaking import ALL, Leaking, token_of

SOME = token_of(frozenset({Scope.READ}), frozenset({Channel.REGIME}))
WHOLE = token_of(frozenset({Scope.READ}), ALL)


class Command:
    """`synapse export`, with a token, in a folder."""

    def __init__(self, room: Leaking, capsys: pytest.CaptureFixture[str]) -> None:
        self._room = room
        self._capsys = capsys

    def __call__(self, token: str, *words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["export", *words, "--url", self._room.served.url, "--token", token])
        told = self._capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err


@pytest.fixture
def export(
    room: Leaking,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(room, capsys)


def manifest(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(f"{name}.manifest.json").read_text())
    return told


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson", "log.cloudevents.json", "log.parquet"])
def test_it_tells_no_hash_and_is_checked_by_what_is_in_it(export: Command, name: str) -> None:
    code, said = export(SOME, name, "--limit", "1")
    assert (code, "hash not told" in said) == (0, True), said
    told = manifest(name)
    assert [told[key] for key in ("from_hash", "to_hash", "head_hash")] == [None] * 3
    code, said = export(SOME, "--check", f"{name}.manifest.json")
    assert (code, "NO HASHES" in said) == (0, True), said
    changed = Path(name).read_bytes()
    Path(name).write_bytes(changed.replace(b"QREGIMEQ", b"XREGIMEX"))
    code, said = export(SOME, "--check", f"{name}.manifest.json")
    assert code == 1 or changed == Path(name).read_bytes(), said


def test_it_goes_on_with_the_same_token(export: Command) -> None:
    assert export(SOME, "a.csv", "--limit", "1")[0] == 0
    code, said = export(SOME, "b.csv", "--continue", "a.csv.manifest.json")
    assert code == 0, said
    assert manifest("b.csv")["from"] == manifest("a.csv")["to"]
    code, said = export(SOME, "--check", "b.csv.manifest.json")
    assert (code, "begins where that ends" in said) == (0, True), said


def test_who_sees_less_than_an_export_tells_cannot_prove_it(export: Command) -> None:
    assert export(WHOLE, "all.csv", "--channel", "regime")[0] == 0
    assert manifest("all.csv")["to_hash"] is not None
    code, said = export(SOME, "--check", "all.csv.manifest.json")
    assert code != 0
    assert "channel" in said
