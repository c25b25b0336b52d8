"""What tries the pages finds what is wrong with a page."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.docs.desk import Desk, Failed, commands_of
from tests.docs.kept import NotServed
from tests.docs.pages import KEPT, ROOT, BadPage, Block, blocks_of, hidden_commands
from tests.docs.test_pages import check_json, check_output, checked_only, tried, without_answers
from tests.docs.tests_on_pages import run_tests


def block(language: str, text: str, asked: str | None = None) -> Block:
    return Block("page", 1, language, text, asked)


def test_a_block_has_its_line_its_language_and_what_is_asked_of_it() -> None:
    page = "# Title\n\n<!-- not run: no network -->\n```sh\nls\n```\n\n```python\nprint(1)\n```\n"
    first, second = blocks_of(page)
    assert (first.line, first.language, first.text, first.not_run) == (
        4,
        "sh",
        "ls\n",
        "no network",
    )
    assert (second.line, second.asked, second.not_run) == (8, None, None)


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```\nls\n```\n", "page:1: the block names no language"),
        ("```sh\nls\n", "page:1: the block has no end"),
        ("<!-- skip -->\n```sh\nls\n```\n", "page:1: nothing is known of"),
        ("<!-- not run: -->\n```sh\nls\n```\n", "page:1: nothing is known of"),
    ],
)
def test_a_page_whose_blocks_cannot_be_told_is_refused(page: str, fault: str) -> None:
    with pytest.raises(BadPage, match=fault):
        blocks_of(page)


def test_an_indented_command_is_found() -> None:
    page = "Do this:\n\n    synapse verify\n    ls\n\n```sh\n\n    curl x\n```\n"
    assert hidden_commands(page) == ["synapse verify"]


def test_commands_of_several_lines_are_one_and_comments_are_none() -> None:
    text = "# say\ncurl \\\n  -s x  # it\n\necho 'a\nb'\n"
    assert commands_of(text) == ["curl \\\n  -s x  # it", "echo 'a\nb'"]


def test_the_answers_of_a_console_are_no_commands() -> None:
    assert without_answers("$ ls \\\n  -l\nfile\n\n$ pwd\n/\n") == "ls \\\n  -l\npwd"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "assert 1 == 2\n"),
        ("sh", "synapse verify --db nowhere.db\n"),
        ("sh", "synapse serve --no-such-option\n"),
        ("sh", "curl -s http://127.0.0.1:8000/api/nothing\n"),
        ("sh", "curl --no-such-option http://127.0.0.1:8000/healthz\n"),
        ("console", "$ false\n"),
        ("sql", "SELECT nothing FROM v_regimes;\n"),
        ("json", "{,}\n"),
        ("toml", "=\n"),
        ("cobol", "MOVE 1 TO X.\n"),
    ],
)
def test_a_block_that_does_not_work_is_found(
    language: str, text: str, desk: Callable[[], Desk]
) -> None:
    here = desk()
    with pytest.raises((Exception, SystemExit)):
        tried(block(language, text), here, "")


def test_a_command_ends_with_the_exit_code_that_the_page_tells(desk: Callable[[], Desk]) -> None:
    here = desk()
    tried(block("sh", "exit 2\n", "exits 2"), here, "")
    with pytest.raises(Failed, match="exit code 0"):
        tried(block("sh", "true\n", "exits 2"), here, "")


def test_a_kept_server_is_the_one_that_the_next_blocks_mean(desk: Callable[[], Desk]) -> None:
    here = desk()
    served = "synapse serve --db own.db --no-browser\n"
    tried(block("sh", served, KEPT), here, "")
    answer = tried(block("sh", "curl -s http://127.0.0.1:8000/api/state\n"), here, "")
    assert '"position":0' in answer
    tried(block("sh", "test -s own.db.token\n"), here, "")


def test_a_kept_command_that_ends_is_found(desk: Callable[[], Desk]) -> None:
    here = desk()
    with pytest.raises(NotServed, match="exit code 2"):
        tried(block("sh", "synapse serve --feed nothing\n", KEPT), here, "")


def test_python_begins_afresh_unless_it_continues(desk: Callable[[], Desk]) -> None:
    here = desk()
    tried(block("python", "seen = 1\n"), here, "")
    assert tried(block("python", "print(seen)\n", "continues"), here, "") == "1\n"
    with pytest.raises(NameError):
        tried(block("python", "print(seen)\n"), here, "")


def test_a_test_on_a_page_that_fails_is_found(desk: Callable[[], Desk]) -> None:
    with pytest.raises(Failed, match="1 failed"):
        run_tests([block("python", "def test_x():\n    assert False\n")], desk().folder)


def test_what_is_shown_is_what_was_printed_but_for_dots() -> None:
    check_output("a … c\n", "a b  c\n")
    with pytest.raises(Failed, match="the page shows"):
        check_output("a … d\n", "a b c\n")


def test_a_message_on_a_page_is_a_message() -> None:
    check_json('{"type": "regime_update", "payload": {…}, "direction": "s2c"}')
    with pytest.raises(ValueError, match="channels"):
        check_json(
            '{"msg_id":"1","type":"subscribe","payload":{},"direction":"c2s","timestamp":"2026-01-16T12:00:00Z"}'
        )


def test_a_command_that_is_only_checked_names_what_there_is() -> None:
    assert checked_only("python3 dev.py run --port 9000")
    assert checked_only("pip install 'regime-synapse[export]'")
    assert not checked_only("python3 examples/x.py")
    with pytest.raises(AssertionError, match="has no jump"):
        checked_only("python3 dev.py jump")
    with pytest.raises(AssertionError):
        checked_only("pip install 'regime-synapse[wings]'")


def test_the_stand_in_for_curl_knows_no_option_that_it_does_not_follow() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/docs/stand_ins.py"), "curl", "--insecure", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--insecure" in done.stderr
