"""Checkpoint files of a log: written once, and checked whenever the log is proven again."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from events.checkpoint import (
    BrokenCheckpoint,
    Checkpoint,
    CheckpointError,
    compare,
    load_or_make_key,
    load_public_key,
    read_checkpoint,
    sign,
)
from events.store import EventStore
from events.verify_report import VerifyReport

WRITTEN: Final = "written"
CHECKED: Final = "checked"
NOT_WRITTEN: Final = "not written"


@dataclass(frozen=True, slots=True)
class CheckpointOutcome:
    """What became of a checkpoint.

    Attributes:
        ok: it was written, or the log still contains it.
        action: `written`, `checked` or `not written`.
        text: what was found, in one line.
    """

    ok: bool
    action: str
    text: str


def key_of(path: Path, key: Path | None) -> Path:
    """The key's file: the one that was named, or the one beside the checkpoint."""
    return key or path.with_name(path.name + ".key")


def load(path: Path, key: Path) -> Checkpoint | None:
    """A checkpoint, its signature proven; None when there is no such file yet.

    Raises:
        BrokenCheckpoint: it is not to be believed.
        CheckpointError: the key that it is to be checked with is missing, or is no key.
        OSError: a file cannot be read.
    """
    if not path.exists():
        return None
    if not key.exists():
        raise CheckpointError(f"{key} does not exist: name the key of {path} with --key")
    public_key = load_public_key(key)
    try:
        return read_checkpoint(path.read_bytes(), public_key)
    except BrokenCheckpoint as error:
        raise BrokenCheckpoint(f"{path}: {error}") from None


def write(report: VerifyReport, path: Path, key: Path) -> CheckpointOutcome:
    """Sign the head of a log that was just proven; the key is made when it is missing.

    Raises:
        CheckpointError: the key's file holds no private key.
        OSError: a file cannot be written.
    """
    if not report.ok or report.head is None:
        return CheckpointOutcome(False, NOT_WRITTEN, "a log that is not proven is not signed")
    text = sign(report.head, load_or_make_key(key))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return CheckpointOutcome(True, WRITTEN, f"{path}: position {report.head.position}, key {key}")


async def check(
    checkpoint: Checkpoint, report: VerifyReport, store: EventStore
) -> CheckpointOutcome:
    """Whether a log that was just read through still contains a signed head."""
    signed = checkpoint.head
    if report.head is None:
        return CheckpointOutcome(False, CHECKED, "the log's head cannot be read")
    there = await store.read_at([signed.position]) if signed.position else []
    # Before the first event the hash is what was signed, or the checkpoint is not of a log.
    hash_there = there[0].hash if there else signed.hash if not signed.position else None
    against = compare(checkpoint, report.head, hash_there)
    if against is not None:
        return CheckpointOutcome(False, CHECKED, against)
    return CheckpointOutcome(
        True, CHECKED, f"the log contains the signed head, position {signed.position}"
    )
