"""What the shared query parameters mean."""

# covers: app.api.params, app.api.services

from collections.abc import Callable

import pytest

from app.api.params import selection_of, split_list, types_of
from app.api.problems import ApiProblem


def test_lists_are_repeated_or_separated_by_commas() -> None:
    assert split_list(None) is None
    assert split_list(["a,b", "c", ",d,"]) == ["a", "b", "c", "d"]
    assert split_list([""]) == []


def test_nothing_named_means_everything() -> None:
    assert selection_of(None, None) is None
    assert types_of(None) is None


def test_symbols_narrow_only_channels_of_symbols() -> None:
    chosen = selection_of(None, ["SPX"])
    assert chosen is not None
    assert chosen.matches("regime:SPX")
    assert not chosen.matches("regime:IXIC")
    assert chosen.matches("portfolio:main")
    prices = selection_of(["prices"], None)
    assert prices is not None
    assert prices.matches("prices:ANY")
    assert not prices.matches("regime:ANY")


def select(names: list[str]) -> object:
    return selection_of(names, None)


@pytest.mark.parametrize(("path", "read"), [("channels", select), ("types", types_of)])
def test_unknown_names_are_told_with_those_that_are_known(
    path: str, read: Callable[[list[str]], object]
) -> None:
    with pytest.raises(ApiProblem) as refused:
        read(["bogus,worse"])
    assert refused.value.status == 422
    [problem] = refused.value.details
    assert problem.path == path
    assert problem.problem.startswith("unknown: bogus, worse; known: regime")
