"""Where reading needs a token: the clients and the commands send it, say what is wrong, and give up in time."""

# covers: app.client.opening, app.client.launch, app.commands.token, app.access.token_edit

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.access.grant import Scope
from app.access.token_edit import add_token, remove_token
from app.cli import main
from app.client import (
    Event,
    LogUnavailable,
    QuestionRefused,
    Refused,
    SynapseClient,
    connect,
)
from app.client.launch import new_launch_link
from events.catalog import Channel
from tests.integration.programs import Running, run_cli, run_python
from tests.integration.served import PATIENCE_S, TOKEN, Served, daily, serving

SECRET = "a-token-that-nobody-may-see"
FEW = [Channel.REGIME, Channel.PRICES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("closed")


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[str, str]:
    """Tokens of the server's file, by name."""
    path = folder / "tokens.toml"
    return {
        "reader": add_token(path, "reader", [Scope.READ], None, None),
        "few": add_token(path, "few", [Scope.READ], FEW, None),
        "writer": add_token(path, "writer", [Scope.WRITE], None, None),
        "checker": add_token(path, "checker", [Scope.READ, Scope.WRITE], None, None),
    }


@pytest.fixture(scope="module")
def closed(folder: Path, tokens: dict[str, str]) -> Iterator[Served]:
    """A server that shows its log to those who have a token."""
    assert tokens
    with serving(folder, read="token", tokens_file=folder / "tokens.toml") as served:
        served.post_prices(*(daily("SPX", str(100 + number), number) for number in range(60)))
        yield served


async def first(url: str, token: str | None, *channels: str) -> Event:
    async with SynapseClient(url, token=token).subscribe(channels or ["prices"]) as events:
        return await anext(events)


async def test_the_client_sends_its_token_and_is_refused_for_good_without(
    closed: Served, tokens: dict[str, str]
) -> None:
    assert (await first(closed.url, tokens["few"])).type == "price_update"
    for token in (None, "wrong"):
        with pytest.raises(Refused) as refused:
            await first(closed.url, token)
        assert refused.value.code in {401, 4401}
        assert "SYNAPSE_TOKEN" in str(refused.value)
    with pytest.raises(Refused, match=r"403.*allows more"):
        await first(closed.url, tokens["writer"])
    with pytest.raises(Exception, match="forbidden_channel"):
        await first(closed.url, tokens["few"], "trades")


async def test_a_token_that_is_taken_back_ends_the_subscription(
    closed: Served, folder: Path
) -> None:
    path = folder / "tokens.toml"
    token = add_token(path, "guest", [Scope.READ], None, None)
    await asyncio.to_thread(until_taken_up, closed, token)
    client = SynapseClient(closed.url, token=token)
    async with client.subscribe(["prices"], history="none") as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.to_thread(remove_token, path, "guest")
        with pytest.raises(Refused, match="expired or revoked") as refused:
            await asyncio.wait_for(waiting, PATIENCE_S)
    assert refused.value.code in {401, 4401}


def until_taken_up(served: Served, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(1_000):
        with suppress(OSError):
            if served.http.get("/api/state", headers=headers).status_code == 200:
                return
        threading.Event().wait(0.02)
    raise AssertionError("the token was not taken up")


def test_a_log_is_asked_for_what_the_token_covers(closed: Served, tokens: dict[str, str]) -> None:
    with connect(closed.url, token=tokens["few"]) as log:
        assert log.channels() == ["regime", "prices"]
        assert "SPX" in log.symbols()
        assert {event.stream.partition(":")[0] for event in log.events()} == {"regime", "prices"}
        assert next(log.follow(history={"last": 1})).type in {"price_update", "regime_update"}
        with pytest.raises(QuestionRefused, match="needs the channels") as refused:
            log.compare(1)
        assert refused.value.code == "forbidden_channel"
    with connect(closed.url) as log, pytest.raises(QuestionRefused, match="SYNAPSE_TOKEN"):
        log.state()
    with connect(closed.url) as log, pytest.raises(Refused, match="SYNAPSE_TOKEN"):
        next(log.follow())


@pytest.mark.parametrize(
    "command",
    [
        ["tail", "--no-follow"],
        ["state"],
        ["explain", "head", "--symbol", "SPX"],
        ["episodes"],
        ["transitions"],
        ["export", "prices.csv", "--force"],
        ["whatif", "--symbol", "SPX"],
    ],
    ids=lambda command: command[0],
)
def test_a_command_says_in_one_line_that_it_needs_a_token_and_works_with_one(
    closed: Served,
    tokens: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def run() -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*command, "--url", closed.url])
        return ended.value.code, *capsys.readouterr()

    monkeypatch.delenv("SYNAPSE_TOKEN", raising=False)
    code, _, told = run()
    assert (code, told.count("\n")) == (2, 1)
    assert "SYNAPSE_TOKEN" in told
    monkeypatch.setenv("SYNAPSE_TOKEN", tokens["few"])
    code, out, told = run()
    assert code == 0, told
    assert tokens["few"] not in out + told


@pytest.mark.parametrize("command", [["mcp"], ["replay"], ["tail"]], ids=lambda one: one[0])
def test_a_command_that_goes_on_does_not_begin_without_a_token(
    closed: Served,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    monkeypatch.setenv("SYNAPSE_TOKEN", SECRET)
    with pytest.raises(SystemExit) as ended:
        main([*command, "--url", closed.url])
    out, told = capsys.readouterr()
    assert (ended.value.code, out, told.count("\n")) == (2, "", 1)
    assert "SYNAPSE_TOKEN" in told
    assert SECRET not in told


def test_a_check_of_a_closed_server_sends_its_token_everywhere(
    closed: Served, tokens: dict[str, str], tmp_path: Path
) -> None:
    def check(token: str) -> tuple[str, str]:
        arguments = [closed.url, "--events", "40", "--writers", "1", "--symbols", "1", "--json"]
        code = f"from app.check.cli import main; main({[*arguments, '--token', token]!r})"
        done = run_python(code, folder=tmp_path)
        return done.stdout, done.stderr

    out, err = check(tokens["checker"])
    assert json.loads(out)["outcome"] == "PASS", err
    out, err = check(SECRET)
    assert (out, err.count("\n")) == ("", 1)
    assert "SYNAPSE_TOKEN" in err
    assert SECRET not in err


def test_the_owner_gets_a_launch_link_which_signs_in_once(
    closed: Served, tokens: dict[str, str], tmp_path: Path
) -> None:
    done = run_cli("link", "--url", closed.url, folder=tmp_path, env={"SYNAPSE_TOKEN": TOKEN})
    page, _, code = done.stdout.strip().partition("#launch=")
    assert page == f"{closed.url}/"
    session = closed.http.post("/api/session", json={"launch_code": code})
    assert session.json()["scopes"] == ["read", "write", "admin"]
    with pytest.raises(QuestionRefused, match=r"needs the scope 'admin'.*allows more"):
        new_launch_link(closed.url, tokens["reader"])


class Elsewhere:
    """A server that sends everybody to another one, which notes what it is shown."""

    def __init__(self) -> None:
        self.shown: list[str | None] = []
        shown = self.shown

        class Other(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shown.append(self.headers["Authorization"])
                self.send_error(404)

            def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

        self.other = HTTPServer(("127.0.0.1", 0), Other)
        there = f"http://127.0.0.1:{self.other.server_port}"

        class Sends(Other):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", there + self.path)
                self.send_header("Content-Length", "0")
                self.send_header("Connection", "close")
                self.end_headers()

            do_POST = do_GET  # noqa: N815

        self.sends = HTTPServer(("127.0.0.1", 0), Sends)
        self.url = f"http://127.0.0.1:{self.sends.server_port}"
        for one in (self.other, self.sends):
            threading.Thread(target=one.serve_forever, daemon=True).start()

    def close(self) -> None:
        for one in (self.other, self.sends):
            one.shutdown()
            one.server_close()


async def test_a_token_goes_nowhere_else_when_a_server_sends_its_client_on() -> None:
    elsewhere = Elsewhere()
    try:
        with pytest.raises(Refused, match="302"):
            await first(elsewhere.url, SECRET)
        log = connect(elsewhere.url, token=SECRET)
        with log, pytest.raises(LogUnavailable, match="302"):
            await asyncio.to_thread(log.state)
        with pytest.raises(LogUnavailable, match="302"):
            await asyncio.to_thread(new_launch_link, elsewhere.url, SECRET)
        assert elsewhere.shown == []
    finally:
        await asyncio.to_thread(elsewhere.close)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of one's own for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synapse of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, private


def test_over_tls_an_authority_of_ones_own_is_trusted_where_it_is_named(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    settings = {"SYNAPSE_TLS_CERT": str(cert), "SYNAPSE_TLS_KEY": str(key), "SYNAPSE_TOKEN": TOKEN}
    closed = {**settings, "SYNAPSE_READ": "token"}
    serve = ["serve", "--port", "0", "--no-browser", "--feed", "simulated:SIM?seed=1"]
    trusted = {"SYNAPSE_TOKEN": TOKEN, "SSL_CERT_FILE": str(cert)}
    with Running(*serve, folder=tmp_path, env=closed) as server:
        url = server.url()
        assert url.startswith("https://")
        for command in (["state", "--url", url], ["link", "--url", url]):
            refused = run_cli(*command, folder=tmp_path, env={"SYNAPSE_TOKEN": TOKEN})
            assert refused.returncode == 2
            assert "SSL_CERT_FILE" in refused.stderr
            done = run_cli(*command, folder=tmp_path, env=trusted)
            assert done.returncode == 0, done.stderr
        plain = run_cli("link", "--url", f"http{url[5:]}", folder=tmp_path, env=trusted)
        assert plain.returncode == 2
        assert "does it speak https?" in plain.stderr
        follow = f"""
import os
from app.client import Refused, SyncSynapseClient
def first():
    with SyncSynapseClient({url!r}, token={TOKEN!r}).subscribe(["system"], history="all") as events:
        return next(events).type
try:
    first()
except Refused as error:
    print("SSL_CERT_FILE" in str(error))
os.environ["SSL_CERT_FILE"] = {str(cert)!r}
print(first())
"""
        assert run_python(follow, folder=tmp_path).stdout.split() == ["True", "system_notice"]
