"""Every setting, from the environment (`SYNAPSE_...`); a flag of the command line wins over it."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.access.exposure import parse_proxies
from app.access.origins import host_name
from app.lane_names import parse_lanes
from app.market.detector.registry import NAMES
from app.market.money import PLACES, rounded
from app.market.paper import PAPER_FEE_MAX
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.market.setup import DAY_S, parse_paper
from app.market.ticks import MAX_BAR_S
from app.stream.crowd import CONNECTIONS_MAX, CONNECTIONS_PER_CLIENT_MAX
from app.stream.rate import MESSAGES_PER_MINUTE_MAX, REQUESTS_PER_MINUTE_MAX

DEFAULT_DATABASE: Final = "synapse.db"
BASIS_POINTS: Final = 10_000
"""In the whole."""


def _known_persona(name: str) -> str:
    if name not in PERSONAS:
        raise ValueError(f"must be one of: {', '.join(PERSONAS)}")
    return name


Persona = Annotated[str, AfterValidator(_known_persona)]


def _known_detector(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"must be one of: {', '.join(NAMES)}")
    return name


Detector = Annotated[str, AfterValidator(_known_detector)]


def _readable_paper(text: str) -> str:
    parse_paper(text)
    return text


Paper = Annotated[str, AfterValidator(_readable_paper)]


def _readable_lanes(text: str) -> str:
    parse_lanes(text)
    return text


LaneSpecs = Annotated[str, AfterValidator(_readable_lanes)]


def _an_amount(cash: Decimal) -> Decimal:
    # A portfolio's value has as many places as its cash, and the wire carries no more.
    if cash != rounded(cash):
        raise ValueError(f"must have at most {PLACES} decimal places")
    return cash


def _without_user(text: str, example: str) -> None:
    # What stands before the @ may be a password: no part of it is told.
    if "@" in text:
        raise ValueError(f"no user and no password belong here: write {example}")


def _readable_proxies(text: str) -> str:
    _without_user(text, "10.0.0.5 or 10.1.0.0/16")
    parse_proxies(text)
    return text


Proxies = Annotated[str, AfterValidator(_readable_proxies)]


def _readable_names(text: str) -> str:
    _without_user(text, "synapse.example.com")
    for name in listed(text):
        if host_name(name) is None:
            raise ValueError(f"{name!r} is no host name: write synapse.example.com")
    return text


Names = Annotated[str, AfterValidator(_readable_names)]


def _readable_origins(text: str) -> str:
    _without_user(text, "https://app.example.com")
    for origin in listed(text):
        scheme, _, host = origin.partition("://")
        if scheme not in {"http", "https"} or host_name(host) is None:
            raise ValueError(f"{origin!r} is no origin: write https://app.example.com")
    return text


Origins = Annotated[str, AfterValidator(_readable_origins)]


def listed(text: str) -> frozenset[str]:
    """What a setting names, separated by commas, in lower case."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


def _sendable(token: str) -> str:
    # It travels in a header, where spaces end it and other alphabets do not arrive.
    if not token:
        raise ValueError("must not be empty")
    if not all("!" <= character <= "~" for character in token):
        raise ValueError("must be ASCII without spaces")
    return token


def _long_enough(secret: str) -> str:
    from app.access.jwt_tokens import SECRET_BYTES_MIN  # which loads what checks signatures

    if len(secret.encode()) < SECRET_BYTES_MIN:
        raise ValueError(f"must have {SECRET_BYTES_MIN} bytes at least (HS256)")
    return secret


def _one_of(*words: str) -> AfterValidator:
    def known(word: str) -> str:
        if word not in words:
            raise ValueError(f"write {', '.join(words[:-1])} or {words[-1]}")
        return word

    return AfterValidator(known)


class Settings(BaseSettings):
    """What an operator can choose; `docs/reference/settings.md` is made from this."""

    model_config = SettingsConfigDict(
        env_prefix="SYNAPSE_",
        # `SYNAPSE_READ=` is what a script leaves that had nothing to say.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database_url: str = Field(
        DEFAULT_DATABASE,
        repr=False,
        description="The log: a file path, or a URL (sqlite:// or postgresql://).",
    )
    nats_url: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="NATS servers by which nodes of a log in PostgreSQL tell each other of commits:"
        " nats://HOST:4222, several separated by commas (nodes.md).",
    )
    hints: Annotated[str, _one_of("nats", "notify", "poll")] | None = Field(
        None,
        description="How nodes hear of each other's commits: nats, notify (LISTEN/NOTIFY) or poll alone. By"
        " default nats where SYNAPSE_NATS_URL is set, else notify.",
    )
    token: Annotated[str, AfterValidator(_sendable)] | None = Field(
        None,
        repr=False,
        description="The token that writes need. Without it one is made at first start.",
    )
    read: Annotated[str, _one_of("open", "token")] | None = Field(
        None,
        description="Who may read: open (anybody who reaches the server) or token. By default open to who"
        " comes from this machine, and to nobody else.",
    )
    tokens_file: Path | None = Field(
        None, description="A TOML file of more tokens, with scopes, channels and an end: tokens.md."
    )
    jwt_secret: Annotated[str, AfterValidator(_long_enough)] | None = Field(
        None, repr=False, description="The secret of tokens that others sign (JWT, HS256)."
    )
    jwt_keys_file: Path | None = Field(
        None, description="The public keys of tokens that others sign (a JWKS file, RS256)."
    )
    jwt_issuer: str | None = Field(None, min_length=1, description="The `iss` that they must have.")
    jwt_audience: str | None = Field(
        None,
        min_length=1,
        description="The `aud` that they must have; then one without is refused.",
    )
    allowed_hosts: Names = Field(
        "",
        description="Names that the server has, separated by commas; its addresses and localhost are known.",
    )
    allowed_origins: Origins = Field(
        "",
        description="Pages of other sites that may ask the server: https://a.example,https://b.example.",
    )
    tls_cert: Path | None = Field(None, description="A certificate (PEM) to serve by TLS with.")
    tls_key: Path | None = Field(None, description="Its key (PEM).")
    trusted_proxies: Proxies = Field(
        "",
        description="Addresses and networks of proxies that end TLS; what they say of a client is believed.",
    )
    connections_max: Annotated[int, Field(ge=1)] = Field(
        CONNECTIONS_MAX,
        description="Sockets and event streams in all; one more is answered with 429.",
    )
    connections_per_client_max: Annotated[int, Field(ge=1)] = Field(
        CONNECTIONS_PER_CLIENT_MAX,
        description="The same of one client's address (IPv6: its /64 network).",
    )
    requests_per_minute_max: Annotated[int, Field(ge=1)] = Field(
        REQUESTS_PER_MINUTE_MAX,
        description="Requests of one client's address; one more is answered with 429.",
    )
    messages_per_minute_max: Annotated[int, Field(ge=1)] = Field(
        MESSAGES_PER_MINUTE_MAX, description="Messages of one socket; one more closes it with 4429."
    )
    host: str = Field("127.0.0.1", min_length=1, description="The address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8000, description="The port to listen on; 0 takes a free one."
    )
    detector: Detector = Field(
        "anchored",
        validate_default=True,
        description="What turns prices into regimes: anchored, sma200, hmm or jump (the last two are extras).",
    )
    bar_s: Annotated[int, Field(ge=1, le=MAX_BAR_S)] = Field(
        DAY_S, description="Seconds of the bars that single ticks make; ready bars keep their own."
    )
    paper: Paper | None = Field(
        None,
        description="The paper portfolios and what they follow: main=SPX,IXIC;other=SIM, or main=* for any"
        " symbol (serve's default; the demo's is main=SPX,IXIC;sim=SIM), or off.",
    )
    paper_cash: Annotated[Decimal, Field(gt=0, le=10**12), AfterValidator(_an_amount)] = Field(
        Decimal(100_000),
        description="Paper money for each symbol of a paper portfolio; of any other, what it starts with.",
    )
    paper_fee_bps: Annotated[Decimal, Field(ge=0, le=PAPER_FEE_MAX * BASIS_POINTS)] = Field(
        Decimal(10), description="Fees of a paper trade, in hundredths of a percent of its value."
    )
    regime_interval_s: float = Field(
        30.0,
        ge=0.1,
        allow_inf_nan=False,
        description="Seconds after which a live feed's regimes are broadcast again.",
    )
    heartbeat_s: float = Field(
        15.0, gt=0, description="Seconds between two heartbeats of a subscribed connection."
    )
    persona: Persona = Field(
        DEFAULT_PERSONA, validate_default=True, description="Who speaks: big_pickle or minimax."
    )
    lanes: LaneSpecs = Field(
        "",
        description="Logs to show beside the served one, only read: name=file;other=file2, at most 4.",
    )
    log_format: Annotated[str, _one_of("console", "json")] = Field(
        "console", description="How the program's own log looks: console or json."
    )
    log_level: Annotated[str, _one_of("debug", "info", "warning", "error")] = Field(
        "info", description="The least of it that is written: debug, info, warning or error."
    )
