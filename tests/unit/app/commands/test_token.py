"""`synapse token` and `synapse link`: what is printed where, and what is refused in one line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from app.access.token_book import read_tokens, token_hash
from app.cli import main
from app.commands.token import parse_end
from events.catalog import Channel

Run = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("SYNAPSE_TOKENS_FILE", "SYNAPSE_TOKEN", "SYNAPSE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def one(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, said.out, said.err

    return one


def test_the_token_alone_is_on_standard_output(run: Run) -> None:
    code, out, err = run("token", "add", "grafana", "--file", "t.toml", "--channel", "regime")
    (entry,) = read_tokens(Path("t.toml")).token
    assert code == 0
    assert token_hash(out.removesuffix("\n")) == entry.sha256
    assert out.strip() not in err
    assert "grafana may read, covers regime, and never ends" in err


def test_the_file_is_that_of_the_setting_and_is_listed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNAPSE_TOKENS_FILE", "t.toml")
    run("token", "add", "bot", "--scope", "read", "--scope", "write", "--expires", "9999-12-30")
    run("token", "add", "wall")
    code, out, _ = run("token", "list")
    assert code == 0
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["bot", "read,", "write", "all", "9999-12-31T00:00:00Z"],
        ["wall", "read", "all", "never"],
    ]
    listed = json.loads(run("token", "list", "--json")[1])
    assert [one["name"] for one in listed] == ["bot", "wall"]
    assert "sha256" not in listed[0]
    assert run("token", "remove", "bot")[0] == 0
    assert [one.name for one in read_tokens(Path("t.toml")).token] == ["wall"]


def test_one_that_has_ended_is_marked(run: Run) -> None:
    run("token", "add", "wall", "--file", "t.toml", "--expires", "9999-12-30")
    file = Path("t.toml")
    file.write_text(file.read_text().replace("9999-12-31T00:00:00Z", "2020-01-01T00:00:00Z"))
    assert "2020-01-01T00:00:00Z (expired)" in run("token", "list", "--file", "t.toml")[1]


def test_the_help_breaks_no_channels_name(run: Run) -> None:
    said = run("token", "add", "--help")[1]
    assert all(channel in said for channel in Channel)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["token", "add", "one"], "name the tokens file"),
        (["token", "add", "x y", "--file", "t.toml"], "is no name"),
        (["token", "add", "one", "--file", "t.toml", "--expires", "soon"], "neither 90d"),
        (["token", "add", "one", "--file", "no/t.toml"], "No such file"),
        (["token", "remove", "one", "--file", "t.toml"], "cannot be read"),
        (["token", "list", "--file", "t.toml"], "cannot be read"),
        (["link"], "there is no token in synapse.db.token"),
        (["link", "--db", "postgresql://a/b"], "in PostgreSQL"),
        (["link", "--token", "t", "--url", "ftp://a"], "must look like"),
        (["link", "--token", "t", "--url", "http://127.0.0.1:1"], "http://127.0.0.1:1/: "),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(run: Run, arguments: list[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_an_end_is_a_period_from_now_or_the_end_of_a_day() -> None:
    assert parse_end("90d", NOW) == NOW + timedelta(days=90)
    assert parse_end("12h", NOW) == NOW + timedelta(hours=12)
    assert parse_end("2026-05-04", NOW) == datetime(2026, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "d", "0d", "1.5d", "999999d", "2026-05-03", "2026-13-01"])
def test_an_end_that_is_none_or_has_passed_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="--expires"):
        parse_end(text, NOW)
