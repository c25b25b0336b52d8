"""Beyond this machine a server starts only with TLS or a proxy; with TLS it speaks nothing else, page to socket."""

# covers: app.access.exposure, app.serving

import asyncio
import re
import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from websockets.asyncio.client import connect

from tests.integration.programs import Running, run_cli
from tests.integration.served import PATIENCE_S, TOKEN, receive_until, subscribe

AUTHORISED: Final = {"Authorization": f"Bearer {TOKEN}"}
LINK: Final = re.compile(r"Synapse is at https://127\.0\.0\.1:([0-9]+)/ ")


class Tls(NamedTuple):
    """A certificate of this machine's own making."""

    cert: Path
    key: Path

    def settings(self) -> dict[str, str]:
        return {"SYNAPSE_TLS_CERT": str(self.cert), "SYNAPSE_TLS_KEY": str(self.key)}

    def context(self) -> ssl.SSLContext:
        """What a client trusts: this certificate."""
        return ssl.create_default_context(cafile=str(self.cert))


def make_tls(folder: Path, name: str = "own", password: bytes | None = None) -> Tls:
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "synapse")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, SHA256())
    )
    made = Tls(folder / f"{name}.crt", folder / f"{name}.key")
    made.cert.write_bytes(cert.public_bytes(Encoding.PEM))
    how: KeySerializationEncryption = NoEncryption()
    if password is not None:
        how = BestAvailableEncryption(password)
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    return made


# --- what does not start ------------------------------------------------------------------------


def refusal(folder: Path, env: Mapping[str, str], *more: str) -> str:
    """The one line of a server that does not start."""
    done = run_cli("serve", "--port", "0", "--no-browser", *more, folder=folder, env=env)
    assert done.returncode == 2, done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert not (folder / "synapse.db").exists(), "nothing was made"
    return lines[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_in_the_clear_it_does_not_listen_beyond_this_machine(tmp_path: Path, host: str) -> None:
    told = refusal(tmp_path, {"SYNAPSE_HOST": host})
    assert "SYNAPSE_TLS_CERT" in told
    assert "SYNAPSE_TRUSTED_PROXIES" in told


def test_with_open_reading_it_does_not_either(tmp_path: Path) -> None:
    env = {"SYNAPSE_HOST": "0.0.0.0", "SYNAPSE_READ": "open", **make_tls(tmp_path).settings()}
    assert "SYNAPSE_READ" in refusal(tmp_path, env)


@pytest.mark.parametrize("case", ["no file", "no key", "another's key", "locked", "key alone"])
def test_a_certificate_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, case: str) -> None:
    own, other = make_tls(tmp_path), make_tls(tmp_path, "other", b"secret-password")
    env = (
        own.settings()
        | {
            "no file": {"SYNAPSE_TLS_CERT": str(tmp_path / "none.crt")},
            "no key": {"SYNAPSE_TLS_KEY": str(own.cert)},
            "another's key": {"SYNAPSE_TLS_KEY": str(make_tls(tmp_path, "third").key)},
            "locked": {"SYNAPSE_TLS_CERT": str(other.cert), "SYNAPSE_TLS_KEY": str(other.key)},
            "key alone": {},
        }[case]
    )
    if case == "key alone":
        del env["SYNAPSE_TLS_CERT"]
    told = refusal(tmp_path, env)
    at_fault = {
        "no file": "SYNAPSE_TLS_CERT: ",
        "no key": f"SYNAPSE_TLS_KEY: {own.cert} is no PEM key",
        "another's key": "SYNAPSE_TLS_KEY: ",
        "locked": f"SYNAPSE_TLS_KEY: {other.key} is encrypted",
        "key alone": "SYNAPSE_TLS_KEY needs SYNAPSE_TLS_CERT",
    }[case]
    assert told.startswith(f"synapse: {at_fault}")
    assert "secret-password" not in told


def test_not_everybody_is_a_proxy(tmp_path: Path) -> None:
    done = run_cli(
        "serve", "--port", "0", folder=tmp_path, env={"SYNAPSE_TRUSTED_PROXIES": "0.0.0.0/0"}
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


# --- with TLS -----------------------------------------------------------------------------------


class Exposed(NamedTuple):
    """A server beyond this machine, as seen from it."""

    port: int
    tls: ssl.SSLContext

    def get(self, path: str, **headers: str) -> httpx.Response:
        with httpx.Client(verify=self.tls, timeout=PATIENCE_S) as http:
            return http.get(f"https://127.0.0.1:{self.port}{path}", headers=headers)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exposed]:
    folder = tmp_path_factory.mktemp("exposed")
    tls = make_tls(folder)
    env = {"SYNAPSE_HOST": "0.0.0.0", "SYNAPSE_TOKEN": TOKEN, **tls.settings()}
    with Running("serve", "--port", "0", "--no-browser", folder=folder, env=env) as program:
        program.wait_for(lambda: LINK.search(program.stderr) is not None)
        found = LINK.search(program.stderr)
        assert found is not None
        yield Exposed(int(found[1]), tls.context())


def test_the_page_and_reading_come_by_tls(exposed: Exposed) -> None:
    page = exposed.get("/")
    assert page.status_code == 200
    assert "strict-transport-security" in page.headers
    assert exposed.get("/api/state").status_code == 401
    assert exposed.get("/api/state", **AUTHORISED).status_code == 200


def test_a_cookie_goes_by_tls_only(exposed: Exposed) -> None:
    url = f"https://127.0.0.1:{exposed.port}"
    with httpx.Client(verify=exposed.tls, timeout=PATIENCE_S) as http:
        answer = http.post(f"{url}/api/session", json={"token": TOKEN})
        assert {"Secure", "HttpOnly"} <= set(answer.headers["set-cookie"].split("; "))
        body = {"symbol": "TLS", "regime": "BULL"}
        for origin, status in ((url, 200), (url.replace("https", "http"), 403)):
            answer = http.post(f"{url}/api/broadcast/regime", json=body, headers={"Origin": origin})
            assert answer.status_code == status


@pytest.mark.parametrize("path", ["/ws/synapse", "/ws/replay"])
async def test_sockets_come_by_tls(exposed: Exposed, path: str) -> None:
    url = f"wss://127.0.0.1:{exposed.port}{path}"
    own, evil = f"https://127.0.0.1:{exposed.port}", f"http://127.0.0.1:{exposed.port}"
    async with connect(
        url, ssl=exposed.tls, additional_headers={**AUTHORISED, "Origin": own}
    ) as client:
        if path == "/ws/synapse":
            await client.send(subscribe("prices"))
            assert await receive_until(client, "caught_up")
    refused = await asyncio.gather(
        connect(url, ssl=exposed.tls, additional_headers={**AUTHORISED, "Origin": evil}),
        return_exceptions=True,
    )
    assert "403" in str(refused[0])


def test_a_stream_comes_by_tls(exposed: Exposed) -> None:
    with (
        httpx.Client(verify=exposed.tls, timeout=PATIENCE_S) as http,
        http.stream(
            "GET", f"https://127.0.0.1:{exposed.port}/api/stream", headers=AUTHORISED
        ) as answer,
    ):
        assert answer.status_code == 200
        assert "retry:" in next(answer.iter_text())


def test_it_says_nothing_in_the_clear(exposed: Exposed) -> None:
    with socket.create_connection(("127.0.0.1", exposed.port), PATIENCE_S) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            said = wire.recv(65_536)
        except ConnectionResetError:
            said = b""
    assert b"HTTP" not in said


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"])
def test_old_versions_of_tls_are_refused(exposed: Exposed, version: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        one = ssl.TLSVersion[version]
        context.minimum_version = context.maximum_version = one
    with socket.create_connection(("127.0.0.1", exposed.port), PATIENCE_S) as wire:
        if version in {"TLSv1", "TLSv1_1"}:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(wire)
        else:
            with context.wrap_socket(wire) as secure:
                cipher = secure.cipher()
                assert cipher is not None
                assert any(kind in cipher[0] for kind in ("GCM", "CHACHA20"))


# --- proxies ------------------------------------------------------------------------------------


def test_a_declared_proxy_is_believed_and_nobody_else_of_the_network(tmp_path: Path) -> None:
    env = {
        "SYNAPSE_HOST": "0.0.0.0",
        "SYNAPSE_TOKEN": TOKEN,
        "SYNAPSE_TRUSTED_PROXIES": "127.0.0.3,10.0.0.0/8",
    }
    cases = {("127.0.0.3", "https"): True, ("127.0.0.3", "http"): False}
    cases |= {("127.0.0.2", "https"): False, ("127.0.0.1", "https"): True}
    with Running("serve", "--port", "0", "--no-browser", folder=tmp_path, env=env) as program:
        url = program.url()
        for (address, scheme), is_secure in cases.items():
            way = httpx.HTTPTransport(local_address=address)
            with httpx.Client(base_url=url, transport=way, timeout=PATIENCE_S) as http:
                headers = {"X-Forwarded-Proto": scheme}
                answer = http.post("/api/session", json={"token": TOKEN}, headers=headers)
                assert answer.status_code == (200 if is_secure else 403), (address, scheme)
                cookie = answer.headers.get("set-cookie", "").split("; ")
                assert ("Secure" in cookie) == is_secure, (address, scheme)
                http.cookies.clear()
                refused = http.get("/api/state", headers=headers)
                code = "unauthorised" if is_secure else "tls_required"
                assert refused.json()["code"] == code, (address, scheme)
