"""The connection to NATS: who comes and proves it, TLS, several servers, and a server that hangs or refuses."""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from events import hint_connection, nats_connection, nats_hints
from events.hints import Hint
from events.nats_hints import CLOSE_S_MAX, NatsHints
from tests.nats import Nats, nats_server
from tests.unit.events.builders import price, recorded
from tests.waiting import PATIENCE_S, until

KEY = b"k" * 32
COMPOSED = Path(__file__).parents[2] / "deploy" / "compose" / "nats.conf"
EVENTS = recorded([price()])
TOLD_AGAIN_S = 1.0
CLOSED_S_MAX = CLOSE_S_MAX + 3 * nats_connection.LET_GO_S_MAX
"""Within this a close must have come to its end; it waits for nothing else."""


@pytest.fixture
def server() -> Iterator[Nats]:
    with nats_server() as running:
        yield running


@asynccontextmanager
async def hints_at(servers: str) -> AsyncIterator[tuple[NatsHints, list[Hint]]]:
    hints, heard = NatsHints(servers, KEY), list[Hint]()
    hints.start(heard.append)
    try:
        yield hints, heard
    finally:
        async with asyncio.timeout(CLOSED_S_MAX):
            await hints.close()


async def told_over(servers: str) -> None:
    """Fails unless a hint of one that connects so reaches another one."""
    async with hints_at(servers) as (one, _), hints_at(servers) as (other, heard):
        await until(lambda: one.status.connected and other.status.connected)
        # What is told before the server knows of the other's subscription is lost, as NATS promises.
        async with asyncio.timeout(PATIENCE_S):
            while Hint("e", EVENTS) not in heard:
                one.tell("e", EVENTS)
                with suppress(TimeoutError):
                    await until(lambda: Hint("e", EVENTS) in heard, TOLD_AGAIN_S)


async def refused_by(servers: str) -> str:
    """What is said of servers that do not let us in."""
    async with hints_at(servers) as (hints, _):
        await until(lambda: hints.status.error is not None)
        assert not hints.status.connected
        return str(hints.status.error)


# --- who comes --------------------------------------------------------------------------------------


async def test_a_user_with_a_password_comes_in_and_nobody_else() -> None:
    with nats_server("--user", "node", "--pass", "a@b:c,d%") as server:
        await told_over(f"nats://node:a%40b%3Ac%2Cd%25@127.0.0.1:{server.port}")
        for wrong in (server.url, f"nats://node:secret@127.0.0.1:{server.port}"):
            said = await refused_by(wrong)
            assert said == f"127.0.0.1:{server.port}: 'Authorization Violation'"


async def test_a_token_comes_in_and_no_other() -> None:
    with nats_server("--auth", "t%ken") as server:
        await told_over(f"nats://t%25ken@127.0.0.1:{server.port}")
        assert "Authorization" in await refused_by(f"nats://other@127.0.0.1:{server.port}")


@pytest.mark.parametrize("denied", ["publish", "subscribe"])
async def test_who_may_not_tell_or_hear_is_told_so(denied: str, tmp_path: Path) -> None:
    settings = tmp_path / "nats.conf"
    user = f'{{user: node, password: p, permissions: {{{denied}: {{deny: "synapse.>"}}}}}}'
    settings.write_text(f"authorization {{users: [{user}]}}\n")
    with nats_server("-c", str(settings)) as server:
        said = await refused_by(f"nats://node:p@127.0.0.1:{server.port}")
        assert "permissions violation" in said


async def test_the_nats_of_the_containers_lets_nodes_tell_and_hear_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NATS_PASSWORD", '"12345"')
    with nats_server("-c", str(COMPOSED)) as server:
        node = f"nats://synapse:12345@127.0.0.1:{server.port}"
        await told_over(node)
        assert "Authorization" in await refused_by(server.url)
        monkeypatch.setattr(nats_hints, "subject_of", lambda _: "elsewhere")
        assert "permissions violation" in await refused_by(node)


# --- TLS --------------------------------------------------------------------------------------------


@pytest.fixture
def encrypting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nats]:
    """A server that encrypts, by a certificate that this machine trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nats")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(pem))
    private = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*private))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    files = ("--tlscert", str(tmp_path / "cert.pem"), "--tlskey", str(tmp_path / "key.pem"))
    with nats_server("--tls", *files, "--auth", "t") as server:
        yield server


@pytest.mark.parametrize("scheme", ["tls", "nats"])
async def test_a_server_that_encrypts_is_spoken_to_so(encrypting: Nats, scheme: str) -> None:
    await told_over(f"{scheme}://t@127.0.0.1:{encrypting.port}")


async def test_a_certificate_that_nobody_trusts_is_refused(
    encrypting: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    assert "certificate verify failed" in await refused_by(f"tls://t@127.0.0.1:{encrypting.port}")


@pytest.mark.parametrize("who", ["", "secret@", "node:secret@"])
async def test_a_tls_url_never_speaks_in_plain_text(who: str) -> None:
    told = bytearray()
    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        about = {"server_id": "x", "version": "2.11.0", "max_payload": 1024, "auth_required": True}
        writer.write(b"INFO " + json.dumps(about).encode() + b"\r\n")
        while line := await reader.readline():
            told.extend(line)
            writer.write(b"PONG\r\n" if line.startswith(b"PING") else b"")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    said = await refused_by(f"tls://{who}127.0.0.1:{port}")
    listener.close()
    await asyncio.gather(*(task for task in served if task is not None))
    assert (
        said
        == f"127.0.0.1:{port}: 127.0.0.1:{port} does not offer TLS, which a tls:// URL asks for"
    )
    assert b"secret" not in told
    assert b"SUB" not in told


# --- several servers --------------------------------------------------------------------------------


async def test_any_of_several_servers_will_do(server: Nats) -> None:
    dead = Nats()
    for _ in range(4):
        await told_over(f"{dead.url},{server.url}")


async def test_when_one_of_several_dies_the_other_is_taken(server: Nats) -> None:
    with nats_server() as other:
        async with hints_at(f"{server.url},{other.url}") as (hints, heard):
            await until(lambda: hints.status.connected)
            for number, doomed in enumerate((server, other), start=1):
                living = other if doomed is server else server
                living.stop()
                living.start()
                doomed.kill()
                await until(lambda number=number: len(heard) > number)  # type: ignore[misc]  # mypy cannot infer it
                await until(lambda: hints.status.connected)
        assert hints.status.reconnects >= 1


# --- servers that hang, refuse, or go ---------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
async def test_a_server_that_hangs_is_given_up_and_found_again(
    server: Nats, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, full: bool
) -> None:
    for module in (nats_connection, nats_hints):
        monkeypatch.setattr(module, "PING_S", 0.05)
    monkeypatch.setattr(nats_connection, "LET_GO_S_MAX", 0.2)
    async with hints_at(server.url) as (hints, heard):
        await until(lambda: hints.status.connected)
        server.freeze()
        try:
            await stuffed(hints, full)
            await until(lambda: not hints.status.connected)
        finally:
            server.thaw()
        await until(lambda: hints.status.reconnects > 0)
        assert len(heard) >= 2
    assert caplog.records == []


async def test_so_many_pings_may_be_unanswered_before_a_server_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nats_connection, "PING_S", 0.05)
    monkeypatch.setattr(nats_connection, "LET_GO_S_MAX", 0.2)
    served: list[asyncio.Task[None] | None] = []
    unanswered: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        unanswered.append(0)
        writer.write(b'INFO {"server_id": "x", "version": "2.11.0", "max_payload": 1024}\r\n')
        while line := await reader.readline():
            if line.startswith(b"PING"):
                if hints.status.connected:
                    unanswered[-1] += 1
                else:
                    writer.write(b"PONG\r\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with hints_at(f"nats://127.0.0.1:{port}") as (hints, _):
        await until(lambda: hints.status.reconnects == 1)
        assert unanswered[0] == nats_connection.PINGS_OPEN_MAX == 2
    listener.close()
    await asyncio.gather(*(task for task in served if task is not None))


async def stuffed(hints: NatsHints, full: bool) -> None:
    """Tell one hint; or so much that neither the machine nor nats-py takes more of it."""
    many = recorded([price(second=second) for second in range(700)])
    for _ in range(100 if full else 1):
        hints.tell("e", many)
        await asyncio.sleep(0)
    assert not full or hints.status.lost > 0


@pytest.mark.parametrize("full", [False, True])
async def test_closing_does_not_wait_for_a_server_that_hangs(
    server: Nats, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    monkeypatch.setattr(nats_hints, "CLOSE_S_MAX", 0.2)
    monkeypatch.setattr(nats_connection, "LET_GO_S_MAX", 0.2)
    async with hints_at(server.url) as (hints, _):
        await until(lambda: hints.status.connected)
        server.freeze()
        await stuffed(hints, full)
        async with asyncio.timeout(CLOSED_S_MAX):
            await hints.close()
    server.thaw()


async def test_closing_does_not_wait_for_a_server_that_does_not_let_us_in(server: Nats) -> None:
    server.freeze()
    async with hints_at(server.url) as (hints, _):
        await asyncio.sleep(0)
        hints.tell("e", EVENTS)
        assert hints.status.lost == 1
        async with asyncio.timeout(CLOSED_S_MAX):
            await hints.close()
    server.thaw()


async def test_each_outage_is_logged_once_and_without_tracebacks(
    server: Nats, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hint_connection, "RETRY_S_MAX", 0.1)
    tries = 0
    connect = nats_connection.Connection.open

    async def counted(connection: nats_connection.Connection) -> None:
        nonlocal tries
        tries += 1
        await connect(connection)

    monkeypatch.setattr(nats_connection.Connection, "open", counted)
    with capture_logs() as lines:
        async with hints_at(server.url) as (hints, _):
            for outage in range(2):
                await until(lambda: hints.status.connected)
                server.kill()
                await until(lambda: not hints.status.connected)
                before = tries
                await until(lambda before=before: tries > before + 4)  # type: ignore[misc]  # as above
                server.start()
                await until(lambda outage=outage: hints.status.reconnects == outage + 1)  # type: ignore[misc]  # as above
    said = [(line["log_level"], line["event"]) for line in lines]
    assert said == [("info", "hints_connected"), ("warning", "hints_lost")] * 2 + [
        ("info", "hints_connected")
    ]
    assert caplog.records == []
