"""A signed head is believed only as it was signed, and says against which log it holds."""

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from events.checkpoint import (
    BrokenCheckpoint,
    CheckpointError,
    compare,
    load_or_make_key,
    load_public_key,
    read_checkpoint,
    sign,
)
from events.envelope import Head

HEAD = Head("an-epoch", 19_309, bytes(range(32)), 1_768_564_800_123_456)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    load_or_make_key(tmp_path / "key")
    return tmp_path / "key"


def signed(key_file: Path, head: Head = HEAD) -> bytes:
    return sign(head, load_or_make_key(key_file))


def test_what_was_signed_is_read_again(key_file: Path) -> None:
    checkpoint = read_checkpoint(signed(key_file), load_public_key(key_file))
    assert checkpoint.head == HEAD
    assert checkpoint.public_key == load_public_key(key_file)


def test_the_file_is_json_that_people_can_read(key_file: Path) -> None:
    fields = json.loads(signed(key_file))
    assert fields["position"] == 19_309
    assert fields["hash"] == HEAD.hash.hex()
    assert fields["recorded_at"] == "2026-01-16T12:00:00.123456Z"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_a_new_key_is_for_its_owner_alone_and_is_kept(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_bytes()
    load_or_make_key(key_file)
    assert key_file.read_bytes() == before


def test_any_changed_byte_of_a_checkpoint_is_seen(key_file: Path) -> None:
    text, public_key = signed(key_file), load_public_key(key_file)
    for place in range(len(text)):
        altered = text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :]
        with pytest.raises(BrokenCheckpoint):
            assert read_checkpoint(altered, public_key).head == HEAD


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epoch", "another"),
        ("position", 1),
        ("hash", "00" * 32),
        ("recorded_at", "2026-01-16T12:00:00Z"),
    ],
)
def test_a_changed_field_is_seen(key_file: Path, field: str, value: object) -> None:
    fields = json.loads(signed(key_file))
    assert fields[field] != value
    text = json.dumps({**fields, field: value}).encode()
    with pytest.raises(BrokenCheckpoint, match="it was altered"):
        read_checkpoint(text, load_public_key(key_file))


def test_a_checkpoint_of_another_key_is_not_believed(key_file: Path, tmp_path: Path) -> None:
    forged = signed(tmp_path / "other")
    with pytest.raises(BrokenCheckpoint, match="another key"):
        read_checkpoint(forged, load_public_key(key_file))


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff", b'{"position": "1"}']
)
def test_other_files_are_no_checkpoints(key_file: Path, text: bytes) -> None:
    with pytest.raises(BrokenCheckpoint, match="no checkpoint file"):
        read_checkpoint(text, load_public_key(key_file))


def test_an_unknown_format_is_told(key_file: Path) -> None:
    fields = {**json.loads(signed(key_file)), "format": "synapse-checkpoint-9"}
    with pytest.raises(BrokenCheckpoint, match="synapse-checkpoint-9 is not known"):
        read_checkpoint(json.dumps(fields).encode(), load_public_key(key_file))


def test_who_only_checks_needs_only_the_public_key(key_file: Path, tmp_path: Path) -> None:
    public = load_or_make_key(key_file).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public").write_bytes(pem)
    raw = load_public_key(tmp_path / "public")
    assert read_checkpoint(signed(key_file), raw).head == HEAD
    with pytest.raises(CheckpointError, match="no Ed25519 private key"):
        load_or_make_key(tmp_path / "public")


def test_files_that_are_no_keys_are_told(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    elliptic = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"text", elliptic):
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(CheckpointError, match="no Ed25519"):
            load_or_make_key(tmp_path / "key")
        with pytest.raises(CheckpointError, match="no Ed25519"):
            load_public_key(tmp_path / "key")


def test_a_log_is_compared_with_what_was_signed(key_file: Path) -> None:
    checkpoint = read_checkpoint(signed(key_file), load_public_key(key_file))
    longer = replace(HEAD, position=20_000, hash=bytes(32))
    assert compare(checkpoint, HEAD, HEAD.hash) is None
    assert compare(checkpoint, longer, HEAD.hash) is None
    cases = {
        "altered": (longer, bytes(32)),
        "shorter": (replace(HEAD, position=19_308), None),
        "another lifetime": (replace(longer, epoch="e"), HEAD.hash),
    }
    for word, (head, hash_there) in cases.items():
        said = compare(checkpoint, head, hash_there)
        assert said is not None
        assert said.startswith(word)
