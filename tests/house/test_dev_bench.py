"""`dev.py bench` is one door: all, quick, one again, or one by its name with its own arguments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import dev
import dev_bench
from benchmarks.entries import ENTRIES
from dev_setup import Node
from tests.house.test_supply_chain import versions_of


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []

    def note(words: Sequence[str]) -> int:
        commands.append([Path(words[0]).name, *words[1:]])
        return 0

    monkeypatch.setattr(dev_bench, "_run", note)
    return commands


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ([], ["suite.py"]),
        (["--quick"], ["suite.py", "--quick"]),
        (["--quick", "--only", "read", "fold"], ["suite.py", "--quick", "--only", "read", "fold"]),
        (["read", "--rounds", "2", "--help"], ["read.py", "--rounds", "2", "--help"]),
    ],
)
def test_what_is_asked_for_is_run(
    words: list[str], command: list[str], ran: list[list[str]]
) -> None:
    assert dev.main(["bench", *words]) == 0
    assert ran == [command]


def test_the_list_names_programs_and_not_what_they_are_made_of(
    ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["bench", "--list"]) == 0
    listed = capsys.readouterr().out.removeprefix("Benchmarks: ").strip().split(", ")
    assert {entry.name for entry in ENTRIES} <= set(listed)
    assert not {"suite", "render", "record", "peers", "wire_clients"} & set(listed)
    assert ran == []


@pytest.mark.parametrize("words", [["--only", "nonsense"], ["nonsense"], ["--fast"]])
def test_what_is_no_benchmark_is_refused(words: list[str], ran: list[list[str]]) -> None:
    try:
        code: object = dev.main(["bench", *words])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert ran == []


def test_the_peers_are_installed_by_hash_and_run_no_scripts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[Sequence[str]] = []

    def note(*given: Any, **_more: Any) -> None:
        commands.extend(given[3]())

    node = Node("node", ("npm",))
    monkeypatch.setattr(dev_bench, "set_up", note)
    monkeypatch.setattr(dev_bench, "ensure_python", lambda dev: None)
    monkeypatch.setattr(dev_bench, "ensure_node", lambda: node)
    assert dev_bench.ensure_peers() is node
    (installed,) = [each for each in commands if "pip" in each]
    assert "--require-hashes" in installed
    assert installed[-1].endswith("peers.lock")
    (of_node,) = [each for each in commands if each[0] == "npm"]
    assert of_node[:3] == ["npm", "ci", "--ignore-scripts"]


def test_the_peers_share_packages_with_the_project_and_agree_on_their_versions() -> None:
    in_dev = versions_of("dev")
    peers = versions_of("peers")
    assert {"eventsourcing", "picows", "psycopg", "hmmlearn", "jumpmodels"} <= peers.keys()
    differing = {name: found - in_dev.get(name, found) for name, found in peers.items()}
    assert {name: found for name, found in differing.items() if found} == {}
