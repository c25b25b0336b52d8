"""docs/reference/settings.md: every setting, out of its model."""

from typing import Any, Final

from pydantic.fields import FieldInfo

from app.config import Settings
from docs.generate.markdown import code, one_line, page, table

FLAGS: Final = {"database_url": "--db", "host": "--host", "port": "--port", "lanes": "--lane"}
"""The settings that a flag of `synapse serve` wins over."""


def settings_page() -> str:
    """The whole page."""
    fields = Settings.model_fields
    return page(
        "Settings",
        "Environment variables. An empty one means that it is not set; a flag wins over its variable. What there is"
        " to know of some of them is in [settings](../settings.md).",
        table(
            ["variable", "default", "what"],
            (_row(name, field) for name, field in fields.items()),
        ),
    )


def _row(name: str, field: FieldInfo) -> tuple[str, str, str]:
    flag = f" Flag: {code(FLAGS[name])}." if name in FLAGS else ""
    takes = _takes(Settings.model_json_schema()["properties"][name]).capitalize()
    text = one_line(field.description)
    return code(f"SYNAPSE_{name.upper()}"), _default(field.default), f"{text} *{takes}.*{flag}"


def _default(value: object) -> str:
    return "none" if value in (None, "") else code(value)


def _takes(schema: dict[str, Any]) -> str:
    """What a value is, with its bounds."""
    kinds = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    # An exact amount is taken as a number or as text: it is a number.
    kind = next((one for one in kinds if one.get("type") in ("integer", "number")), kinds[0])
    words = {"integer": "whole number", "number": "number", "string": "text"}
    name = "path" if kind.get("format") == "path" else words[kind["type"]]
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    given = [f"{sign} {kind[key]:,}" for key, sign in bounds.items() if key in kind]
    return " ".join([name, ", ".join(given)]).strip()
