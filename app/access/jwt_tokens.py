"""Tokens that others sign (JWT, RFC 7519): HS256 with a shared secret, RS256 with the keys of a JWKS file.

Which algorithm is right follows from the key that the operator gave, never from the token (RFC 8725, 3.1).
"""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import structlog
from pydantic import Field

from app.access.errors import JwtSetupError
from app.access.grant import Grant, Scope
from app.access.token_book import SIGNED
from events.catalog import Channel, Record

SECRET_BYTES_MIN: Final = 32
"""Of the secret of HS256: as long as its hash (RFC 7518, 3.2)."""

RSA_BITS_MIN: Final = 2_048
"""Of a key of RS256 (RFC 7518, 3.3)."""

TOKEN_CHARACTERS_MAX: Final = 4_096
"""Of a token; a longer one is not looked at."""

KEYS_AGAIN_S: Final = 10.0
"""The file of keys is looked at again when it was so long ago."""

_log = structlog.get_logger("access")


class Claims(Record):
    """What is read of a token; it may say more.

    Attributes:
        sub: whose it is.
        exp: when it ends, in seconds since 1970.
        scope: what it is for, separated by spaces (RFC 8693, 4.2).
        channels: what it covers; all, where it is left out.
        jti: what it is revoked by.
    """

    model_config = {"extra": "ignore"}

    sub: Annotated[str, Field(min_length=1, max_length=256)] = "jwt"
    exp: Annotated[float, Field(gt=0, le=32_503_680_000)]
    scope: Annotated[str, Field(max_length=256)]
    channels: list[Channel] = list(Channel)
    jti: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class JwtVerifier:
    """Checks tokens that others signed."""

    def __init__(
        self,
        clock_s: Callable[[], float],
        *,
        secret: str | None = None,
        keys: Path | None = None,
        issuer: str | None = None,
        audience: str | None = None,
    ) -> None:
        """`clock_s`: a steady clock. `secret` for HS256, `keys`, a JWKS file, for RS256; one of them or both.

        Raises:
            JwtSetupError: the secret is too short; the file cannot be read, or has no usable key.
        """
        if secret is not None and len(secret.encode()) < SECRET_BYTES_MIN:
            raise JwtSetupError(f"the secret of HS256 needs {SECRET_BYTES_MIN} bytes at least")
        self._secret = None if secret is None else _Key(secret, "HS256", secret.encode())
        self._path = keys
        self._keys = {} if keys is None else _read_keys(keys)
        self._clock_s = clock_s
        self._looked_at_s = clock_s()
        self._issuer = issuer
        self._audience = audience

    def find(self, token: str) -> Grant | None:
        """What a token allows; None for one that is not right, or over."""
        if len(token) > TOKEN_CHARACTERS_MAX or token.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(token)
            key = self._key_of(header)
            if key is None:
                return None
            payload = jwt.decode(
                token,
                key.value,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                # One that is for somebody else is refused also where we have no name (RFC 7519, 4.1.3).
                options={"require": ["exp"]},
            )
            return _grant(Claims.model_validate_json(json.dumps(payload)), key)
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            return None

    def stands(self, proof: str) -> bool:
        """Whether the key that a token was signed with is still one of those that count."""
        mark = proof.split(":")[1]
        keys = [*self._current_keys().values(), self._secret]
        return any(key is not None and key.mark == mark for key in keys)

    def _key_of(self, header: dict[str, Any]) -> "_Key | None":
        """The key that a token claims to be signed with, which is for one algorithm only."""
        if header.get("alg") == "HS256":
            return self._secret
        keys = self._current_keys()
        if "kid" not in header and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(str(header.get("kid")))

    def _current_keys(self) -> "dict[str, _Key]":
        now_s = self._clock_s()
        if self._path is not None and now_s - self._looked_at_s >= KEYS_AGAIN_S:
            self._looked_at_s = now_s
            try:
                self._keys = _read_keys(self._path)
            except JwtSetupError as error:
                # What was right a moment ago is right still; whoever changes keys is told.
                _log.error("jwt_keys_unreadable", problem=str(error))
        return self._keys


def _read_keys(path: Path) -> "dict[str, _Key]":
    try:
        found = jwt.PyJWKSet.from_json(path.read_text()).keys
    except OSError as error:
        raise JwtSetupError(f"{path} cannot be read: {error.strerror}") from None
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
        raise JwtSetupError(f"{path} is no JWKS file with RSA keys") from None
    keys = {
        str(one.key_id): one.key
        for one in found
        if one.key_type == "RSA" and one.public_key_use in {None, "sig"}
    }
    if not keys:
        raise JwtSetupError(f"{path} has no RSA key to check signatures with")
    if any(key.key_size < RSA_BITS_MIN for key in keys.values()):
        raise JwtSetupError(f"{path} has an RSA key of less than {RSA_BITS_MIN} bits")
    if any(not hasattr(key, "verify") for key in keys.values()):
        raise JwtSetupError(f"{path} has a private key: only public ones belong here")
    return {name: _Key(key, "RS256", _public_bytes(key)) for name, key in keys.items()}


def _public_bytes(key: Any) -> bytes:
    numbers = key.public_numbers()
    return f"{numbers.n}:{numbers.e}".encode()


class _Key:
    """A key, the one algorithm that it is for, and a mark that tells it from others and tells nothing else."""

    def __init__(self, value: Any, algorithm: str, identity: bytes) -> None:
        self.value = value
        self.algorithm = algorithm
        self.mark = hmac.digest(identity, b"synapse key mark", sha256).hex()[:16]


def _grant(claims: Claims, key: _Key) -> Grant:
    known = {scope.value: scope for scope in Scope}
    return Grant(
        name=claims.sub,
        # Other programs' scopes may stand beside ours.
        scopes=frozenset(known[word] for word in claims.scope.split() if word in known),
        channels=frozenset(claims.channels),
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
        proof=f"{SIGNED}:{key.mark}:{claims.jti or ''}",
    )
