"""The developer's door does a set-up step once, and again when its inputs change."""

import sys
from pathlib import Path

import pytest

import dev
import dev_setup


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dev_setup, "ROOT", tmp_path)
    return tmp_path


def counted_step(root: Path) -> None:
    program = "open('count', 'a').write('x')"
    dev_setup.set_up(
        "Counting",
        root / "stamp",
        [root / "input"],
        lambda: [[sys.executable, "-c", program]],
        "",
        cwd=root,
    )


def test_a_step_runs_again_only_when_an_input_changes(root: Path) -> None:
    (root / "input").write_text("one")
    counted_step(root)
    counted_step(root)
    assert (root / "count").read_text() == "x"
    (root / "input").write_text("two")
    counted_step(root)
    assert (root / "count").read_text() == "xx"


def test_a_failed_step_leaves_no_stamp_and_says_why(root: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no luck')"]
    with pytest.raises(dev_setup.SetupError, match="Trying") as caught:
        dev_setup.set_up("Trying", root / "stamp", [], lambda: [command], "Pray.", cwd=root)
    assert (caught.value.output.strip(), caught.value.hint) == ("no luck", "Pray.")
    assert not (root / "stamp").exists()


def test_a_digest_sees_names_and_contents_and_not_what_tools_make(root: Path) -> None:
    (root / "web" / "node_modules").mkdir(parents=True)
    source = root / "web" / "a.ts"
    source.write_text("1")
    first = dev_setup.digest([root / "web"])
    (root / "web" / "node_modules" / "b.js").touch()
    assert dev_setup.digest([root / "web"]) == first
    source.rename(root / "web" / "c.ts")
    assert dev_setup.digest([root / "web"]) != first


def test_what_stands_after_two_dashes_is_for_pytest() -> None:
    assert dev.split(["--quick", "--", "-k", "--"]) == (["--quick"], ["-k", "--"])


def test_both_ends_of_a_long_output_are_shown() -> None:
    shown = dev.shortened("\n".join(str(number) for number in range(100))).split()
    assert (shown[0], shown[-1]) == ("0", "99")
    assert len(shown) == dev.HEAD_LINES + dev.TAIL_LINES + 1


@pytest.mark.parametrize("arguments", [[], ["nonsense"]])
def test_a_wrong_command_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    assert "usage: python3 dev.py" in capsys.readouterr().err


@pytest.mark.parametrize("lock", ["run", "dev"])
def test_the_extra_for_parquet_is_installed_too(lock: str) -> None:
    text = (dev_setup.LOCKS / f"{lock}.lock").read_text(encoding="utf-8")
    assert "\npyarrow==" in text


def test_without_compiled_files_in_the_tree_they_are_kept_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = dev_setup.child_env()
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert Path(env["PYTHONPYCACHEPREFIX"]).is_relative_to(dev_setup.VENV)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    assert "PYTHONPYCACHEPREFIX" not in dev_setup.child_env()
