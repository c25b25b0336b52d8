"""Whether a certificate and its key can be served with: told before the start, by the file that is at fault.

OpenSSL names neither the file nor, for most faults, a reason; so both are read here first. What reads
them is loaded only where there is a certificate.
"""

import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

WARN_DAYS: Final = 14
"""A certificate that ends within so many days is told of at the start."""

CERT: Final = "SYNAPSE_TLS_CERT"
KEY: Final = "SYNAPSE_TLS_KEY"


class _Unusable(Exception):
    """Why a file cannot be used."""


def problem_of(cert: Path, key: Path | None) -> str | None:
    """Why a certificate cannot be served with, in one line; None where it can.

    Args:
        cert: the file of the certificate, and of those between it and its authority.
        key: the file of its key; None where that is in the same file.
    """
    try:
        public = _certificate(cert).public_key()
        if _key(cert, key).public_key() != public:
            if key is None:
                return f"{CERT}: the key in {cert} is not that of the certificate in it"
            return f"{KEY}: {key} is not the key of {cert}"
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=str)
    except _Unusable as error:
        return str(error)
    except OSError as error:  # of which ssl.SSLError is one
        why = getattr(error, "reason", None) or error.strerror or "OpenSSL refuses it"
        return f"{CERT}: cannot serve by TLS with {cert}: {why}"
    return None


def warning_of(cert: Path, now: datetime) -> str | None:
    """One line on a usable certificate that has ended, or soon does; None where it is good for longer."""
    ends_at = _certificate(cert).not_valid_after_utc
    if ends_at - now > timedelta(days=WARN_DAYS):
        return None
    verb, then = ("ended", "clients refuse it") if ends_at <= now else ("ends", "renew it in time")
    return f"{CERT}: {cert} {verb} on {ends_at:%Y-%m-%d}: {then}, and restart after the renewal"


def _certificate(path: Path) -> "Certificate":
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(_read(CERT, path))[0]
    except ValueError:
        raise _Unusable(f"{CERT}: {path} is no PEM certificate") from None


def _key(cert: Path, key: Path | None) -> Any:
    """The private key, of whatever kind."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    name, path = (CERT, cert) if key is None else (KEY, key)
    try:
        return load_pem_private_key(_read(name, path), None)
    except TypeError:
        raise _Unusable(f"{name}: {path} is encrypted: give a key without a password") from None
    except (ValueError, UnsupportedAlgorithm):
        if key is None:
            raise _Unusable(f"{CERT} needs {KEY} beside it") from None
        raise _Unusable(f"{name}: {path} is no PEM key") from None


def _read(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Unusable(f"{name}: {path}: {error.strerror}") from None
