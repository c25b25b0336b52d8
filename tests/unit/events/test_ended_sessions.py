"""A session that the server is ending: it has said so, and asyncpg takes nothing more for it, but the wire is still there."""

# covers: events.postgres, events.postgres_session

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
import pytest

from events.errors import StoreUnavailable
from events.postgres import _translated
from events.postgres_session import is_lost

REFUSED = asyncpg.InternalClientError(
    "cannot switch to state 15; another operation (2) is in progress"
)


class Connected:
    """A connection whose end has not been noticed."""

    def is_closed(self) -> bool:
        return False


@pytest.mark.parametrize("writing", [False, True])
def test_another_session_does_its_work(*, writing: bool) -> None:
    assert is_lost(REFUSED, Connected(), writing=writing)
    assert not is_lost(ValueError(), Connected(), writing=writing)


def test_where_none_can_the_store_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be used: cannot switch"), _translated():
        raise REFUSED
