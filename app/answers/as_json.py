"""Answers as JSON text, as they are on the wire."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from events.scalars import format_decimal, format_time


def json_text(value: Any) -> str:
    """One JSON document: records by their names on the wire, exact numbers as text, times in UTC."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps(value, default=_plain, option=options).decode()


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format_decimal(value)
        case datetime():
            return format_time(value)
        case date():
            return value.isoformat()
        case Iterable() if not hasattr(value, "model_dump"):
            return list(value)
    return value.model_dump(by_alias=True)
