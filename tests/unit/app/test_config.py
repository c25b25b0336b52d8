"""Settings: where the log is, and what an operator may choose."""

# covers: app.config, app.database_url

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings
from app.database_url import DatabaseUrlError, PostgresUrl, database_of, sqlite_path


@pytest.mark.parametrize(
    ("database", "path"),
    [
        ("synapse.db", "synapse.db"),
        ("logs/a b.db", "logs/a b.db"),
        ("/var/lib/synapse.db", "/var/lib/synapse.db"),
        ("sqlite:///synapse.db", "synapse.db"),
        ("sqlite:////var/lib/synapse.db", "/var/lib/synapse.db"),
        ("sqlite+aiosqlite:///x.db", "x.db"),
        ("sqlite://x.db", "x.db"),
    ],
)
def test_a_path_or_a_url_names_the_same_file(database: str, path: str) -> None:
    assert database_of(database) == Path(path)


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("", "a log needs a file"),
        ("/", "a log needs a file"),
        (":memory:", "a log needs a file"),
        ("sqlite://", "a log needs a file"),
        ("sqlite:///", "a log needs a file"),
        ("sqlite:///:memory:", "a log needs a file"),
        (".", "is a folder"),
        ("..", "is a folder"),
        ("postgresql://", "names nothing"),
        ("postgresql:///", "names nothing"),
        ("postgresql://user:secret#/@host/log", "cannot be read"),
        ("postgresql://user:secret@host:port/log", "cannot be read"),
        ("postgresql://user:secret@one:5432,two:port/log", "cannot be read"),
        ("mysql+aiomysql://h/d", "cannot open a mysql"),
    ],
)
def test_what_names_nothing_is_refused(database: str, says: str) -> None:
    with pytest.raises(DatabaseUrlError, match=says) as refused:
        database_of(database)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgres"])
def test_a_postgresql_url_is_taken_as_psql_takes_it(scheme: str) -> None:
    address = "user:s%40cret@host:5433/log?sslmode=require"
    database = database_of(f"{scheme}://{address}")
    assert database == PostgresUrl(f"postgresql://{address}")
    assert "s%40cret" not in repr(database)


def test_a_server_and_its_standby_are_one_url() -> None:
    address = "user:secret@one:5432,two:5433/log?target_session_attrs=primary"
    assert database_of(f"postgresql://{address}") == PostgresUrl(f"postgresql://{address}")


def test_what_needs_a_file_is_told_that_there_is_none() -> None:
    assert sqlite_path("sqlite:///synapse.db") == Path("synapse.db")
    with pytest.raises(DatabaseUrlError, match="the log is in PostgreSQL"):
        sqlite_path("postgresql://host/log")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    for database in (str(tmp_path), f"{tmp_path}/", f"sqlite:///{tmp_path}"):
        with pytest.raises(DatabaseUrlError, match="name a file in it"):
            database_of(database)


def test_variables_are_read_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_PORT", "9000")
    monkeypatch.setenv("SYNAPSE_DATABASE_URL", "env.db")
    monkeypatch.setenv("SYNAPSE_SOMETHING_ELSE", "is no business of ours")
    settings = Settings(port=9001)
    assert (settings.port, settings.database_url) == (9001, "env.db")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", -1),
        ("port", 65_536),
        ("host", ""),
        ("heartbeat_s", 0),
        ("regime_interval_s", -1),
        ("persona", "bob"),
        ("log_format", "xml"),
        ("log_level", "trace"),
        ("token", ""),
        ("token", "two words of it"),
        ("token", "sixteen-letters-ü"),
    ],
)
def test_a_setting_out_of_bounds_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    assert refused.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize("cash", ["0.0000000000001", "100000.0000000000001", f"1.{'0' * 90}1"])
def test_paper_cash_that_no_amount_of_the_wire_can_hold_is_refused(cash: str) -> None:
    with pytest.raises(ValidationError, match="must have at most 12 decimal places"):
        Settings.model_validate({"paper_cash": cash})


@pytest.mark.parametrize("cash", ["0.000000000001", "99999.123456789012", "100000.00000000000000"])
def test_paper_cash_may_have_as_many_places_as_an_amount(cash: str) -> None:
    assert Settings.model_validate({"paper_cash": cash}).paper_cash == Decimal(cash)


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Settings()
    for name in Settings.model_fields:
        monkeypatch.setenv(f"SYNAPSE_{name.upper()}", "")
    assert Settings() == usual
    assert Settings().tokens_file is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("read", "closed", "write open or token"),
        ("log_format", "xml", "write console or json"),
        ("log_level", "trace", "write debug, info, warning or error"),
        ("token", "", "must not be empty"),
        ("jwt_secret", "short", "must have 32 bytes at least"),
        ("allowed_origins", "https://u:pass,word@x.org", "no user and no password"),
        ("allowed_hosts", "u:pass,word@x.org", "no user and no password"),
        ("trusted_proxies", "http://u:pass,word@10.0.0.5", "no user and no password"),
    ],
)
def test_a_wrong_value_is_told_in_our_words_and_without_a_password(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    (error,) = refused.value.errors()
    assert error["loc"] == (name,)
    assert says in error["msg"]
    assert "pass" not in error["msg"].replace("password", "")
    assert "word@" not in error["msg"]


def test_the_token_is_not_shown() -> None:
    assert "secret-of-mine" not in repr(Settings(token="secret-of-mine-0123"))


def test_a_databases_password_is_not_shown() -> None:
    assert "secret" not in repr(Settings(database_url="postgresql://user:secret@host/log"))


def test_the_settings_come_without_the_server() -> None:
    """So that `synapse --help` stays light, although the defaults of limits are those of the code."""
    loaded = (
        "import app.config, sys; print([n for n in ('fastapi', 'starlette') if n in sys.modules])"
    )
    asked = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=False
    )
    assert (asked.stdout.strip(), asked.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("READ", "nobody"),
        ("ALLOWED_HOSTS", "a b"),
        ("ALLOWED_HOSTS", "https://a.example"),
        ("ALLOWED_ORIGINS", "a.example"),
        ("ALLOWED_ORIGINS", "https://a.example/"),
        ("ALLOWED_ORIGINS", "*"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "proxy"),
        ("CONNECTIONS_MAX", "0"),
    ],
)
def test_what_is_wrong_about_who_may_come_in_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SYNAPSE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
