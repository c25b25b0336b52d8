"""Pure folds, and the order in which a moment of market time is folded."""

from events.envelope import RecordedEvent
from events.projection import fold, in_market_order
from tests.unit.events.builders import positions_of, price, recorded

EVENTS = recorded([price("A", second=2), price("B", second=1), price("A", second=1)])


class Positions:
    """Collects the positions of what it is given."""

    def initial(self) -> list[int]:
        return []

    def apply(self, state: list[int], event: RecordedEvent) -> list[int]:
        return [*state, event.position]


def test_a_fold_takes_all_events_in_their_order() -> None:
    assert fold(Positions(), EVENTS) == [1, 2, 3]
    assert fold(Positions(), []) == []


def test_market_order_is_by_market_time_then_by_position() -> None:
    assert positions_of(in_market_order(EVENTS)) == [2, 3, 1]
