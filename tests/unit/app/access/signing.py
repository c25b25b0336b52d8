"""Signed tokens, right and wrong, and the keys for them: made once for a run; and a machine that is short of files."""

import json
import resource
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

SECRET: Final = "a secret of tests, 32 bytes and more"


def rsa_key(name: str = "one", bits: int = 2_048) -> RSAPrivateKey:
    """A key; the same for the same name."""
    return _made(name, bits)


@cache
def _made(_name: str, bits: int) -> RSAPrivateKey:
    return generate_private_key(65_537, bits)


def public_jwk(name: str = "one", bits: int = 2_048, **more: Any) -> dict[str, Any]:
    """The public half, as a JWKS file has it."""
    key = RSAAlgorithm.to_jwk(rsa_key(name, bits).public_key(), as_dict=True)
    return {**key, "kid": name, "use": "sig", **more}


def write_keys(path: Path, *keys: dict[str, Any]) -> Path:
    """A JWKS file."""
    path.write_text(json.dumps({"keys": keys}))
    return path


def claims(**more: Any) -> dict[str, Any]:
    """Those of a reader's token for the next minute; None leaves one out."""
    usual = {"sub": "reader", "exp": int(time.time()) + 60, "scope": "read"}
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


def hs256(secret: str = SECRET, headers: dict[str, Any] | None = None, **more: Any) -> str:
    """A token of a shared secret."""
    return jwt.encode(claims(**more), secret, "HS256", headers)


def rs256(name: str = "one", headers: dict[str, Any] | None = None, **more: Any) -> str:
    """A token of a key, which it names unless the headers say otherwise."""
    return jwt.encode(
        claims(**more), rsa_key(name), "RS256", {"kid": name} if headers is None else headers
    )


def part(value: bytes | dict[str, Any]) -> str:
    """One of a token's three parts."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """No file can be opened for the time of a block, as where too many are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
