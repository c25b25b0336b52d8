"""What each request needs, and whether a grant has it: the one place that says so. Pure.

An endpoint that no rule names needs `admin`, so that a new one is closed until it is opened here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.access.grant import ALL_CHANNELS, ANYONE, NOBODY, Grant, Scope
from events.catalog import Channel

UNAUTHORISED: Final = "unauthorised"
FORBIDDEN: Final = "forbidden"
FORBIDDEN_CHANNEL: Final = "forbidden_channel"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a request needs.

    Attributes:
        method: the HTTP method, `GET` for a socket's handshake.
        path: a regular expression of the whole path.
        scope: what the grant must be for; None where anybody may come.
        channels: what it must cover: all that the answer is made of, or what is written. Empty where the
            endpoint itself leaves out what the grant does not cover.
    """

    method: str
    path: re.Pattern[str]
    scope: Scope | None
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a grant is not enough.

    Attributes:
        code: `unauthorised` (nobody has come), `forbidden` (not for this), `forbidden_channel`.
        message: one sentence for people.
    """

    code: str
    message: str


def _rule(
    method: str, path: str, scope: Scope | None, channels: Iterable[Channel] = frozenset()
) -> Rule:
    return Rule(method, re.compile(path), scope, frozenset(channels))


_PRICED = (Channel.REGIME, Channel.PRICES)
RULES: Final = (
    # What is the same for everybody: the page, the contracts, whether the process lives.
    _rule(
        "GET", r"/|/healthz|/readyz|/openapi\.json|/asyncapi(\.json|\.css)?|/schemas/[^/]+", None
    ),
    # Whoever comes here brings what lets them in.
    _rule("GET", r"/api/session", None),
    _rule("POST", r"/api/session", None),
    _rule("DELETE", r"/api/session", None),
    _rule("POST", r"/api/session/launch", Scope.ADMIN),
    # These leave out what the grant does not cover, or refuse what names it: a subscribe comes later.
    _rule("GET", r"/ws/(synapse|replay)", Scope.READ),
    _rule("GET", r"/api/stream", Scope.READ),
    _rule("GET", r"/api/events(/[^/]+)?", Scope.READ),
    _rule("GET", r"/api/state", Scope.READ),
    _rule("GET", r"/api/lanes/[^/]+/state", Scope.READ),
    # These are made of several channels: all of them are needed.
    _rule("GET", r"/api/bars", Scope.READ, _PRICED),
    _rule("GET", r"/api/episodes", Scope.READ, _PRICED),
    _rule("GET", r"/api/transitions", Scope.READ, _PRICED),
    _rule("GET", r"/api/explain", Scope.READ, _PRICED),
    _rule("GET", r"/api/compare", Scope.READ, ALL_CHANNELS),
    _rule("GET", r"/api/lanes", Scope.READ, _PRICED),
    _rule("GET", r"/api/lanes/[^/]+/episodes", Scope.READ, _PRICED),
    _rule("GET", r"/api/alert-rules", Scope.READ, [Channel.SYSTEM]),
    # About the server, not the log.
    _rule("GET", r"/metrics", Scope.READ),
    _rule("GET", r"/api/connections", Scope.ADMIN),
    # What is written is of these channels; what follows from it is not the writer's to choose.
    _rule("POST", r"/api/prices", Scope.WRITE, [Channel.PRICES]),
    _rule("POST", r"/api/trades", Scope.WRITE, [Channel.TRADES]),
    _rule("POST", r"/api/alert-rules", Scope.WRITE, [Channel.SYSTEM]),
    _rule("DELETE", r"/api/alert-rules/[^/]+", Scope.WRITE, [Channel.SYSTEM]),
    _rule(
        "POST",
        r"/api/alerts/[^/]+/acknowledge",
        Scope.WRITE,
        [Channel.PRICE_ALERTS, Channel.SYSTEM],
    ),
    _rule("POST", r"/api/broadcast/regime", Scope.WRITE, [Channel.REGIME]),
    _rule("POST", r"/api/broadcast/price-alert", Scope.WRITE, [Channel.PRICE_ALERTS]),
    _rule("POST", r"/api/broadcast/portfolio", Scope.WRITE, [Channel.PORTFOLIO]),
    _rule("POST", r"/api/broadcast/trade", Scope.WRITE, [Channel.TRADES]),
)
CLOSED: Final = _rule("", r".*", Scope.ADMIN)
"""Of an endpoint that no rule names, and of whatever else would change something."""

_PAGE: Final = _rule("GET", r".*", None)
_NOTHING: Final = _rule("GET", r".*", Scope.READ)
_GUARDED: Final = ("/api/", "/ws/", "/metrics")


def rule_of(method: str, path: str) -> Rule:
    """The rule of a request, before it is known whether an endpoint is there; `HEAD` is `GET`."""
    named = _named(method, path)
    if named is not None:
        return named
    if method not in {"GET", "HEAD"}:
        return CLOSED
    # Files of the page are for anybody; there is nothing of the log in them. Else whoever mistypes an address
    # is told that nothing is there: should an endpoint be there after all, its own rule is `endpoint_rule`.
    is_page = not path.startswith(_GUARDED) and path not in {"/api", "/ws"}
    return _PAGE if is_page else _NOTHING


def endpoint_rule(method: str, path: str) -> Rule:
    """The rule of an endpoint that was found."""
    return _named(method, path) or (_PAGE if (method, path) == ("GET", "/") else CLOSED)


def _named(method: str, path: str) -> Rule | None:
    method = "GET" if method == "HEAD" else method
    fitting = (one for one in RULES if one.method == method and one.path.fullmatch(path))
    return next(fitting, None)


def refusal(grant: Grant, scope: Scope | None, channels: Iterable[Channel] = ()) -> Refusal | None:
    """Why a grant does not allow something; None where it does.

    Args:
        grant: what whoever asks may do.
        scope: what it must be for; None for nothing.
        channels: what it must cover.
    """
    if scope is None:
        return None
    if scope not in grant.scopes:
        if grant is NOBODY or grant is ANYONE:
            return Refusal(UNAUTHORISED, f"this needs a token with the scope '{scope}'")
        has = ", ".join(one for one in Scope if one in grant.scopes) or "none"
        return Refusal(FORBIDDEN, f"this needs the scope '{scope}'; what you sent has: {has}")
    hidden = grant.hidden(channels)
    if hidden:
        named = ", ".join(hidden)
        has = ", ".join(grant.visible()) or "none"
        return Refusal(
            FORBIDDEN_CHANNEL, f"this needs the channels {named}; what you sent covers: {has}"
        )
    return None
