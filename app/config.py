"""Every setting, from the environment (`SYNAPSE_...`); a flag of the command line wins over it."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.market.persona import DEFAULT_PERSONA, PERSONAS

DEFAULT_DATABASE: Final = "synapse.db"


def _known_persona(name: str) -> str:
    if name not in PERSONAS:
        raise ValueError(f"must be one of: {', '.join(PERSONAS)}")
    return name


Persona = Annotated[str, AfterValidator(_known_persona)]


class Settings(BaseSettings):
    """What an operator can choose; `docs/settings.md` is made from this."""

    model_config = SettingsConfigDict(env_prefix="SYNAPSE_", extra="ignore", frozen=True)

    database_url: str = Field(
        DEFAULT_DATABASE, description="The log: a file path, or a SQLAlchemy URL of one."
    )
    token: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="The token that writes need. Without it one is made at first start.",
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8000, description="The port to listen on; 0 takes a free one."
    )
    regime_interval_s: float = Field(
        30.0, gt=0, description="Seconds after which a live feed's regimes are broadcast again."
    )
    heartbeat_s: float = Field(
        15.0, gt=0, description="Seconds between two heartbeats of a subscribed connection."
    )
    persona: Persona = Field(
        DEFAULT_PERSONA, validate_default=True, description="Who speaks: big_pickle or minimax."
    )
    log_format: Annotated[str, Field(pattern="^(console|json)$")] = Field(
        "console", description="How the program's own log looks: console or json."
    )


class DatabaseUrlError(ValueError):
    """A database setting that names nothing this program can open."""


def sqlite_path(database: str) -> Path:
    """The file that a database setting names: a path, or a `sqlite://` URL of one.

    Raises:
        DatabaseUrlError: for a URL of another engine, or without a file.
    """
    scheme, separator, rest = database.partition("://")
    if not separator:
        return Path(database)
    if scheme not in ("sqlite", "sqlite+aiosqlite"):
        raise DatabaseUrlError(
            f"cannot open a {scheme} database yet: name an SQLite file with --db"
        )
    if not rest.strip("/"):
        raise DatabaseUrlError("a log needs a file: write sqlite:///synapse.db or just synapse.db")
    return Path(rest.removeprefix("/"))
