"""Adding and removing tokens: the rest of the file stays as it is, whatever somebody wrote into it."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.access.errors import TokensFileError
from app.access.grant import Scope
from app.access.token_book import read_tokens, token_hash
from app.access.token_edit import add_token, remove_token
from events.catalog import Channel

HAND_WRITTEN = """# Who may come in. Ask Ada.
revoked = [ "old-jwt" ]   # since May

# the night shift
[[token]] # keep
  name = 'ops'
sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
scopes = [
    "admin",  # [[token]] is not a heading here
]

# Grafana, on the wall.
[[token]]
name = "grafana"
sha256 = "2222222222222222222222222222222222222222222222222222222222222222"
scopes = ["read"]"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.toml"


def test_a_new_file_is_its_owners_alone_and_holds_the_hash(path: Path) -> None:
    ends_at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    token = add_token(path, "one", [Scope.READ, Scope.WRITE], [Channel.PRICES], ends_at)
    (entry,) = read_tokens(path).token
    assert entry.sha256 == token_hash(token)
    assert (entry.name, entry.scopes, entry.channels) == ("one", ["read", "write"], ["prices"])
    assert entry.expires_at == ends_at
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(token) == 43
    assert token not in path.read_text()


def test_each_token_is_another_one_and_none_looks_like_an_option(path: Path) -> None:
    made = {add_token(path, f"t{number}", [Scope.READ], None, None) for number in range(100)}
    assert len(made) == 100
    assert not any(token.startswith("-") for token in made)
    assert len(read_tokens(path).token) == 100


def test_what_was_in_the_file_stays_byte_for_byte(path: Path) -> None:
    path.write_text(HAND_WRITTEN)
    path.chmod(0o640)
    add_token(path, "new", [Scope.READ], None, None)
    after = path.read_text()
    assert after.startswith(HAND_WRITTEN)
    assert [one.name for one in read_tokens(path).token] == ["ops", "grafana", "new"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    remove_token(path, "new")
    assert path.read_text() == HAND_WRITTEN + "\n\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["ops", "grafana"])
def test_a_token_goes_and_the_comments_of_the_others_stay(path: Path, name: str) -> None:
    path.write_text(HAND_WRITTEN)
    remove_token(path, name)
    found = read_tokens(path)
    assert [one.name for one in found.token] == [one for one in ("ops", "grafana") if one != name]
    assert found.revoked == ["old-jwt"]
    text = path.read_text()
    assert text.startswith('# Who may come in. Ask Ada.\nrevoked = [ "old-jwt" ]   # since May\n')
    assert "# Grafana, on the wall." in text


def test_a_name_is_taken_once_and_only_what_is_there_goes(path: Path) -> None:
    path.write_text(HAND_WRITTEN)
    with pytest.raises(TokensFileError, match="'ops' already"):
        add_token(path, "ops", [Scope.READ], None, None)
    with pytest.raises(TokensFileError, match="no token 'nobody': it has ops, grafana"):
        remove_token(path, "nobody")
    assert path.read_text() == HAND_WRITTEN


def test_a_file_that_is_none_is_left_alone(path: Path) -> None:
    path.write_text("[[token]]\nname = 1")
    with pytest.raises(TokensFileError, match="no tokens file"):
        add_token(path, "one", [Scope.READ], None, None)
    with pytest.raises(TokensFileError, match="cannot be read"):
        remove_token(path.with_name("none.toml"), "one")
    assert path.read_text() == "[[token]]\nname = 1"


def test_a_way_of_writing_that_cannot_be_cut_is_left_to_an_editor(path: Path) -> None:
    inline = f'token = [{{ name = "one", sha256 = "{"3" * 64}", scopes = ["read"] }}]\n'
    path.write_text(inline)
    with pytest.raises(TokensFileError, match="only an editor"):
        remove_token(path, "one")
    assert path.read_text() == inline


def test_a_link_leads_to_the_file_that_is_changed(path: Path, tmp_path: Path) -> None:
    path.write_text(HAND_WRITTEN)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    add_token(link, "new", [Scope.READ], None, None)
    assert link.is_symlink()
    assert len(read_tokens(path).token) == 3
