"""What a grant covers, and what it does not."""

from app.access.grant import ALL_CHANNELS, ALL_SCOPES, ANYONE, NOBODY, Grant, Scope
from events.catalog import Channel


def test_whoever_shows_nothing_writes_nowhere() -> None:
    assert ANYONE.scopes == {Scope.READ}
    assert ANYONE.sees_all
    assert (NOBODY.scopes, NOBODY.channels) == (frozenset(), frozenset())


def test_a_grant_hides_all_that_it_does_not_name() -> None:
    grant = Grant("one", ALL_SCOPES, frozenset({Channel.TRADES, Channel.REGIME}))
    assert not grant.sees_all
    assert grant.visible() == [Channel.REGIME, Channel.TRADES]
    assert set(grant.hidden(Channel)) | set(grant.visible()) == ALL_CHANNELS
    assert grant.hidden([Channel.SYSTEM, Channel.TRADES, Channel.PRICES]) == [
        Channel.PRICES,
        Channel.SYSTEM,
    ]


def test_nobody_is_told_apart_from_a_token_that_allows_nothing() -> None:
    assert Grant("empty", frozenset(), frozenset()) != NOBODY
