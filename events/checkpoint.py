"""A signed head: proof, kept outside the log, of what the log was at one moment.

The chain shows that a log is consistent; only something that is kept elsewhere can show that it is the same
log, and no shorter. A checkpoint is a small JSON file: epoch, position, hash and commit time of a head,
signed with Ed25519 over their canonical JSON (RFC 8785).
"""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from events.envelope import Head
from events.errors import EventError
from events.scalars import format_micros, parse_time, to_micros

FORMAT: Final = "synapse-checkpoint-1"
FIELDS: Final = frozenset({"format", "epoch", "position", "hash", "recorded_at", "public_key"})


class CheckpointError(EventError):
    """A checkpoint or key file that cannot be used."""

    code = "checkpoint_unusable"


class BrokenCheckpoint(CheckpointError):
    """A checkpoint that is not to be believed: altered, or signed by somebody else."""

    code = "checkpoint_broken"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint file says, its signature proven.

    Attributes:
        head: the signed head.
        public_key: who signed, 32 bytes.
    """

    head: Head
    public_key: bytes


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """The signing key of a PEM file, which is made with mode 0600 when it is missing.

    Raises:
        CheckpointError: the file holds no Ed25519 private key.
        OSError: it cannot be read or written.
    """
    try:
        return _private_key(path.read_bytes(), path)
    except FileNotFoundError:
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        return key


def load_public_key(path: Path) -> bytes:
    """The public key, 32 bytes, of a PEM file that holds it or the private one.

    Raises:
        CheckpointError: the file holds neither.
        OSError: it cannot be read.
    """
    pem = path.read_bytes()
    if b"PRIVATE KEY" in pem:
        return _private_key(pem, path).public_key().public_bytes_raw()
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise CheckpointError(f"{path} holds no Ed25519 key")
    return key.public_bytes_raw()


def _private_key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise CheckpointError(f"{path} holds no Ed25519 private key (PEM, without a password)")
    return key


def sign(head: Head, key: Ed25519PrivateKey) -> bytes:
    """The text of a checkpoint file."""
    fields: dict[str, Any] = {
        "format": FORMAT,
        "epoch": head.epoch,
        "position": head.position,
        "hash": head.hash.hex(),
        "recorded_at": format_micros(head.recorded_at_us),
        "public_key": _text(key.public_key().public_bytes_raw()),
    }
    signed = {**fields, "signature": _text(key.sign(rfc8785.dumps(fields)))}
    return orjson.dumps(signed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_checkpoint(text: bytes, public_key: bytes) -> Checkpoint:
    """What a checkpoint file says.

    Args:
        text: the file's content.
        public_key: whose signature is believed; the one in the file is only compared with it.

    Raises:
        BrokenCheckpoint: it is no checkpoint, signed by another key, or altered.
    """
    fields = _fields(text)
    signature = _raw(fields.pop("signature"))
    signer = _raw(fields["public_key"])
    if signer != public_key:
        raise BrokenCheckpoint("the checkpoint is signed with another key")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, rfc8785.dumps(fields))
    except InvalidSignature:
        raise BrokenCheckpoint("the checkpoint's signature does not fit: it was altered") from None
    hash_, recorded_at = bytes.fromhex(fields["hash"]), parse_time(fields["recorded_at"])
    head = Head(fields["epoch"], fields["position"], hash_, to_micros(recorded_at))
    return Checkpoint(head, signer)


def _fields(text: bytes) -> dict[str, Any]:
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict) or set(fields) != FIELDS | {"signature"}:
        raise BrokenCheckpoint("that is no checkpoint file")
    texts = [value for name, value in fields.items() if name != "position"]
    if not all(isinstance(value, str) for value in texts) or type(fields["position"]) is not int:
        raise BrokenCheckpoint("that is no checkpoint file")
    if fields["format"] != FORMAT:
        raise BrokenCheckpoint(f"a checkpoint of format {fields['format']} is not known here")
    return fields


def compare(checkpoint: Checkpoint, head: Head, hash_there: bytes | None) -> str | None:
    """What speaks against the log still containing a signed head; None when it does.

    Args:
        checkpoint: what was signed.
        head: the log's head, of a log that was proven.
        hash_there: the hash at the signed position in the log; None when it has no such event.
    """
    signed = checkpoint.head
    if signed.epoch != head.epoch:
        return (
            f"another lifetime of the log: its epoch is {head.epoch}, "
            f"the checkpoint is of {signed.epoch} (a restored log begins a new one)"
        )
    if signed.position > head.position:
        return f"shorter: the log ends at {head.position}, the checkpoint is of {signed.position}"
    if hash_there != signed.hash:
        return f"altered: position {signed.position} has another hash than was signed"
    return None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise BrokenCheckpoint("that is no checkpoint file") from None
