"""Every call of `/openapi.json`, fuzzed by schemathesis against a running server: no 5xx, nothing undeclared."""

# covers: app.api.contract, app.api.event_schemas

import asyncio
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings
from tests.fuzz.effort import EFFORT, SEED, fuzzed
from tests.integration.served import PATIENCE_S, TOKEN, Json, Served
from tests.lane_log import make_lane_log

EXAMPLES: Final = 1
"""Of each call, beside those that schemathesis derives from the schemas' limits: these are the most."""

STREAM: Final = "/api/stream"
"""Its answer never ends: it has a test of its own."""

NOT_CHECKED: Final = "positive_data_acceptance"
"""What fits the schema may still be refused: a launch code beside a token, a shift where there was none."""

KNOWN: Final = {"symbol": "SPX", "name": "other", "ref": "1", "type": "ping", "a": "last-shift"}
"""Values that lead somewhere, where a random one finds nothing."""

HARD_TO_REACH: Final = {
    f"GET {STREAM}",
    "POST /api/session",
    "DELETE /api/alert-rules/{rule_id}",
    "POST /api/alerts/{alert_id}/acknowledge",
}
"""Calls that need a secret, or the id of something that was made before: a run may not succeed with them."""

RUN_S_MAX: Final = 100 + 60 * EFFORT


class Answers:
    """ASGI middleware: counts the answers by the call's template and their status."""

    counts: Counter[tuple[str, str, int]] = Counter()

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.counts[scope["method"], scope["path"], message["status"]] += 1
            await send(message)

        await self._app(scope, receive, counting)


@pytest.fixture(scope="module")
def served(sample_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a log of twenty years, with another one beside it; what is written is this test's own."""
    folder = tmp_path_factory.mktemp("fuzzed")
    shutil.copy(sample_log, folder / "synapse.db")
    asyncio.run(make_lane_log(folder / "other.db", last=100))
    settings = Settings(
        database_url=str(folder / "synapse.db"), token=TOKEN, lanes=f"other={folder / 'other.db'}"
    )
    served = Served(settings)
    served.app.add_middleware(Answers)
    with served:
        yield served


@pytest.fixture(scope="module")
def document(served: Served) -> Json:
    """The contract; with values that lead somewhere as examples."""
    told = served.get("/openapi.json")
    for path in told["paths"].values():
        for call in path.values():
            for parameter in call.get("parameters", []):
                if parameter["name"] in KNOWN:
                    parameter["example"] = KNOWN[parameter["name"]]
    # Schemathesis turns a tuple's `prefixItems` into what older drafts called it, and refuses that then.
    pair = '"prefixItems": [{"type": "integer"}, {"type": "integer"}]'
    loose = json.dumps(told).replace(pair, '"items": {"type": "integer"}')
    return dict(json.loads(loose))


def run(document: Json, served: Served, folder: Path, *arguments: str) -> str:
    """Let schemathesis call everything; what it printed."""
    contract = folder / "openapi.json"
    contract.write_text(json.dumps(document), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(contract), "--url", served.url),
        *("--exclude-path", STREAM, "--exclude-checks", NOT_CHECKED, "--continue-on-failure"),
        *("--max-examples", str(EXAMPLES * EFFORT), "--seed", str(SEED), "--no-shrink"),
        *("--request-timeout", str(PATIENCE_S), "--warnings", "off", "--no-color", *arguments),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    return done.stdout


def faults(counts: Counter[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """The answers that no client caused."""
    return [answer for answer in counts if answer[2] >= 500]


@pytest.mark.timeout(RUN_S_MAX + 60)
@pytest.mark.parametrize("may_write", [True, False], ids=["with the token", "without"])
def test_every_call_answers_as_declared_whatever_it_is_asked(
    served: Served, document: Json, tmp_path: Path, may_write: bool
) -> None:
    Answers.counts.clear()
    token = ("--header", f"Authorization: Bearer {TOKEN}")
    # Who has none is turned away before anything is read: the schemas' limits add nothing.
    chosen = token if may_write else ("--phases", "examples,fuzzing,stateful")
    said = run(document, served, tmp_path, *chosen)
    calls = sum(len(path) for path in document["paths"].values()) - 1
    assert f"Tested: {calls}" in re.sub(r" +", " ", said), said
    assert faults(Answers.counts) == []
    assert not [answer for answer in Answers.counts if answer[2] == 429], "most was not looked at"
    assert not may_write or never_succeeded(document) <= HARD_TO_REACH


def never_succeeded(document: Json) -> set[str]:
    """The calls that were refused each time."""
    succeeded = {(method, path) for method, path, status in Answers.counts if status < 300}
    never = set()
    for template, path in document["paths"].items():
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))
        for method in map(str.upper, path):
            if not any(one == method and pattern.fullmatch(at) for one, at in succeeded):
                never.add(f"{method} {template}")
    return never


# --- the stream ----------------------------------------------------------------------------------

texts = st.text(max_size=12)
numbers = st.integers(-1, 2**53).map(str) | texts
params = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.sampled_from(["prices", "regime,system", "rumours", ","]) | texts,
        "symbols": st.sampled_from(["SPX", "SPX,IXIC"]) | texts,
        "last": numbers,
        "after": numbers,
        "since": st.sampled_from(["2010-01-01T00:00:00Z", "2010-01-01T00:00:00 01:00"]) | texts,
        "history": st.sampled_from(["all", "none"]) | texts,
        "epoch": texts,
        "delivery": st.sampled_from(["every", "latest"]) | texts,
        "user_id": texts,
        "other": texts,
    },
)
event_ids = st.none() | st.from_regex(r"[!-~]{0,12}:?[0-9]{0,17}", fullmatch=True)


@fuzzed(40)
@given(params, event_ids)
def test_the_stream_begins_as_declared_whatever_it_is_asked(
    served: Served, document: Json, asked: dict[str, str], event_id: str | None
) -> None:
    answers: dict[str, Any] = document["paths"][STREAM]["get"]["responses"]
    headers = {} if event_id is None else {"Last-Event-ID": event_id}
    with httpx.stream(
        "GET", f"{served.url}{STREAM}", params=asked, headers=headers, timeout=PATIENCE_S
    ) as answer:
        media_type = answer.headers["content-type"].partition(";")[0]
        assert answer.status_code < 500
        assert media_type in answers[str(answer.status_code)]["content"]
        if answer.status_code == 200:
            assert next(answer.iter_text()).startswith(("event: ", "id: ", ":", "retry: "))
        else:
            assert json.loads(answer.read())["status"] == answer.status_code
