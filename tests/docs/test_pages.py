"""Every block of code in the documentation does what its page says."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from app.stream.message_schemas import message_kinds
from tests.docs.clone import Clone
from tests.docs.desk import Desk, Failed, commands_of, find_node
from tests.docs.pages import KEPT, ROOT, Block, blocks_of, hidden_commands, pages
from tests.docs.questions import answered
from tests.docs.tests_on_pages import is_test, run_tests

NOT_RUN_MAX: Final = 8
"""Blocks of all pages together that may be left out, each with its reason."""

LONG: Final = ("README.md", "docs/deploy.md", "docs/export.md", "docs/pytest-plugin.md")
"""Pages that take longest have a file of their own, so that another process may run them."""

PAGES: Final = [str(path.relative_to(ROOT)) for path in pages()]
SHOWN: Final = frozenset({"text", "mermaid"})
SHELL: Final = frozenset({"sh", "console"})
IN_A_CLONE: Final = ("docs/howto/add-an-event-type.md", "docs/howto/write-a-detector.md")
"""Pages that change the program."""

IN_DUCKDB: Final = "docs/duckdb.md"
PROMPT: Final = re.compile(r"^\$ ", re.MULTILINE)
CHECKED_ONLY: Final = re.compile(r"^(?:pip install|(?:\S*/)?python3? dev\.py|npx|npm|git)\b")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(read(page), page)]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```" in read(page) and page not in LONG]
)
def test_every_block_of_the_page_runs(page: str, desk: Callable[..., Desk]) -> None:
    run_page(page, desk(Clone if page in IN_A_CLONE else Desk))


def run_page(page: str, here: Desk) -> None:
    """Run every block of a page; fails with all that went wrong."""
    if "\nnode " in read(page) and here.node is None:
        reason = "node is not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    faults: list[str] = []
    run = [block for block in blocks_of(read(page), page) if block.not_run is None]
    printed = ""
    for block in run:
        try:
            printed = "" if is_test(block) else tried(block, here, printed)
        except Exception as error:
            faults.append(f"{block}\n{type(error).__name__}: {error}")
    try:
        if tests := [block for block in run if is_test(block)]:
            run_tests(tests, here.folder)
    except Failed as error:
        faults.append(str(error))
    assert not faults, "\n\n".join(faults)


def tried(block: Block, desk: Desk, printed: str) -> str:
    """Run or check a block; returns what it printed. `printed`: by the one before."""
    if block.file is not None:
        desk.save(block.file, block.text)
        return ""
    match block.language:
        case "sh" if block.asked == KEPT:
            desk.keep(block.text)
        case "python":
            return desk.python(block.text, fresh=block.asked != "continues")
        case "sh":
            return in_shell(block, block.text, desk)
        case "console":
            return in_shell(block, without_answers(block.text), desk)
        case "sql":
            return answered(block.text, desk.folder, in_duckdb=block.page == IN_DUCKDB)
        case "json":
            check_json(block.text)
        case "js":
            check_script(block.text, desk.folder)
        case "diff":
            desk.patch(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "text" if block.asked == "output":
            check_output(block.text, printed)
        case language:
            assert language in SHOWN, f"nobody knows how to try {language}"
    return ""


def in_shell(block: Block, text: str, desk: Desk) -> str:
    run = [each for each in commands_of(text) if not checked_only(each)]
    return desk.shell("\n".join(run), block.exit_code) if run else ""


def checked_only(command: str) -> bool:
    """Whether a command is not for a test to run; then what it names must be there."""
    if not CHECKED_ONLY.match(command):
        return False
    words = command.split("#", maxsplit=1)[0].split()
    if "dev.py" in words[1:2]:
        assert f'"{words[2]}": cmd_' in read("dev.py"), f"dev.py has no {words[2]}"
    project = tomllib.loads(read("pyproject.toml"))["project"]
    for extra in re.findall(r"regime-synapse\[([\w,]+)\]", command):
        assert set(extra.split(",")) <= project["optional-dependencies"].keys(), command
    return True


def without_answers(text: str) -> str:
    """The commands of a console, those after `$ `; each ends where the answer to it begins."""
    commands: list[str] = []
    for part in PROMPT.split(text)[1:]:
        lines = part.splitlines()
        end = next(k for k, line in enumerate(lines) if not line.endswith("\\"))
        commands.append("\n".join(lines[: end + 1]))
    return "\n".join(commands)


def check_json(text: str) -> None:
    """It is JSON, where `{…}` and `[…]` stand for what is left out; and if it is a message, a known one."""
    value = json.loads(re.sub(r"(?<=[{\[])…(?=[}\]])", "", text))
    if isinstance(value, dict) and "direction" in value:
        kind = message_kinds()[value["type"]]
        if "…" not in text:
            kind.model.model_validate_json(text)


def check_script(text: str, folder: Path) -> None:
    """Its syntax, where there is Node; tests/e2e/test_clients_page.py runs those of docs/clients.md."""
    node = find_node()
    if node is None:
        return
    (folder / "page.mjs").write_text(text)
    done = subprocess.run(
        [node, "--check", "page.mjs"], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(done.stderr)


def check_output(expected: str, printed: str) -> None:
    """What the page shows is what came; `…` stands for anything."""
    pattern = ".*?".join(re.escape(part) for part in tidy(expected).split("…"))
    if not re.fullmatch(pattern, tidy(printed), re.DOTALL):
        raise Failed(f"the page shows\n{expected}\nand it printed\n{printed}")


def tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


# --- the pages as a whole -------------------------------------------------------------------------


def test_few_blocks_are_left_out_and_each_says_why() -> None:
    left_out = [(str(block), block.not_run) for block in all_blocks() if block.not_run is not None]
    assert len(left_out) <= NOT_RUN_MAX, left_out
    assert all(reason for _, reason in left_out), left_out


def test_no_command_hides_in_an_indented_block() -> None:
    found = {page: hidden_commands(read(page)) for page in PAGES}
    assert {page: commands for page, commands in found.items() if commands} == {}


def test_most_blocks_run() -> None:
    languages = [block.language for block in all_blocks() if block.not_run is None]
    assert sum(language not in SHOWN for language in languages) > 30
