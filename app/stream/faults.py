"""What is wrong with something that came from outside, without making a list of a million faults."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

FAULTS_MAX: Final = 1_000
"""Faults of one message or body that are looked at one by one; where there are more, only their number is told.

Each costs 10 us and more than a KB while it is told, and its sender two bytes.
"""

_TOO_MANY: Final = "too_many_faults"
_SENTENCE: Final = "has {count} faults"


def faults_of(error: ValidationError) -> Sequence[Mapping[str, Any]]:
    """The faults, as pydantic names them; a single one that counts them where there are too many."""
    count = error.error_count()
    if count > FAULTS_MAX:
        return [{"type": _TOO_MANY, "loc": (), "msg": _SENTENCE.format(count=count)}]
    return error.errors(include_url=False, include_input=False)


def _few(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError as error:
        count = error.error_count()
        if count <= FAULTS_MAX:
            raise
        raise PydanticCustomError(_TOO_MANY, _SENTENCE, {"count": count}) from None


T = TypeVar("T")
FewFaults: TypeAlias = Annotated[T, WrapValidator(_few)]
"""A request's body of some type: as many faults as `FAULTS_MAX`, or one that counts them."""
