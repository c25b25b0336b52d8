"""A certificate that cannot be served with is told with the file that is at fault; one that ends, with its day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from app.certificate import WARN_DAYS, problem_of, warning_of
from app.serving import CannotServe, Wire

ENDS_AT = datetime(2027, 3, 1, 12, tzinfo=UTC)


def certificate_of(key: EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "synapse")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ENDS_AT - timedelta(days=90))
        .not_valid_after(ENDS_AT)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def pem_of(key: EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    how: KeySerializationEncryption = NoEncryption()
    if password is not None:
        how = BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own, other = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    cert = certificate_of(own)
    for name, data in {
        "cert.pem": cert,
        "key.pem": pem_of(own),
        "key2.pem": pem_of(other),
        "locked.pem": pem_of(own, b"a password"),
        "both.pem": cert + pem_of(own),
        "mixed.pem": pem_of(other) + cert,
        "both-locked.pem": cert + pem_of(own, b"a password"),
        "text.pem": b"\xff no PEM\n",
        "empty.pem": b"",
    }.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("cert.pem", "key.pem", None),
        ("both.pem", None, None),
        ("both.pem", "key.pem", None),
        ("cert.pem", None, "SYNAPSE_TLS_CERT needs SYNAPSE_TLS_KEY beside it"),
        ("cert.pem", "key2.pem", "SYNAPSE_TLS_KEY: key2.pem is not the key of cert.pem"),
        (
            "mixed.pem",
            None,
            "SYNAPSE_TLS_CERT: the key in mixed.pem is not that of the certificate in it",
        ),
        (
            "cert.pem",
            "locked.pem",
            "SYNAPSE_TLS_KEY: locked.pem is encrypted: give a key without a password",
        ),
        (
            "both-locked.pem",
            None,
            "SYNAPSE_TLS_CERT: both-locked.pem is encrypted: give a key without a password",
        ),
        ("cert.pem", "text.pem", "SYNAPSE_TLS_KEY: text.pem is no PEM key"),
        ("cert.pem", "cert.pem", "SYNAPSE_TLS_KEY: cert.pem is no PEM key"),
        ("text.pem", "key.pem", "SYNAPSE_TLS_CERT: text.pem is no PEM certificate"),
        ("empty.pem", "key.pem", "SYNAPSE_TLS_CERT: empty.pem is no PEM certificate"),
        ("key.pem", "cert.pem", "SYNAPSE_TLS_CERT: key.pem is no PEM certificate"),
        ("none.pem", "key.pem", "SYNAPSE_TLS_CERT: none.pem: No such file or directory"),
        ("cert.pem", "none.pem", "SYNAPSE_TLS_KEY: none.pem: No such file or directory"),
        ("cert.pem", ".", "SYNAPSE_TLS_KEY: .: Is a directory"),
    ],
)
def test_the_file_at_fault_is_named(cert: str, key: str | None, says: str | None) -> None:
    assert problem_of(Path(cert), None if key is None else Path(key)) == says


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (timedelta(days=WARN_DAYS, seconds=1), None),
        (timedelta(days=WARN_DAYS), "ends on 2027-03-01"),
        (timedelta(0), "ended on 2027-03-01"),
        (timedelta(days=-100), "ended on 2027-03-01"),
    ],
)
def test_one_that_ends_is_told_with_its_day(
    folder: Path, before: timedelta, says: str | None
) -> None:
    said = warning_of(folder / "cert.pem", ENDS_AT - before)
    assert (said is None) == (says is None)
    assert says is None or says in str(said)


def test_the_wire_refuses_and_warns(folder: Path) -> None:
    Wire(folder / "cert.pem", folder / "key.pem").check()
    with pytest.raises(CannotServe, match=r"key2\.pem is not the key"):
        Wire(folder / "cert.pem", folder / "key2.pem").check()
    with pytest.raises(CannotServe, match="needs SYNAPSE_TLS_CERT"):
        Wire(None, folder / "key.pem").check()
    assert Wire().warnings(ENDS_AT) == []
    assert len(Wire(folder / "cert.pem").warnings(ENDS_AT)) == 1
