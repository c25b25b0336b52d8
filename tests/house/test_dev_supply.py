"""`dev.py audit` never takes silence for a clean answer; `dev.py sbom` writes what CycloneDX allows."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dev
import dev_setup
import dev_supply
from dev_supply import CLEAN, FOUND, NOT_ASKED
from tests.house.test_no_addresses import BANNED
from tests.house.tree import ROOT

needs_tools = pytest.mark.skipif(
    importlib.util.find_spec("cyclonedx_py") is None,
    reason="the tools of requirements/supply.lock are not installed; `python3 dev.py test` installs them",
)

FAULT = {"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": ""}


def packages(*each: dict[str, Any]) -> str:
    return json.dumps({"dependencies": each, "fixes": []})


@pytest.mark.parametrize(
    ("stdout", "code", "line"),
    [
        (packages({"name": "a", "version": "1", "vulns": []}), CLEAN, "pypi: 1 packages"),
        (
            packages({"name": "a", "version": "1", "vulns": [FAULT]}),
            FOUND,
            "a 1: PYSEC-1, mended in 2.1",
        ),
        (
            packages({"name": "a", "skip_reason": "not found"}, {"name": "b", "vulns": []}),
            NOT_ASKED,
            "pypi: could not be asked for 1 of 2: a",
        ),
        (packages(), NOT_ASKED, "pypi: could be asked for none of 0"),
        ("", NOT_ASKED, "pypi: no route to host"),
    ],
)
def test_an_answer_of_pip_audit_is_read(stdout: str, code: int, line: str) -> None:
    answer = dev_supply.of_pip_audit("pypi", stdout, "Traceback\n  no route to host\n")
    assert (answer.code, answer.lines[-1]) == (code, line)


@pytest.mark.parametrize(
    ("stdout", "code", "line"),
    [
        (
            '{"vulnerabilities": {}, "metadata": {"dependencies": {"total": 338}}}',
            CLEAN,
            "338 packages",
        ),
        ('{"vulnerabilities": {"vite": {"severity": "high"}}}', FOUND, "vite: high"),
        ('{"message": "405 Method Not Allowed", "error": {}}', NOT_ASKED, "405 Method Not Allowed"),
        ("{}", NOT_ASKED, "npm error offline"),
        ("", NOT_ASKED, "npm error offline"),
    ],
)
def test_an_answer_of_npm_audit_is_read(stdout: str, code: int, line: str) -> None:
    answer = dev_supply.of_npm_audit(stdout, "npm error offline\n")
    assert (answer.code, answer.lines[-1]) == (code, line)


@pytest.mark.parametrize(
    ("codes", "line"),
    [
        ((CLEAN, CLEAN), "CLEAN: no known fault in any locked package"),
        ((CLEAN, NOT_ASKED), "NOT PROVEN: nobody could be asked for npm"),
        ((NOT_ASKED, NOT_ASKED), "NOT PROVEN: nobody could be asked for python; npm"),
        ((FOUND, CLEAN), "FOUND: known faults in python"),
        (
            (FOUND, NOT_ASKED),
            "FOUND: known faults in python. NOT PROVEN: nobody could be asked for npm",
        ),
    ],
)
def test_the_last_line_says_what_was_proven(codes: tuple[int, int], line: str) -> None:
    assert dev_supply.verdict(dict(zip(("python", "npm"), codes, strict=True))) == line


def test_a_complaint_is_told_in_whole_words() -> None:
    said = "requests.ConnectionError: Pool(host='osv.example', port=443): (Caused by NameResolutionError(\"no\"))"
    assert dev_supply.last_line(said) == "osv.example gave no answer (NameResolutionError)"
    assert dev_supply.last_line("word " * 100) == "word " * 39 + "..."
    assert dev_supply.last_line("") == ""


@pytest.mark.parametrize(
    "arguments",
    [["audit", "--help"], ["test", "--quick", "-h"], ["bench", "--help"], ["lock", "--help"]],
)
def test_each_command_tells_what_it_does_and_does_nothing(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = dev.COMMANDS[arguments[0]]
    monkeypatch.setitem(dev.COMMANDS, arguments[0], _named_like(work))
    assert dev.main(arguments) == 0
    assert capsys.readouterr().out == f"python3 dev.py {arguments[0]}: {work.__doc__}\n"


def _named_like(work: Callable[[list[str]], int]) -> Callable[[list[str]], int]:
    def never(_arguments: list[str]) -> int:
        raise AssertionError("it was started")

    never.__doc__ = work.__doc__
    return never


def test_soak_tells_its_options_before_anything_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "ensure_python", _named_like(dev.cmd_soak))
    with pytest.raises(SystemExit) as ended:
        dev.main(["soak", "--help"])
    assert ended.value.code == 0
    assert "at least 11 minutes" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("codes", "code"),
    [([CLEAN, CLEAN], CLEAN), ([CLEAN, NOT_ASKED], NOT_ASKED), ([FOUND, NOT_ASKED], FOUND)],
)
def test_a_finding_weighs_more_than_a_silence(codes: list[int], code: int) -> None:
    assert dev_supply.worst(codes) == code


def test_who_wants_a_package_is_read_from_the_lock() -> None:
    lock = (
        "anyio==4.16.0 \\\n    --hash=sha256:00\n    # via\n    #   httpx\n    #   watch.files\n"
        "h-11==1 ; python_version < '3.12'\n    # via regime-synapse (pyproject.toml)\n"
    )
    assert list(dev_supply.wants(lock)) == [
        ("anyio", "httpx"),
        ("anyio", "watch-files"),
        ("h-11", "regime-synapse"),
    ]


@needs_tools
def test_both_lists_are_cyclonedx_and_name_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if dev_setup.node_on_path() is None:
        pytest.skip("no node with npm on the PATH to list the dashboard's packages")
    monkeypatch.setattr(dev_supply, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev_supply, "ensure_supply", lambda: None)
    assert dev.main(["sbom", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("CycloneDX 1.") == 2
    for name, wanted in (("synapse", "pkg:pypi/fastapi@"), ("dashboard", "pkg:npm/preact@")):
        text = (tmp_path / f"{name}.cdx.json").read_text(encoding="utf-8")
        made = json.loads(text)
        assert any(each["purl"].startswith(wanted) for each in made["components"])
        assert [match[0] for pattern in BANNED.values() for match in pattern.finditer(text)] == []
        assert str(ROOT) not in text
        assert text.count("://") == 1, "only the schema's own name"


@needs_tools
def test_every_locked_package_is_listed_with_what_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_supply, "PYTHON", Path(sys.executable))
    made = dev_supply.python_sbom()
    lock = (ROOT / "requirements/run.lock").read_text(encoding="utf-8")
    assert len(made["components"]) == len(dev_supply.LOCKED.findall(lock))
    graph = {each["ref"]: each["dependsOn"] for each in made["dependencies"]}
    assert graph.keys() == {each["bom-ref"] for each in made["components"]} | {"root-component"}
    assert any(ref.startswith("pkg:pypi/uvicorn@") for ref in graph["root-component"])


@needs_tools
def test_a_list_that_is_no_cyclonedx_is_refused() -> None:
    given = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"nme": "x"}]}'
    done = subprocess.run(
        [sys.executable, "-c", dev_supply.VALIDATE, "1.6"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("not CycloneDX 1.6")
