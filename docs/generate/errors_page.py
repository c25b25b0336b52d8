"""docs/reference/errors.md: every code that a program may be answered with, and what it means."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Final

import events.errors
from app.access.rules import FORBIDDEN, FORBIDDEN_CHANNEL, UNAUTHORISED
from app.api.problems import STATUS_OF
from app.stream.asyncapi import DOORS
from app.stream.close_codes import CLOSE_CODES, CLOSE_FINAL
from docs.generate.code_tree import calls, imported, sources
from docs.generate.markdown import code, codes, first_paragraph, one_line, page, table
from events.errors import EventError

CODE: Final = re.compile(r"[a-z]+(_[a-z]+)+")
MADE_ELSEWHERE: Final = {
    (UNAUTHORISED, 401): "nobody has come: no token, or one that is not known any more",
    (FORBIDDEN, 403): "the token is not for this",
    (FORBIDDEN_CHANNEL, 403): "the token does not cover a channel",
    ("headers_too_large", 431): "the request has too many headers, or too long ones",
    ("method_not_allowed", 405): "there is no such call: `Allow` names those of this path",
    ("not_found", 404): "there is nothing at this path",
    ("request_timeout", 408): "headers or body did not come in time",
    ("store_unavailable", 503): "the log cannot be read or written now",
    (
        "too_many_connections",
        429,
    ): "there are as many connections as there may be, in all or of this client",
    ("too_many_questions", 503): "as many questions wait as may, in all or of this client",
}
"""Codes and statuses whose sentence is not written where they are."""


def errors_page() -> str:
    """The whole page."""
    tree = (events.errors.__doc__ or "").split("\n\n", 1)[1].strip("\n")
    return page(
        "Errors",
        "A problem over HTTP and an `error` on a socket have a `code`, which stays, and a sentence for people, which may"
        " change. `…` stands for what the sentence names.",
        "## Over HTTP",
        table(["code", "status", "says"], _over_http()),
        "## On a socket",
        table(["code", "where", "meaning"], _on_sockets()),
        "## Close codes",
        f"After {CLOSE_FINAL.start} to {CLOSE_FINAL.stop - 1} a client must not come back; after any other it may.",
        table(["code", "meaning"], ((str(number), text) for number, text in CLOSE_CODES.items())),
        "## The log's errors",
        "In Python, from `events.errors`:",
        f"```text\n{tree}\n```",
        table(["class", "code", "status over HTTP", "meaning"], _classes()),
    )


def _over_http() -> Iterator[tuple[str, str, str]]:
    told = {each: {text} for each, text in MADE_ELSEWHERE.items()}
    for path, call, given in calls():
        if path.startswith(("app/client", "app/check")) or len(call.args) < 3:
            continue
        number, name = _status(call.args[0]), call.args[1]
        if number and isinstance(name, ast.Constant) and CODE.fullmatch(str(name.value)):
            texts = told.setdefault((str(name.value), number), set())
            texts |= set(_texts(call.args[2], given))
    for (spelt, status), said in sorted(told.items()):
        yield code(spelt), str(status), "; ".join(sorted(said))


def _status(node: ast.expr) -> int:
    """The HTTP status that an expression is; 0 where it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value if 400 <= node.value < 600 else 0
    if isinstance(node, ast.Attribute) and node.attr in HTTPStatus.__members__:
        return HTTPStatus[node.attr].value
    return 0


def _texts(node: ast.expr, given: Mapping[str, ast.expr]) -> Iterator[str]:
    """What an expression may say, as far as it is written there."""
    match node:
        case ast.Constant(value=str(text)):
            yield one_line(text)
        case ast.JoinedStr(values=parts):
            told = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts]
            yield one_line("".join(told))
        case ast.IfExp(body=body, orelse=other):
            yield from _texts(body, given)
            yield from _texts(other, given)
        case ast.Name(id=name) if name in given:
            yield from _texts(given[name], {})


def _on_sockets() -> Iterator[tuple[str, str, str]]:
    meanings: dict[tuple[str, str], list[str]] = {}
    for door in DOORS:
        for name, meaning in door.errors.items():
            meanings.setdefault((name, meaning), []).append(door.address)
    for (name, meaning), addresses in meanings.items():
        yield code(name), codes(addresses), meaning


def _classes() -> Iterator[tuple[str, str, str, str]]:
    ours = {path.removesuffix(".py").replace("/", ".") for path, _ in sources()}
    for path, tree in sources():
        if any(isinstance(one, ast.ClassDef) for one in tree.body):
            imported(path)
    for kind in _below(EventError):
        if kind.__module__ in ours and "code" in vars(kind):
            place = "" if kind.__module__ == "events.errors" else f" ({code(kind.__module__)})"
            meaning = first_paragraph(kind.__doc__)
            yield code(kind.__name__) + place, code(kind.code), _status_of(kind), meaning


def _below(kind: type[EventError]) -> Iterable[type[EventError]]:
    found = {kind}
    for below in kind.__subclasses__():
        found |= set(_below(below))
    return sorted(found, key=_order)


def _order(kind: type[EventError]) -> tuple[bool, str, str]:
    """The tree's own first; by code, and by place where two share one."""
    return kind.__module__ != events.errors.__name__, kind.code, kind.__module__


def _status_of(kind: type[EventError]) -> str:
    return next((str(int(status)) for base, status in STATUS_OF if issubclass(kind, base)), "")
