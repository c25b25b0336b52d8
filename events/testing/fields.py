"""What an expectation asks of a model's fields, checked before any event is looked at.

A name that no event has, or a value that no field can hold, would else make an `absent` pass for ever.
"""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, Field

from events.catalog import CATALOG, Channel, split_stream
from events.scalars import SOURCE_PATTERN
from events.testing.errors import BadExpectation, did_you_mean, refused
from events.testing.matchers import Matcher, check_value
from events.testing.room import Room, room_of
from events.testing.seen import ENVELOPE_FIELDS

_ENVELOPE: Final[Mapping[str, Any]] = {
    **ENVELOPE_FIELDS,
    "position": Annotated[int, Field(ge=1)],
    "version": Annotated[int, Field(ge=1)],
    "source": Annotated[str, Field(pattern=SOURCE_PATTERN)],
}


def check_envelope(envelope: Mapping[str, Any]) -> None:
    """Make sure that an envelope can be so.

    Raises:
        BadExpectation: it never can.
    """
    __tracebackhide__ = True
    for name, value in envelope.items():
        _check(_ENVELOPE[name], value, name, nullable=name == "causation_id")
    for name, value in envelope.items():
        if not isinstance(value, str):
            continue
        known = [str(one) for one in {"channel": Channel, "type": CATALOG}.get(name, ())]
        if known and value not in known and (name == "channel" or _is_slip(value, known)):
            raise refused(f"{name}: {str(value)!r} is no {name}{did_you_mean(value, known)}")
        if name == "stream" and split_stream(value)[0] not in set(Channel):
            hint = did_you_mean(split_stream(value)[0], list(Channel))
            raise refused(f"stream: {value!r} begins with no channel, as regime:SPX does{hint}")


def _is_slip(name: str, known: list[str]) -> bool:
    return "did you mean" in did_you_mean(name, known)


def check_fields(model: type[BaseModel], wanted: Mapping[str, Any], path: str = "") -> None:
    """Make sure that a model has these fields, and that they can hold these values.

    Raises:
        BadExpectation: a field is unknown, or can never be like that.
    """
    __tracebackhide__ = True
    for name, value in wanted.items():
        field = model.model_fields.get(name)
        if field is None:
            known = did_you_mean(name, model.model_fields)
            raise refused(f"{model.__name__} has no field {path + name!r}{known}")
        _check(_annotated(model, name), value, path + name, nullable=False)


@cache
def _annotated(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


@cache
def _room(annotation: Any) -> Room:
    return room_of(annotation)


def _check(annotation: Any, wanted: Any, path: str, *, nullable: bool) -> None:
    __tracebackhide__ = True
    kind, nullable = _unwrapped(annotation, nullable=nullable)
    origin = get_origin(kind) or kind
    if isinstance(wanted, BaseModel) and isinstance(origin, type) and isinstance(wanted, origin):
        return
    if isinstance(wanted, Mapping) and isinstance(origin, type):
        if issubclass(origin, BaseModel):
            check_fields(origin, wanted, f"{path}.")
            return
        if issubclass(origin, Mapping):
            for key, value in wanted.items():
                _check_at(path, get_args(kind)[0], key, nullable=False)
                _check(get_args(kind)[1], value, f"{path}.{key}", nullable=False)
            return
    if isinstance(wanted, list | tuple) and origin in {list, tuple}:
        for index, value in enumerate(wanted):
            _check(get_args(kind)[0], value, f"{path}[{index}]", nullable=False)
        return
    if origin is object or not isinstance(origin, type):  # JSON: anything goes
        return
    _check_at(path, annotation, wanted, nullable=nullable)


def _check_at(path: str, annotation: Any, wanted: Any, *, nullable: bool) -> None:
    __tracebackhide__ = True
    kind, nullable = _unwrapped(annotation, nullable=nullable)
    kind = get_origin(kind) or kind
    try:
        if _is_structured(kind) and not isinstance(wanted, Matcher) and wanted is not None:
            raise BadExpectation(f"{wanted!r} is no {getattr(kind, '__name__', kind)}")
        room = Room() if _is_structured(kind) else _room(annotation)
        check_value(wanted, kind, nullable=nullable, room=room)
    except BadExpectation as error:
        raise refused(f"{path}: {error}") from None


def _is_structured(kind: Any) -> bool:
    return issubclass(kind, BaseModel | Mapping | list | tuple)


def _unwrapped(annotation: Any, *, nullable: bool) -> tuple[Any, bool]:
    """The type itself, without what is said beside it, and whether null is one of its values."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in {Union, UnionType}:
            kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
            nullable = nullable or NoneType in get_args(annotation)
            if len(kinds) > 1:
                return object, nullable
            annotation = kinds[0]
        else:
            return (object if annotation is Any else annotation), nullable
