"""Whether an `absent` says anything of this log: a name that nothing in it has is a slip of the pen."""

from collections.abc import Mapping, Sequence

from events.testing.errors import did_you_mean
from events.testing.expectation import Expectation
from events.testing.seen import Seen, field_values


def vacuous(wanted: Expectation, events: Sequence[Seen]) -> str | None:
    """Why any log like this one would do without such an event; None if all is well."""
    if not events:
        if wanted.type is None and not wanted.fields and not wanted.envelope:
            return None  # that it is empty is what was asked
        return "this one is empty; if it should be, say absent(event())"
    return _symbol(wanted, events) or _key(wanted, events)


def _symbol(wanted: Expectation, events: Sequence[Seen]) -> str | None:
    """A symbol that is said as a text has to be known."""
    symbol = wanted.fields.get("symbol")
    known = {event.symbol for event in events if event.symbol}
    if not isinstance(symbol, str) or symbol in known:
        return None
    return (
        f"no event of the log has the symbol {symbol!r}{did_you_mean(symbol, known)}"
        f" If it should have none: symbol=one_of({symbol!r}), or only(…)"
    )


def _key(wanted: Expectation, events: Sequence[Seen]) -> str | None:
    """A key of a field that may have any, such as `features`, has to be in use."""
    alike = [event for event in events if wanted.is_of_type(event)]
    for name, value in wanted.fields.items():
        if not isinstance(value, Mapping) or not alike:
            continue
        held = [event.values.get(name) for event in alike]
        known = {str(key) for one in held if one is not None for key in field_values(one)}
        for key in value:
            if str(key) not in known:
                return f"no {wanted.name} of the log has {name}[{str(key)!r}]{did_you_mean(str(key), known)}"
    return None
