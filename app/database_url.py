"""Where a log is: a file, or a database of a PostgreSQL server, as `--db` and SYNAPSE_DATABASE_URL name it."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class DatabaseUrlError(ValueError):
    """A database setting that names nothing this program can open."""


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A database of a PostgreSQL server. `url` may hold a password: it is not shown."""

    url: str = field(repr=False)


def database_of(setting: str) -> Path | PostgresUrl:
    """What a database setting names: a file (a path or an `sqlite://` URL), or a PostgreSQL URL.

    Raises:
        DatabaseUrlError: for a URL of another engine, or when nothing is named.
    """
    scheme, separator, rest = setting.partition("://")
    if not separator:
        return _file(setting)
    if scheme in ("sqlite", "sqlite+aiosqlite"):
        return _file(rest.removeprefix("/"))
    if scheme in ("postgresql", "postgresql+asyncpg", "postgres"):
        return PostgresUrl(f"postgresql://{_checked(rest)}")
    raise DatabaseUrlError(
        f"cannot open a {scheme} database: name an SQLite file or a postgresql:// URL with --db"
    )


def sqlite_path(setting: str) -> Path:
    """The file that a database setting names.

    Raises:
        DatabaseUrlError: it names no file.
    """
    database = database_of(setting)
    if isinstance(database, PostgresUrl):
        raise DatabaseUrlError("the log is in PostgreSQL: name an SQLite file with --db")
    return database


def _file(name: str) -> Path:
    if not name.strip("/") or name == ":memory:":
        raise DatabaseUrlError("a log needs a file: write sqlite:///synapse.db or just synapse.db")
    path = Path(name)
    if not path.name or path.is_dir():
        raise DatabaseUrlError(f"{path} is a folder: name a file in it")
    return path


def _checked(address: str) -> str:
    """What follows the scheme of a PostgreSQL URL, if it can be read; no error repeats the password."""
    shape = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    if not address.strip("/"):
        raise DatabaseUrlError(f"the database URL names nothing: write {shape}")
    try:
        # Several of them, separated by commas: a server and its standbys.
        for place in urlsplit(f"postgresql://{address}").netloc.rpartition("@")[2].split(","):
            _ = urlsplit(f"//{place}").port
    except ValueError:
        raise DatabaseUrlError(
            f"the database URL cannot be read: write {shape}, special characters as %XX"
        ) from None
    return address
