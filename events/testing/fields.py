"""What an expectation asks of a model's fields, checked before any event is looked at.

A name that no event has, or a value that no field can hold, would else make an `absent` pass for ever.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from events.testing.errors import BadExpectation, did_you_mean, refused
from events.testing.matchers import Matcher, check_value


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
        _check(field.annotation, value, path + name, nullable=False)


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
    _check_at(path, origin, wanted, nullable=nullable)


def _check_at(path: str, kind: Any, wanted: Any, *, nullable: bool) -> None:
    __tracebackhide__ = True
    kind, nullable = _unwrapped(kind, nullable=nullable)
    kind = get_origin(kind) or kind
    try:
        if _is_structured(kind) and not isinstance(wanted, Matcher) and wanted is not None:
            raise BadExpectation(f"{wanted!r} is no {getattr(kind, '__name__', kind)}")
        check_value(wanted, kind, nullable=nullable)
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
