"""No secret is ever told: not in a log, an answer, a metric, the log's text or a crash, whoever put it where.

Each secret holds one word, the canary, and all that comes out of real processes is searched for it.
"""

import hashlib
import json
import re
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
import pytest

from app.config import Settings
from tests.integration.programs import Running, run_cli
from tests.integration.served import PATIENCE_S, daily
from tests.postgres import PostgresServer, name_of

WORD: Final = "canary7e1f"
OWNER: Final = f"owner-{WORD}-5d0c"
BOOKED: Final = f"booked-{WORD}-91ab"
JWT_SECRET: Final = f"signing-{WORD}-0123456789-0123456789-0123456789"
PASSWORD: Final = f"password-{WORD}"
KEY: Final = f"key-{WORD}"
"""Of a request (`Idempotency-Key`): the log keeps it as it is, and it is told nowhere."""

LAUNCH: Final = re.compile(r"#launch=(\S+)\s")
MORE: Final = {"SYNAPSE_LOG_LEVEL": "debug", "COLUMNS": "200"}
"""What every process here is told beside its secrets."""


def secrets_in(folder: Path) -> dict[str, str]:
    """The environment of a process with a secret in every place that there is."""
    book = folder / "tokens.toml"
    digest = hashlib.sha256(BOOKED.encode()).hexdigest()
    book.write_text(f'[[token]]\nname = "desk"\nsha256 = "{digest}"\nscopes = ["write"]\n')
    return {
        **MORE,
        "SYNAPSE_TOKEN": OWNER,
        "SYNAPSE_TOKENS_FILE": str(book),
        "SYNAPSE_JWT_SECRET": JWT_SECRET,
    }


def signed() -> str:
    """A token that somebody else signed, good for writing."""
    claims = {"sub": "desk", "scope": "write", "exp": datetime.now(UTC) + timedelta(hours=1)}
    return jwt.encode(claims, JWT_SECRET, algorithm="HS256")


def signed_in(url: str, body: dict[str, str]) -> tuple[str, httpx.Response]:
    """The cookie of a browser that signed in, and the answer."""
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as browser:
        answer = browser.post("/api/session", json=body, headers={"Origin": url})
        assert answer.status_code == 200, answer.text
        return next(iter(browser.cookies.values())), answer


def ask_rightly(url: str) -> list[httpx.Response]:
    """Every secret where it belongs."""
    found = []
    for number, token in enumerate((OWNER, BOOKED, signed())):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{KEY}-{number}"}
        body = {"prices": [daily("CANARY", "5", number)]}
        for price in ("5", "5", "6"):  # twice the same, and then a key with another request
            body["prices"][0]["price"] = price
            found.append(httpx.post(f"{url}/api/prices", json=body, headers=headers))
        found += [httpx.get(f"{url}{path}", headers=headers) for path in TOLD]
    assert [one.status_code for one in found[:3]] == [200, 200, 409]
    return found


TOLD: Final = (
    "/metrics",
    "/api/session",
    "/api/connections",
    "/api/state",
    "/api/events",
    "/readyz",
)


def ask_wrongly(url: str) -> list[httpx.Response]:
    """Secrets where they do not belong, and wrong ones; no answer repeats one."""
    body = {"prices": [daily("CANARY", "5", 0)]}
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
        owner = {"Authorization": f"Bearer {OWNER}"}
        return [
            http.post("/api/session", json={"launch_code": OWNER}),
            http.post("/api/session", json={"token": f"{OWNER}x"}),
            http.post("/api/session", json={"token": 7, "launch_code": OWNER}),
            http.post(f"/api/prices?token={OWNER}", json=body, headers=owner),
            http.post("/api/prices", content=f"{OWNER}{{", headers=owner),
            http.post(
                "/api/prices", content=OWNER.encode(), headers={**owner, "Content-Type": "a/b"}
            ),
            http.post("/api/prices", json=body, headers={"Authorization": f"Basic {OWNER}"}),
            http.post("/api/prices", json=body, headers={"Authorization": f"Bearer {signed()}x"}),
            http.post("/api/prices", json=body, headers={"Cookie": f"synapse_session={OWNER}"}),
            http.post("/api/prices", json=body, headers={**owner, "Idempotency-Key": KEY * 30}),
            http.get(f"/api/state?token={OWNER}", headers=owner),
            http.get(f"/{OWNER}"),
            http.get(f"/api/{OWNER}"),
        ]


def search(where: str, text: str, *, but: tuple[str, ...] = ()) -> None:
    """Fail with the lines that tell a secret; `but`: what may be told there."""
    for allowed in but:
        text = text.replace(allowed, "")
    assert [line for line in text.splitlines() if WORD in line] == [], where


def search_answers(answers: list[httpx.Response], *secrets: str) -> None:
    """Fail where an answer tells a secret, in its body or its headers."""
    for answer in answers:
        told = f"{answer.headers.raw!r} {answer.text}"
        # Who uses a key twice is told which.
        search(answer.request.url.path, told, but=(KEY,) if answer.status_code == 409 else ())
        for secret in secrets:
            assert secret not in told, answer.request.url


def provoke(program: Running, fail: Callable[[], None], *, prints_link: bool) -> list[str]:
    """Do to a server all that makes it speak; the secrets that it made itself."""
    url = program.url()
    code = "not-printed"
    if prints_link:
        program.wait_for(lambda: LAUNCH.search(program.stderr) is not None)
        code = LAUNCH.findall(program.stderr)[0]
    by = {"launch_code": code} if prints_link else {"token": BOOKED}
    cookie, opened = signed_in(url, by)
    again, _ = signed_in(url, {"token": OWNER})
    answers = ask_rightly(url) + ask_wrongly(url)
    answers.append(httpx.post(f"{url}/api/session", json={"launch_code": code}))
    search_answers(answers, code, cookie, again)
    assert code not in opened.text
    assert cookie not in opened.text
    fail()
    headers = {"Authorization": f"Bearer {OWNER}", "Idempotency-Key": KEY}
    broken = [
        httpx.get(f"{url}/api/events", headers=headers),
        httpx.post(f"{url}/api/prices", json={"prices": [daily("B", "5", 0)]}, headers=headers),
    ]
    assert all(answer.status_code >= 500 for answer in broken)
    search_answers(broken, code, cookie, again)
    return [cookie, again]


def test_a_server_on_a_file_tells_no_secret(tmp_path: Path) -> None:
    env = secrets_in(tmp_path)
    database = tmp_path / "synapse.db"

    def fail() -> None:
        texts.append("\n".join(sqlite3.connect(database).iterdump()))
        with sqlite3.connect(database) as connection:
            connection.executescript("PRAGMA foreign_keys = 0; DROP TABLE events")

    texts: list[str] = []
    with Running("serve", "--port", "0", "--no-browser", folder=tmp_path, env=env) as program:
        made = provoke(program, fail, prints_link=True)
        program.stop(signal.SIGINT)
    search("the program's own log", program.stderr)
    assert not [secret for secret in made if secret in program.stderr]
    # The keys of requests are kept as they came; nothing else is.
    assert KEY in texts[0]
    search("the database", texts[0], but=(KEY,))


def test_a_server_on_postgresql_tells_no_secret(postgres: PostgresServer, tmp_path: Path) -> None:
    admin = postgres.new_database(migrated=False)
    name, role = name_of(admin), f"canary_{name_of(admin)}"
    postgres.demand_password_of(role, PASSWORD)
    postgres.run(f"ALTER DATABASE {name} OWNER TO {role}")
    postgres.run(f"GRANT ALL ON SCHEMA public TO {role}", database=name)
    url = postgres.url(name, role, PASSWORD)
    env = {**secrets_in(tmp_path), "SYNAPSE_DATABASE_URL": url, "SYNAPSE_LOG_FORMAT": "json"}

    upgraded = run_cli("db", "upgrade", folder=tmp_path, env=env)
    assert upgraded.returncode == 0, upgraded.stderr
    search("db upgrade", upgraded.stdout + upgraded.stderr)

    def fail() -> None:
        postgres.run("DROP TABLE events CASCADE", database=name)

    with Running("serve", "--port", "0", "--no-browser", folder=tmp_path, env=env) as program:
        made = provoke(program, fail, prints_link=False)
        program.stop(signal.SIGINT)
    search("the program's own log", program.stderr)
    assert not [secret for secret in made if secret in program.stderr]
    for command in (["verify"], ["doctor"], ["state"], ["backup", "b.db"], ["rebuild", "--check"]):
        done = run_cli(*command, folder=tmp_path, env=env)
        search(" ".join(command), done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("env", "arguments"),
    [
        ({}, ["--help"]),
        ({}, ["serve", "--help"]),
        ({"SYNAPSE_TOKEN": f"{OWNER} with spaces"}, ["serve"]),
        ({"SYNAPSE_JWT_SECRET": WORD}, ["serve"]),
        ({"SYNAPSE_HOST": "0.0.0.0"}, ["serve"]),  # it refuses
        ({"SYNAPSE_PORT": "no number"}, ["serve"]),
        ({"SYNAPSE_DATABASE_URL": f"mysql://me:{PASSWORD}@127.0.0.1/x"}, ["serve"]),
        ({"SYNAPSE_DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"}, ["serve"]),
        # For a log in a file there is nobody to tell.
        ({"SYNAPSE_NATS_URL": f"nats://me:{PASSWORD}@127.0.0.1:1"}, ["serve"]),
        ({"SYNAPSE_NATS_URL": f"nats://me:{PASSWORD}@127.0.0.1:no"}, ["serve"]),
        ({"SYNAPSE_DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:no/x"}, ["doctor"]),
        ({"SYNAPSE_DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"}, ["doctor"]),
        ({"SYNAPSE_DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"}, ["verify"]),
        ({"SYNAPSE_DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/x"}, ["backup", "b.db"]),
    ],
)
def test_a_command_that_fails_or_helps_tells_no_secret(
    tmp_path: Path, env: dict[str, str], arguments: list[str]
) -> None:
    done = run_cli(*arguments, folder=tmp_path, env={**secrets_in(tmp_path), **env})
    assert done.stdout + done.stderr
    assert "--help" in arguments or done.returncode
    search(" ".join(arguments), done.stdout + done.stderr)


def test_settings_that_are_shown_leave_every_secret_out() -> None:
    chosen: dict[str, Any] = {"token": OWNER, "jwt_secret": JWT_SECRET}
    settings = Settings(
        **chosen, database_url=f"postgresql://me:{PASSWORD}@h/x", nats_url=f"nats://me:{PASSWORD}@h"
    )
    search("the settings", f"{settings!r} {settings}")
    assert WORD in json.dumps(settings.model_dump(mode="json"))


def test_a_secret_that_is_told_is_found() -> None:
    with pytest.raises(AssertionError, match="the log"):
        search("the log", f"opened with {OWNER}")
