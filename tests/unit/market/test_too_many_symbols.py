"""There are so many symbols at most, whichever way a price comes in; those that are known go on."""

# covers: app.market.decide_price, app.market.state

import pytest

from app.market import decide_price
from app.market.decide_price import SYMBOLS_MAX, TooManySymbols, refuse_one_more
from tests.unit.market.builders import bar, evolve_all, play


def test_the_first_price_of_one_more_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_price, "SYMBOLS_MAX", 2)
    state, batches = play([bar(1, symbol="A"), bar(1, symbol="B")])
    with pytest.raises(TooManySymbols, match="C is new, and there are 2 symbols already"):
        play([bar(1, symbol="C")], state)
    play([bar(2, 1, symbol="A"), bar(2, -1, symbol="B")], state)
    # A log that holds more is read all the same.
    _, more = play([bar(1, symbol="C")])
    assert len(evolve_all(state, more[0]).symbols) == 3
    assert len(batches) == 2


def test_as_many_as_there_may_be() -> None:
    symbols = {str(number): None for number in range(SYMBOLS_MAX)}
    refuse_one_more("0", symbols)
    with pytest.raises(TooManySymbols):
        refuse_one_more("more", symbols)
    del symbols["0"]
    refuse_one_more("0", symbols)
