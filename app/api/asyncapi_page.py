"""The AsyncAPI document as a page to read: plain HTML, no script, nothing from elsewhere."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

Json = Mapping[str, Any]

STYLE: Final = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h2 { border-bottom: 1px solid; margin-top: 3rem; padding-bottom: 0.25rem; }
h3 { margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { font-weight: 600; padding: 0.5rem 0 0.25rem; text-align: left; }
th, td { border-bottom: 1px solid #8886; padding: 0.25rem 0.75rem 0.25rem 0; text-align: left;
  vertical-align: top; }
td { overflow-wrap: anywhere; }
pre { background: #8882; border-radius: 0.25rem; overflow-x: auto; padding: 0.75rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9rem; }
h2 code, h3 code { font-size: inherit; }
nav ul { columns: 15rem; padding-left: 1.25rem; }
"""
"""A file of its own: the content policy forbids styles inside of a page."""

_BOUNDS: Final = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minItems": "items at least",
    "maxItems": "items at most",
    "pattern": "pattern",
}


_ELSEWHERE: Final = (
    '<p>The same for programs: <a href="/asyncapi.json">/asyncapi.json</a> (AsyncAPI 3.0); '
    'the calls over HTTP: <a href="/openapi.json">/openapi.json</a>.</p>'
)


def render(document: Json) -> str:
    """The page of an AsyncAPI document as `app.stream.asyncapi` makes it."""
    info = document["info"]
    messages, schemas = document["components"]["messages"], document["components"]["schemas"]
    payloads = {_payload(one, schemas) for one in messages.values()}
    shown = [name for name in schemas if name not in payloads and not name.endswith("Message")]
    body = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}: the streams</h1>",
        *(f"<p>{_text(part)}</p>" for part in info["description"].split("\n\n")),
        _ELSEWHERE,
        _contents(document["channels"], messages, shown),
        "<main>",
        *(_channel(key, one, document["operations"]) for key, one in document["channels"].items()),
        '<h2 id="messages">Messages</h2>',
        _envelope(messages, schemas),
        *(_message(name, one, schemas) for name, one in messages.items()),
        '<h2 id="schemas">What they are made of</h2>',
        *(_schema(name, schemas[name]) for name in shown),
        "</main>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(info['title'])}: the streams</title>\n"
        '<link rel="stylesheet" href="asyncapi.css">\n</head>\n'
        f"<body>\n{chr(10).join(body)}\n</body>\n</html>\n"
    )


def _contents(channels: Json, messages: Json, shown: Iterable[str]) -> str:
    parts = [
        ("Where to connect", [(f"channel-{key}", one["address"]) for key, one in channels.items()]),
        ("Messages", [(f"message-{name}", name) for name in messages]),
        ("What they are made of", [(f"schema-{name}", name) for name in shown]),
    ]
    return "".join(
        f'<nav aria-label="{title}"><h2>{title}</h2><ul>{_links(links)}</ul></nav>'
        for title, links in parts
    )


def _links(links: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<li><a href="#{target}"><code>{escape(text)}</code></a></li>' for target, text in links
    )


def _channel(key: str, channel: Json, operations: Json) -> str:
    own = [one for one in operations.values() if _last(one["channel"]) == key]
    said = [one for one in own if one["action"] == "receive"]
    heard = [name for one in own if one["action"] == "send" for name in _names(one["messages"])]
    parts = [
        f'<h2 id="channel-{key}"><code>{escape(channel["address"])}</code>: {escape(channel["title"])}</h2>',
        f"<p>{_text(channel['description'])}</p>",
    ]
    if said:
        rows = [
            (_message_link(_last(one["messages"][0])), _text(one["summary"]), _replies(one))
            for one in said
        ]
        parts.append(_table("What clients say", ("message", "meaning", "answers"), rows))
    parts += [f"<p>What clients get: {', '.join(map(_message_link, heard))}.</p>"]
    for field, caption in (("x-error-codes", "Codes of errors"), ("x-close-codes", "Close codes")):
        rows_of_codes = [
            (f"<code>{escape(str(one['code']))}</code>", _text(one["meaning"]))
            for one in channel.get(field, ())
        ]
        if rows_of_codes:
            parts.append(_table(caption, ("code", "meaning"), rows_of_codes))
    return "\n".join(parts)


def _replies(operation: Json) -> str:
    names = _names(operation.get("reply", {}).get("messages", ()))
    return ", ".join(map(_message_link, names)) or "none"


def _names(refs: Iterable[Json]) -> list[str]:
    return [_last(ref) for ref in refs]


def _message_link(name: str) -> str:
    return f'<a href="#message-{name}"><code>{name}</code></a>'


def _payload(message: Json, schemas: Json) -> str:
    return _last(schemas[_last(message["payload"])]["properties"]["payload"])


def _envelope(messages: Json, schemas: Json) -> str:
    """What surrounds every payload, taken from the message that has the most around it."""
    envelopes = [schemas[_last(message["payload"])] for message in messages.values()]
    fullest = max(envelopes, key=lambda one: len(one["properties"]))
    common = set.intersection(*(set(one["properties"]) for one in envelopes))
    plain = {"payload": {"type": "object"}, "type": {"type": "string"}}
    directions = [{"const": "c2s"}, {"const": "s2c"}]
    shown = {**fullest["properties"], **plain, "direction": {"oneOf": directions}}
    extra = ", ".join(f"<code>{name}</code>" for name in shown if name not in common)
    note = f"<p>Only messages that carry an event have {extra}.</p>"
    return _fields("Around every payload", {**fullest, "properties": shown}) + note


def _message(name: str, message: Json, schemas: Json) -> str:
    example = json.dumps(message["examples"][0]["payload"], indent=2, ensure_ascii=False)
    return "\n".join(
        (
            f'<h3 id="message-{name}"><code>{name}</code></h3>',
            f'<p>{_text(message["summary"])} (<a href="/schemas/{name}.json">JSON Schema</a>)</p>',
            _fields("Payload", schemas[_payload(message, schemas)]),
            f"<pre><code>{escape(example)}</code></pre>",
        )
    )


def _schema(name: str, schema: Json) -> str:
    parts = [f'<h3 id="schema-{name}"><code>{name}</code></h3>']
    if "description" in schema:
        parts.append(f"<p>{_text(schema['description'])}</p>")
    parts.append(_fields("Fields", schema) if "properties" in schema else f"<p>{_type(schema)}</p>")
    return "\n".join(parts)


def _fields(caption: str, schema: Json) -> str:
    if not schema.get("properties"):
        return f"<p>{caption}: no fields.</p>"
    required = schema.get("required", ())
    rows = [
        (f"<code>{escape(name)}</code>", _type(one), _need(one, required=name in required))
        for name, one in schema["properties"].items()
    ]
    return _table(caption, ("field", "type", "needed"), rows)


def _need(schema: Json, *, required: bool) -> str:
    if required:
        return "yes"
    return f"no: <code>{escape(json.dumps(schema.get('default')))}</code>"


def _type(schema: Json) -> str:
    """A schema in a few words, with links to those that it names."""
    if "$ref" in schema:
        return f'<a href="#schema-{_last(schema)}"><code>{_last(schema)}</code></a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(map(_type, schema[key]))
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return ", ".join(f"<code>{escape(json.dumps(one))}</code>" for one in schema["enum"])
    return "; ".join(_words(schema))


def _words(schema: Json) -> Iterator[str]:
    kind = schema.get("type", "anything")
    values = schema.get("additionalProperties")
    if kind == "array":
        kind = f"list of ({_type(schema.get('items', {}))})"
    elif kind == "object" and isinstance(values, Mapping):
        kind = f"map to ({_type(values)})"
    yield f"{kind} ({escape(schema['format'])})" if "format" in schema else str(kind)
    for key, word in _BOUNDS.items():
        if key in schema:
            yield f"{word} <code>{escape(str(schema[key]))}</code>"


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    """A sentence, with what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))


def _last(ref: Json) -> str:
    return str(ref["$ref"]).rpartition("/")[2]
