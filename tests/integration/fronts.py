"""Reverse proxies before a server, as deploy/ configures them: the same files, with this test's ports and certificate."""

import datetime
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.programs import ROOT
from tests.integration.served import PATIENCE_S
from tests.ports import free_port
from tests.waiting import eventually

NAME: Final = "synapse.example.org"
DEPLOY: Final = ROOT / "deploy"
SHORT: Final = "1s"
"""What the deadlines are here, so that no test waits as long as an operator would."""


@dataclass(frozen=True)
class Front:
    """A proxy that runs.

    Attributes:
        port: where it speaks TLS.
        plain_port: where it only says so.
        trust: what believes its certificate.
    """

    port: int
    plain_port: int
    trust: ssl.SSLContext

    def reach(self) -> socket.socket:
        """A connection on which TLS may begin."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)

    def open(self, name: str = NAME) -> ssl.SSLSocket:
        """A connection by TLS, to a name."""
        return self.trust.wrap_socket(self.reach(), server_hostname=name)


@dataclass(frozen=True)
class _Place:
    folder: Path
    ports: tuple[int, int]
    upstream: str

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """The text with some places of it changed.

    Raises:
        AssertionError: one of them is not there, so the file does not say what it should.
    """
    for pattern, new in pairs:
        text, count = re.subn(pattern, new, text)
        assert count, f"{pattern} is not in the configuration"
    return text


def _nginx(place: _Place, program: str) -> tuple[list[str], list[str]]:
    plain, secure = place.ports
    site = replaced(
        (DEPLOY / "nginx.conf").read_text("utf-8"),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        (r"/etc/ssl/synapse/", f"{place.folder}/"),
        (r"127\.0\.0\.1:8000", place.upstream),
        (r"client_header_timeout 10s", f"client_header_timeout {SHORT}"),
    )
    temporary = "".join(
        f"{kind}_temp_path {place.folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = place.write(
        "whole.conf",
        f"daemon off;\npid {place.folder}/pid;\nerror_log stderr;\n"
        + ("user root;\n" if os.geteuid() == 0 else "")
        + "events { worker_connections 256; }\n"
        + f"http {{\naccess_log off;\n{temporary}include {place.write('site.conf', site)};\n}}\n",
    )
    command = [program, "-e", "stderr", "-c", whole]
    return command, [*command, "-t"]


def _caddy(place: _Place, program: str) -> tuple[list[str], list[str]]:
    plain, secure = place.ports
    keys = f"tls {place.folder}/fullchain.pem {place.folder}/privkey.pem"
    text = replaced(
        (DEPLOY / "Caddyfile").read_text("utf-8"),
        (r"\n\{\n", f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n"),
        (rf"\n{re.escape(NAME)} \{{", f"\n{NAME} {{\n\t{keys}"),
        (r"127\.0\.0\.1:8000", place.upstream),
        (r"read_header 10s", f"read_header {SHORT}"),
        (r"read_body 30s", f"read_body {SHORT}"),
        (r"grace_period 10s", f"grace_period {SHORT}"),
    )
    file = ["--config", place.write("Caddyfile", text), "--adapter", "caddyfile"]
    return [program, "run", *file], [program, "validate", *file]


def _balancer(place: _Place, program: str) -> tuple[list[str], list[str]]:
    plain, secure = place.ports
    keys = f"tls {place.folder}/fullchain.pem {place.folder}/privkey.pem"
    text = replaced(
        (DEPLOY / "compose" / "Caddyfile").read_text("utf-8"),
        (r"\n\{\n", f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n"),
        (r"\n\{\$HOST_NAME\} \{", f"\n{NAME} {{\n\t{keys}"),
        (r"\{\$NODES\}", place.upstream),
        (r"grace_period 10s", f"grace_period {SHORT}"),
    )
    file = ["--config", place.write("Caddyfile", text), "--adapter", "caddyfile"]
    return [program, "run", *file], [program, "validate", *file]


_KINDS: Final[dict[str, Callable[[_Place, str], tuple[list[str], list[str]]]]] = {
    "nginx": _nginx,
    "caddy": _caddy,
    "balancer": _balancer,
}


def program_of(kind: str) -> str | None:
    """The proxy's program; Debian keeps nginx where only root looks."""
    return shutil.which(kind, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@contextmanager
def front(kind: str, program: str, upstream: str) -> Iterator[Front]:
    """Run a proxy before a server at host:port `upstream`; a balancer before several, with spaces between."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, secure = free_port(), free_port()
        trust = certificate(folder)
        command, check = _KINDS[kind](_Place(folder, (plain, secure), upstream), program)
        env = os.environ | {"HOME": name, "XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name}
        done = subprocess.run(check, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        with (folder / "said").open("w") as said:
            process = subprocess.Popen(command, env=env, stdout=said, stderr=said)
        try:
            eventually(lambda: is_open(secure) and is_open(plain))
            assert process.poll() is None, (folder / "said").read_text()
            yield Front(secure, plain, trust)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def certificate(folder: Path) -> ssl.SSLContext:
    """Make `fullchain.pem` and `privkey.pem` for `NAME`; returns what believes them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return ssl.create_default_context(cafile=str(chain))
