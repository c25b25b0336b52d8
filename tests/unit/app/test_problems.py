"""Errors as problem+json: the right status, the socket's code, nothing that cannot be sent."""

# covers: app.api.problems, app.api.limits

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.api.limits import BodyLimit, BodyRoom
from app.api.problems import ApiProblem, install_problem_handlers
from events.catalog import Record
from events.errors import (
    CorruptLog,
    EpochMismatch,
    EventError,
    IdempotencyConflict,
    InvalidEvent,
    LogBusy,
    PositionBeyondHead,
    StoreUnavailable,
    VersionConflict,
)
from events.scalars import Label


class Body(Record):
    """Something to validate."""

    numbers: dict[Label, int]


def app_that_raises(error: Exception) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)
    app.add_middleware(BodyLimit, others=BodyRoom(100, 1_000))

    @app.get("/fail")
    async def fail() -> None:
        raise error

    @app.post("/body")
    async def body(given: Body) -> int:
        return len(given.numbers)

    return app


async def ask(app: FastAPI, method: str = "GET", path: str = "/fail", **request: Any) -> Any:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, **request)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (VersionConflict("prices:SPX", 1, 2), 409, "version_conflict"),
        (IdempotencyConflict("key"), 409, "idempotency_key_reused"),
        (EpochMismatch("a", "b"), 409, "epoch_mismatch"),
        (PositionBeyondHead(9, 1), 409, "position_beyond_head"),
        (InvalidEvent("no"), 422, "invalid_event"),
        (StoreUnavailable("the disk is full"), 503, "store_unavailable"),
        (LogBusy(10), 503, "log_busy"),
        (CorruptLog("damaged"), 500, "corrupt_log"),
        (EventError("?"), 500, "event_error"),
        (ApiProblem(418, "teapot", "short and stout"), 418, "teapot"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
    ],
)
async def test_every_error_has_its_status_and_code(
    error: Exception, status: int, code: str
) -> None:
    answer = await ask(app_that_raises(error))
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)


@pytest.mark.parametrize(
    ("body", "status", "paths"),
    [
        ('{"numbers":{"a":1}}', 200, None),
        ('{"numbers":{"a":"x","b":2.5}}', 422, ["numbers.a", "numbers.b"]),
        ('{"numbers":{"\\ud800":1}}', 422, ["numbers.���.[key]"]),
        ('{"query":{}}', 422, ["numbers", "query"]),
        ("{", 400, []),
        (" " * 101, 413, []),
    ],
)
async def test_a_bad_body_is_told_by_path(body: str, status: int, paths: list[str] | None) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await ask(
        app_that_raises(ValueError()), "POST", "/body", content=body, headers=headers
    )
    assert answer.status_code == status
    if paths is not None:
        assert [detail["path"] for detail in answer.json()["details"]] == paths


async def test_a_body_of_unknown_length_is_counted() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 50

    headers = {"Content-Type": "application/json"}
    app = app_that_raises(ValueError())
    answer = await ask(app, "POST", "/body", content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


async def test_few_problems_are_told_of_many() -> None:
    app = FastAPI()
    install_problem_handlers(app)

    @app.post("/body")
    async def body(given: Body) -> None:
        return None

    many = json.dumps({"numbers": {f"n{n}": "x" for n in range(500)}})
    headers = {"Content-Type": "application/json"}
    answer = await ask(app, "POST", "/body", content=many, headers=headers)
    assert len(answer.json()["details"]) == 100
