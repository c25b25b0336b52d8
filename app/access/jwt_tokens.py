"""Tokens that others sign (JWT, RFC 7519): HS256 with a shared secret, RS256 with the keys of a JWKS file.

Which algorithm is right follows from the key that the operator gave, never from the token (RFC 8725, 3.1).
"""

import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import jwt
import structlog
from pydantic import Field

from app.access.errors import JwtSetupError, UnfitFileError
from app.access.files import WatchedFile
from app.access.grant import Grant, Scope
from app.access.token_book import SIGNED, TOKEN_CHARACTERS_MAX
from events.catalog import Channel, Record

SECRET_BYTES_MIN: Final = 32
"""Of the secret of HS256: as long as its hash (RFC 7518, 3.2)."""

RSA_BITS_MIN: Final = 2_048
"""Of a key of RS256 (RFC 7518, 3.3)."""

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
        *,
        secret: str | None = None,
        keys: Path | None = None,
        issuer: str | None = None,
        audience: str | None = None,
    ) -> None:
        """`secret` for HS256, `keys`, a JWKS file, for RS256; one of them or both.

        Raises:
            JwtSetupError: the secret is too short; the file cannot be read, or has no usable key.
        """
        if secret is not None and len(secret.encode()) < SECRET_BYTES_MIN:
            raise JwtSetupError(f"the secret of HS256 needs {SECRET_BYTES_MIN} bytes at least")
        self._secret = None if secret is None else _Key(secret, "HS256", secret.encode())
        self._file = None if keys is None else WatchedFile(keys)
        self._problem = ""
        self._keys: _Keys = {}
        if self._file is not None:
            try:
                self._keys = _read_keys(self._file) or {}
            except OSError as error:
                raise JwtSetupError(f"{keys} cannot be read: {error.strerror}") from None
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
        keys = [*self._keys.values(), self._secret]
        return any(key is not None and key.mark == mark for key in keys)

    def _key_of(self, header: dict[str, Any]) -> "_Key | None":
        """The key that a token claims to be signed with, which is for one algorithm only."""
        if header.get("alg") == "HS256":
            return self._secret
        keys = self._keys
        if "kid" not in header and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(header.get("kid"))

    def refresh(self) -> None:
        """Read the keys' file if it has changed; call it outside of the loop.

        One that is gone ends its keys. Of one that cannot be read or understood the old keys stay: what was right
        a moment ago is right still, and whoever changes keys is told.
        """
        if self._file is None:
            return
        try:
            found = _read_keys(self._file)
        except FileNotFoundError:
            self._keys = {}
            self._tell(f"{self._file.path} is gone", "its keys count no more")
        except OSError as error:
            self._tell(f"{self._file.path} cannot be read: {error.strerror}")
        except JwtSetupError as error:
            self._tell(str(error))
        else:
            if found is not None:
                self._keys, self._problem = found, ""
                _log.info("jwt_keys_read", keys=len(found))

    def _tell(self, problem: str, consequence: str = "the keys stay as they were") -> None:
        if problem != self._problem:
            self._problem = problem
            _log.error("jwt_keys_unreadable", problem=problem, consequence=consequence)


def _read_keys(file: WatchedFile) -> "_Keys | None":
    """The keys of a file that has changed; None of one that has not.

    Raises:
        OSError: it cannot be read.
        JwtSetupError: it holds something else.
    """
    path = file.path
    try:
        data = file.news()
        if data is None:
            return None
        found = jwt.PyJWKSet.from_json(data.decode()).keys
    except UnfitFileError as error:
        raise JwtSetupError(str(error)) from None
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise JwtSetupError(f"{path} is no JWKS file with RSA keys") from None
    usable = [one for one in found if one.key_type == "RSA" and one.public_key_use in {None, "sig"}]
    keys = {None if one.key_id is None else str(one.key_id): one.key for one in usable}
    if len(keys) < len(usable):
        raise JwtSetupError(f"{path} has two keys with the same 'kid', or without one")
    if not keys:
        raise JwtSetupError(f"{path} has no RSA key to check signatures with")
    if any(key.key_size < RSA_BITS_MIN for key in keys.values()):
        raise JwtSetupError(f"{path} has an RSA key of less than {RSA_BITS_MIN} bits")
    if any(not hasattr(key, "verify") for key in keys.values()):
        raise JwtSetupError(f"{path} has a private key: only public ones belong here")
    return {name: _Key(key, "RS256", _public_bytes(key)) for name, key in keys.items()}


_Keys = dict[str | None, "_Key"]
"""By their `kid`; of one key at most it is None."""


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
