"""For tests: decisions without a log, a log to assert on, golden logs, faults. No part of the product.

Start with `docs/testing.md`. Nothing here needs a test framework; the plugin `pytest_regime_synapse` hands
these out as fixtures.
"""

from events.testing.assertions import LogAssertion, assert_log
from events.testing.errors import (
    BadExpectation,
    CaughtUpTimeout,
    Crashed,
    DroppedConnection,
    GoldenMismatch,
    LogAssertionError,
    NothingAsserted,
    ScenarioFailed,
    SpanUnreadable,
)
from events.testing.examples import example
from events.testing.expectation import (
    Expectation,
    PortfolioUpdated,
    PriceAlert,
    PriceUpdated,
    RegimeUpdated,
    SystemNotice,
    TradeExecuted,
    event,
)
from events.testing.faults import faults
from events.testing.faulty import Faulty
from events.testing.follower import Follower
from events.testing.golden import Golden
from events.testing.log_under_test import LogUnderTest
from events.testing.matchers import (
    Matcher,
    anything,
    approx,
    between,
    ge,
    gt,
    is_null,
    le,
    lt,
    matching,
    not_,
    one_of,
)
from events.testing.scenario import Decided, Given, Scenario, scenario
from events.testing.span import Span, SpanEvent, load_span, save_span

__all__ = [
    "BadExpectation",
    "CaughtUpTimeout",
    "Crashed",
    "Decided",
    "DroppedConnection",
    "Expectation",
    "Faulty",
    "Follower",
    "Given",
    "Golden",
    "GoldenMismatch",
    "LogAssertion",
    "LogAssertionError",
    "LogUnderTest",
    "Matcher",
    "NothingAsserted",
    "PortfolioUpdated",
    "PriceAlert",
    "PriceUpdated",
    "RegimeUpdated",
    "Scenario",
    "ScenarioFailed",
    "Span",
    "SpanEvent",
    "SpanUnreadable",
    "SystemNotice",
    "TradeExecuted",
    "anything",
    "approx",
    "assert_log",
    "between",
    "event",
    "example",
    "faults",
    "ge",
    "gt",
    "is_null",
    "le",
    "load_span",
    "lt",
    "matching",
    "not_",
    "one_of",
    "save_span",
    "scenario",
]
