"""The write token: made once, kept beside the log, readable by its owner only."""

import os
import stat
from pathlib import Path

import pytest

from app.write_token import TokenFileError, WriteToken, load_token


def test_a_given_token_wins_and_leaves_no_file(tmp_path: Path) -> None:
    token = load_token("given-by-the-operator", tmp_path / "x.db")
    assert token == WriteToken("given-by-the-operator", None)
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_made_once_and_read_again(tmp_path: Path) -> None:
    made = load_token(None, tmp_path / "x.db")
    assert made.path == tmp_path / "x.db.token"
    assert len(made.value) >= 43
    assert load_token(None, tmp_path / "x.db") == made
    assert load_token(None, tmp_path / "y.db").value != made.value


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    path = load_token(None, tmp_path / "x.db").path
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", "tökén".encode(), b"two\nlines"])
def test_a_file_without_a_token_is_explained(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db.token").write_bytes(content)
    with pytest.raises(TokenFileError, match=r"x\.db\.token holds no token: delete it"):
        load_token(None, tmp_path / "x.db")


def test_a_missing_folder_is_the_systems_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_token(None, tmp_path / "none" / "x.db")


def test_only_the_very_token_matches() -> None:
    token = WriteToken("the-token", None)
    assert token.matches("the-token")
    assert not any(
        token.matches(other) for other in ("", "the-toke", "the-token ", "THE-TOKEN", "ÿ")
    )
