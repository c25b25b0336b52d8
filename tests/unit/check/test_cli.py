"""The command line of `synapse-check`: wrong use is one line, and exit code 2."""

from pathlib import Path

import pytest

from app.check import cli
from app.check.cli import main
from app.check.plan import Plan


def ends(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument 'URL'"),
        (("ftp://x",), "must look like http://127.0.0.1:8000"),
        (("ws://127.0.0.1:8000",), "must look like http://127.0.0.1:8000"),
        (("http://me:secret@x",), "neither a user nor a query"),
        (("http://x", "--events", "0"), "greater than or equal to 1"),
        (("http://x", "--slow", "2"), "less than or equal to 1"),
        (("http://x", "--prefix", "a b"), "at most 16 letters and digits"),
        (("http://x", "--prefix", "a" * 17), "at most 16 letters and digits"),
        (("http://x", "--token-file", "no/such/file"), "cannot be read"),
        (("http://x", "--token", "a", "--token-file", "b"), "--token or --token-file, not both"),
        (("http://127.0.0.1:9",), "cannot be reached"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("synapse-check: ")
    assert said in err


def test_a_token_comes_from_the_option_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans: list[Plan] = []

    def kept(plan: Plan, *, as_json: bool) -> int:
        plans.append(plan)
        return 1 if as_json else 0

    monkeypatch.setattr(cli, "_check", kept)
    monkeypatch.setenv("SYNAPSE_TOKEN", "from-env")
    (tmp_path / "token").write_text("from-file\n")
    assert ends("http://x/") == 0
    assert ends("http://x", "--token", "given") == 0
    assert ends("http://x", "--token-file", str(tmp_path / "token"), "--json") == 1
    assert [plan.token for plan in plans] == ["from-env", "given", "from-file"]
    assert {plan.url for plan in plans} == {"http://x"}
    assert len({plan.run for plan in plans}) == 3


def test_every_writer_has_a_symbol(monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []

    def kept(plan: Plan, *, as_json: bool) -> int:
        plans.append(plan)
        return 0

    monkeypatch.setattr(cli, "_check", kept)
    ends("http://x", "--writers", "12", "--symbols", "2", "--seed", "5")
    assert (plans[0].symbols, plans[0].seed) == (12, 5)


def test_a_fault_of_its_own_is_one_line_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_plan: Plan, *, as_json: bool) -> int:
        raise ZeroDivisionError(f"planted\n{as_json}")

    monkeypatch.setattr(cli, "_check", broken)
    assert ends("http://x") == 2
    err = capsys.readouterr().err
    assert (err.count("\n"), "Traceback" in err) == (1, False)
    assert "no verdict, by a fault of its own: ZeroDivisionError" in err
    assert "test_cli.py:" in err
