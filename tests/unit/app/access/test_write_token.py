"""The server's token: made once, kept beside the log, readable by its owner only."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.access.errors import TokenFileError
from app.access.write_token import WriteToken, load_token


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


@pytest.mark.parametrize("left", [b"", b"\n"])
def test_an_empty_file_is_replaced(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "x.db.token"
    path.write_bytes(left)
    path.chmod(0o644)
    made = load_token(None, tmp_path / "x.db")
    assert len(made.value) >= 43
    assert load_token(None, tmp_path / "x.db") == made
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("left", [None, b""])
@pytest.mark.parametrize("fails", ["fsync", "fdopen"])
def test_a_full_disk_leaves_no_half_made_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: bytes | None, fails: str
) -> None:
    path = tmp_path / "x.db.token"
    if left is not None:
        path.write_bytes(left)
    before = list(tmp_path.iterdir())

    def full(descriptor: int, *_mode: object, **_options: object) -> None:
        if fails == "fdopen":
            os.close(descriptor)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, full)
        with pytest.raises(OSError, match="No space left") as caught:
            load_token(None, tmp_path / "x.db")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == before
    # There is space again.
    assert load_token(None, tmp_path / "x.db") == load_token(None, tmp_path / "x.db")


def test_it_is_never_there_without_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.db.token"
    real = os.fsync

    def watched(descriptor: int) -> None:
        assert not path.exists()
        assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    assert load_token(None, tmp_path / "x.db").value == path.read_text().strip()
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_make_one_at_once_hold_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: load_token(None, tmp_path / "x.db"), range(32)))
    assert len(made) == 1


def test_a_file_system_without_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_paths: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert load_token(None, tmp_path / "x.db") == load_token(None, tmp_path / "x.db")


@pytest.mark.parametrize("content", [b"\xff\xfe", "tökén".encode(), b"two\nlines"])
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


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("given-by-the-operator", True),
        ("<given-by-the-operator>", True),
        ("given-by-the-operato", False),
        ("", False),
        ("ü" * 100, False),
    ],
)
def test_a_token_is_found_inside_a_text(text: str, held: bool) -> None:
    assert WriteToken("given-by-the-operator", None).is_in(text) is held


def test_a_token_is_not_shown_with_its_object() -> None:
    assert "operator" not in repr(WriteToken("given-by-the-operator", None))
