"""How long the fuzz tests run: as short as every run of the tests bears, or as long as is asked for."""

import os
import secrets
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, seed, settings

EFFORT: Final = int(os.environ.get("SYNAPSE_FUZZ", "1"))
"""`SYNAPSE_FUZZ=50`: fifty times as many examples of everything."""

SEED: Final = int(os.environ.get("SYNAPSE_FUZZ_SEED", secrets.randbelow(2**32)))
"""`SYNAPSE_FUZZ_SEED=7`: the same examples again. What fails prints its seed, or the example itself."""

TEST_S_MAX: Final = 120

ReadT = TypeVar("ReadT")

_SLOW: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def fuzzed(examples: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a property: so many examples in an ordinary run, each at its own pace."""
    chosen = settings(
        max_examples=examples * EFFORT,
        deadline=None,
        suppress_health_check=_SLOW,
        database=None,
        print_blob=True,
    )

    def decorated(test: Callable[..., Any]) -> Callable[..., Any]:
        seeded = seed(SEED)(test) if "SYNAPSE_FUZZ_SEED" in os.environ else test
        patient: Callable[..., Any] = pytest.mark.timeout(TEST_S_MAX * EFFORT)(chosen(seeded))
        return patient

    return decorated


def read_or_refused(
    read: Callable[[], ReadT], refusal: type[Exception]
) -> tuple[ReadT | None, str]:
    """What is read, or what the one error said that is documented; any other error is a fault."""
    try:
        return read(), ""
    except refusal as error:
        return None, str(error)
