"""Every endpoint has its rule; no scope brings another with it; what nobody has thought of is closed."""

from itertools import chain, combinations

import pytest

from app.access.grant import ALL_CHANNELS, ALL_SCOPES, ANYONE, NOBODY, Grant, Scope
from app.access.rules import CLOSED, RULES, endpoint_rule, refusal, rule_of
from app.config import Settings
from app.main import create_app
from events.catalog import Channel
from tests.endpoints import Endpoint, endpoints

ENDPOINTS = endpoints(create_app(Settings(allowed_origins="https://a.example")))
OPEN = {
    *("/", "/healthz", "/readyz", "/openapi.json", "/schemas/{type}.json"),
    *("/asyncapi", "/asyncapi.json", "/asyncapi.css", "/api/session"),
}
"""What anybody may ask for: nothing in it is of the log."""
NO_SOCKET = Endpoint("WEBSOCKET", "/{path:path}")
ADMINS = {("POST", "/api/session/launch"), ("GET", "/api/connections")}


def scope_sets() -> list[frozenset[Scope]]:
    sets = chain.from_iterable(combinations(Scope, size) for size in range(len(Scope) + 1))
    return [frozenset(one) for one in sets]


# --- all endpoints ------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS - {NO_SOCKET}, key=str), ids=str)
def test_every_endpoint_has_one_rule(endpoint: Endpoint) -> None:
    method = {"WEBSOCKET": "GET", "HEAD": "GET"}.get(endpoint.method, endpoint.method)
    path = endpoint.filled("x")
    found = [rule for rule in RULES if rule.method == method and rule.path.fullmatch(path)]
    assert len(found) == 1, f"name {endpoint} in app.access.rules.RULES, once"
    assert found[0] is rule_of(method, path)
    assert (found[0].scope is None) == (endpoint.path in OPEN)


def test_every_rule_has_an_endpoint() -> None:
    known = [(one.method.replace("WEBSOCKET", "GET"), one.filled("x")) for one in ENDPOINTS]
    for rule in RULES:
        assert any(rule.method == method and rule.path.fullmatch(path) for method, path in known)


@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS - {NO_SOCKET}, key=str), ids=str)
def test_what_changes_something_needs_more_than_reading(endpoint: Endpoint) -> None:
    method = {"WEBSOCKET": "GET"}.get(endpoint.method, endpoint.method)
    rule = rule_of(method, endpoint.filled("x"))
    if (method, endpoint.path) in ADMINS:
        assert rule.scope is Scope.ADMIN
    elif method in {"GET", "HEAD"}:
        assert rule.scope in {Scope.READ, None}
    elif endpoint.path != "/api/session":
        assert (rule.scope, bool(rule.channels)) == (Scope.WRITE, True)


@pytest.mark.parametrize(
    "path",
    ["/api/new", "/api/state/", "/api/state\n", "/api", "/ws", "/ws/new", "/metrics/new", "/new"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "WEBSOCKET"])
def test_an_endpoint_that_no_rule_names_is_closed(method: str, path: str) -> None:
    assert endpoint_rule(method, path) is CLOSED
    assert CLOSED.scope is Scope.ADMIN


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/state"),
        ("POST", "/api/new"),
        ("POST", "/"),
        ("POST", "/healthz"),
        ("DELETE", "/openapi.json"),
        ("OPTIONS", "/"),
        ("", "/"),
    ],
)
def test_what_might_change_something_is_closed_before_it_is_found(method: str, path: str) -> None:
    assert rule_of(method, path) is CLOSED


@pytest.mark.parametrize(
    "path", ["/api/new", "/api/state/", "/api", "/ws", "/ws/new", "/metrics/x"]
)
def test_whoever_may_read_is_told_that_nothing_is_there(path: str) -> None:
    assert rule_of("GET", path).scope is Scope.READ
    assert rule_of("HEAD", path).scope is Scope.READ


def test_an_endpoint_that_a_rule_names_has_that_one() -> None:
    for endpoint in ENDPOINTS - {NO_SOCKET}:
        method = endpoint.method.replace("WEBSOCKET", "GET")
        path = endpoint.filled("x")
        assert endpoint_rule(method, path) is rule_of(method, path)


@pytest.mark.parametrize("path", ["/", "/index.html", "/assets/a.js", "/favicon.svg", "/asyncapi"])
def test_the_page_is_for_anybody(path: str) -> None:
    assert rule_of("GET", path).scope is None
    assert rule_of("HEAD", path).scope is None


# --- what a grant is enough for -----------------------------------------------------------------


@pytest.mark.parametrize("scopes", scope_sets(), ids=sorted)
@pytest.mark.parametrize("scope", Scope)
def test_no_scope_brings_another_with_it(scopes: frozenset[Scope], scope: Scope) -> None:
    refused = refusal(Grant("one", scopes), scope)
    assert (refused is None) == (scope in scopes)
    assert refused is None or refused.code == "forbidden"


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_that_is_needed_must_be_covered(channel: Channel) -> None:
    grant = Grant("one", ALL_SCOPES, ALL_CHANNELS - {channel})
    for rule in RULES:
        refused = refusal(grant, rule.scope, rule.channels)
        assert (refused is not None) == (channel in rule.channels)
        if refused is not None:
            assert refused.code == "forbidden_channel"
            assert f"needs the channels {channel};" in refused.message


@pytest.mark.parametrize("nobody", [NOBODY, ANYONE], ids=lambda grant: grant.name)
def test_whoever_has_shown_nothing_is_asked_for_a_token(nobody: Grant) -> None:
    refused = refusal(nobody, Scope.WRITE, [Channel.PRICES])
    assert refused is not None
    assert refused.code == "unauthorised"


def test_what_needs_nothing_is_never_refused() -> None:
    assert refusal(NOBODY, None, Channel) is None


def test_a_scope_is_told_before_a_channel_is() -> None:
    refused = refusal(Grant("one", frozenset({Scope.READ}), frozenset()), Scope.WRITE, Channel)
    assert refused is not None
    assert refused.message == "this needs the scope 'write'; what you sent has: read"


def test_who_has_no_scope_is_told_so() -> None:
    refused = refusal(Grant("one", frozenset()), Scope.READ)
    assert refused is not None
    assert refused.code == "forbidden"
    assert refused.message == "this needs the scope 'read'; what you sent has: none"
