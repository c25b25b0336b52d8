"""What a test says of an event: its type, some of its fields, some of its envelope's.

`RegimeUpdated(regime="CRASH").with_(confidence=gt(0.3)).from_(source="paper")`. Fields that are not named may
be anything. A name that no such event has is refused where it is written.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Self

from pydantic import BaseModel

from events.catalog import CATALOG, Channel
from events.testing.compare import Difference, differences
from events.testing.errors import BadExpectation, did_you_mean, refused
from events.testing.fields import check_envelope, check_fields
from events.testing.place import Place, contradiction
from events.testing.seen import ENVELOPE_FIELDS, Seen
from events.testing.values import shown


class Expectation:
    """Immutable: `with_` and `from_` give another one.

    Attributes:
        type: the type's name; None for an event of any type.
        model: the class of its payload; None where none is known.
        fields: what is asked of the payload.
        envelope: what is asked of the envelope.
    """

    TYPE: ClassVar[str | None] = None

    def __init__(self, /, **fields: Any) -> None:
        """Names of the envelope (`source`, `stream`, `position`, …) speak of the envelope.

        Raises:
            BadExpectation: a field is unknown, or can never be like that.
        """
        __tracebackhide__ = True
        self.type = self.TYPE
        self.model: type[Any] | None = CATALOG[self.TYPE].model if self.TYPE else None
        self.fields: Mapping[str, Any] = {}
        self.envelope: Mapping[str, Any] = {}
        self._take(fields)

    def _take(self, given: Mapping[str, Any]) -> None:
        __tracebackhide__ = True
        own = _names_of(self.model)
        fields = {k: v for k, v in given.items() if k in own or k not in ENVELOPE_FIELDS}
        envelope = {k: v for k, v in given.items() if k not in fields}
        if self.model is not None and issubclass(self.model, BaseModel):
            check_fields(self.model, fields)
        elif own:
            _check_names(fields, own, self.name)
        elif self.type is None and self.model is None:
            _check_names(fields, _names_of_all(), "an event of the catalogue")
            _check_of_any(fields)
        check_envelope(envelope)
        self.fields = {**self.fields, **fields}
        self.envelope = {**self.envelope, **envelope}
        self._check_place()

    def _check_place(self) -> None:
        __tracebackhide__ = True
        if reason := contradiction(Place.of(self)):
            raise refused(f"{self!r} can be in no log: {reason}")

    def _copy(self) -> Self:
        copy = object.__new__(type(self))
        copy.type, copy.model = self.type, self.model
        copy.fields, copy.envelope = self.fields, self.envelope
        return copy

    def with_(self, /, **fields: Any) -> Self:
        """The same, with more fields, or others."""
        __tracebackhide__ = True
        copy = self._copy()
        copy._take(fields)
        return copy

    def from_(self, /, **envelope: Any) -> Self:
        """The same, with more of the envelope's fields, such as `source="paper"`, `stream="regime:SPX"`."""
        __tracebackhide__ = True
        _check_names(envelope, ENVELOPE_FIELDS, "an envelope")
        check_envelope(envelope)
        copy = self._copy()
        copy.envelope = {**copy.envelope, **envelope}
        copy._check_place()
        return copy

    def is_of_type(self, event: Seen) -> bool:
        """Whether an event is of the type that is asked for."""
        if self.type is not None:
            return event.type == self.type
        return self.model is None or isinstance(event.payload, self.model)

    def differences(self, event: Seen) -> list[Difference]:
        """Every way in which an event is not as expected; none if it matches."""
        found: list[Difference] = []
        if not self.is_of_type(event):
            found.append(Difference("type", self.name, event.type))
        typed = self.model is None or issubclass(self.model, BaseModel)
        typed = typed and (self.type is None or self.type in CATALOG)
        found += differences(self.fields, event.values, typed=typed)
        parts = {name: getattr(event, name) for name in self.envelope}
        return found + differences(self.envelope, parts)

    def matches(self, event: Seen) -> bool:
        """Whether an event is as expected."""
        return self.is_of_type(event) and not self.differences(event)

    @property
    def channel(self) -> Channel | None:
        """Where such events stand; None where that is not known."""
        entry = CATALOG.get(self.type or "")
        return None if entry is None else entry.channel

    @property
    def name(self) -> str:
        """What such events are called."""
        return self.type or (self.model.__name__ if self.model else "any event")

    def __repr__(self) -> str:
        own = type(self)
        said = [f"{name}={_shown(value)}" for name, value in self.fields.items()]
        if own is Expectation:
            kind = f'"{self.type}"' if self.type else self.model.__name__ if self.model else ""
            said = [kind, *said] if kind else said
        text = f"{'event' if own is Expectation else own.__name__}({', '.join(said)})"
        if not self.envelope:
            return text
        return f"{text}.from_({', '.join(f'{k}={_shown(v)}' for k, v in self.envelope.items())})"


def event(type_: str | type[Any] | None = None, /, **fields: Any) -> Expectation:
    """An event of a type by its name, of the class of its payload, or of any type.

    Raises:
        BadExpectation: the name is like one of the catalogue and is none, or a field is wrong.
    """
    __tracebackhide__ = True
    if isinstance(type_, str) and type_ not in CATALOG:
        hint = did_you_mean(type_, CATALOG)
        if "did you mean" in hint:
            raise refused(f"no event type is known for {type_!r}{hint}")
    blank = Expectation()
    if isinstance(type_, str):
        blank.type = type_
        blank.model = CATALOG[type_].model if type_ in CATALOG else None
    elif type_ is not None:
        _check_class(type_)
        blank.model = type_
        blank.type = next((name for name, one in CATALOG.items() if one.model is type_), None)
    return blank.with_(**fields)


def _check_class(kind: object) -> None:
    __tracebackhide__ = True
    if isinstance(kind, type) and issubclass(kind, Expectation):
        raise refused(f"{kind.__name__} is an expectation already: say {kind.__name__}(…)")
    if not isinstance(kind, type) or kind.__module__ == "builtins":
        raise refused(f"{kind!r} is no class of a payload: event('type_name', …), event(Model, …)")


def _names_of(model: type[Any] | None) -> frozenset[str]:
    if model is None:
        return frozenset()
    if issubclass(model, BaseModel):
        return frozenset(model.model_fields)
    return frozenset(getattr(model, "__dataclass_fields__", ()))


def _names_of_all() -> frozenset[str]:
    return frozenset().union(*(_names_of(entry.model) for entry in CATALOG.values()))


def _check_names(given: Mapping[str, Any], known: Any, what: str) -> None:
    __tracebackhide__ = True
    for name in given:
        if name not in known:
            raise refused(f"{what} has no field {name!r}{did_you_mean(name, known)}")


def _check_of_any(fields: Mapping[str, Any]) -> None:
    """Make sure of each field that some type of the catalogue can have it so."""
    __tracebackhide__ = True
    for name, value in fields.items():
        problems = []
        models = [entry.model for entry in CATALOG.values() if name in entry.model.model_fields]
        for model in models:
            try:
                check_fields(model, {name: value})
            except BadExpectation as error:
                problems.append(error)
        if len(problems) == len(models):
            raise problems[0]


def _shown(value: Any) -> str:
    return repr(str(value.value)) if isinstance(value, Enum) else shown(value)


class RegimeUpdated(Expectation):
    """A `regime_update`."""

    TYPE = "regime_update"


class PriceAlert(Expectation):
    """A `price_alert`."""

    TYPE = "price_alert"


class PortfolioUpdated(Expectation):
    """A `portfolio_update`."""

    TYPE = "portfolio_update"


class TradeExecuted(Expectation):
    """A `trade_execution`."""

    TYPE = "trade_execution"


class PriceUpdated(Expectation):
    """A `price_update`."""

    TYPE = "price_update"


class SystemNotice(Expectation):
    """A `system_notice`."""

    TYPE = "system_notice"
